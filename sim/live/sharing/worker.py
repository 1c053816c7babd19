"""One process's share of a run: the organisations that it has, through warm-up, window and drain, and their folding."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import Final

import gevent
import msgspec
from gevent.event import Event
from gevent.lock import Semaphore

from sim.actors import Organisation
from sim.checks import Partials, generator, observe
from sim.checks.folded import Folded
from sim.history import History
from sim.live.figures.health import Health
from sim.live.figures.tally import Tally
from sim.live.sharing.organisation import LiveOrganisation
from sim.live.sharing.plan import Plan
from sim.live.wire.open_files import shortage
from sim.schedule import LEAD_NS, Stay
from sim.stats import Histogram

_READS_AT_ONCE: Final = 20
_WAIT_POLL_S: Final = 0.5
_TARGET_LOST_AFTER_NS: Final = 3_000_000_000
"""A target that refuses every connection for so long is lost; a restart is quicker."""

_COLLECT_AFTER: Final = (5_000, 10, 10)
"""What is new since the freeze is little, and is looked through often: a closed socket leaves a cycle of 20 kB."""


class WarmupError(Exception):
    """An organisation could not be made ready; the text says why."""


@dataclass(slots=True)
class Hosted:
    """A stay that this worker has."""

    number: int
    stay: Stay
    organisation: LiveOrganisation
    closing: Event = field(default_factory=Event)
    """Set when its time is up: from here on it only settles."""
    over: Event = field(default_factory=Event)
    """Set when it is over and folded, or given back."""
    is_ready: bool = False
    is_started: bool = False

    @property
    def actor(self) -> Organisation:
        """The organisation itself."""
        return self.organisation.actor


class Worker:
    """`prepare` blocks the greenlets of its users; everything else is called by its share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = Tally()
        self.health = Health(plan.scenario.generator)
        self.workers = 1
        """How many share the work, this one included."""
        self.origin_ns = 0
        """The run clock's zero on this machine's monotonic clock; 0 before it is known."""
        self._hosted: dict[int, Hosted] = {}
        self._kept: list[History] = []
        self._folded = Folded(plan.window_ns, plan.bucket_ns)
        self._lateness = Histogram()
        self._readers = Semaphore(_READS_AT_ONCE)
        self._next_mount_ns = 0
        self._sockets = 0

    @property
    def run_clock_ns(self) -> int:
        """Time since the window began, negative before; -LEAD_NS while that is not known."""
        return monotonic_ns() - self.origin_ns if self.origin_ns else -LEAD_NS

    @property
    def folded_until_ns(self) -> int:
        """Run clock: what its organisations did until then has been folded; 0 while something of all is missing."""
        return min((max(0, hosted.actor.folded_until_ns) for hosted in self._hosted.values()), default=0)

    def prepare(self, number: int, stay: Stay) -> Hosted:
        """Make an organisation ready: read its state, bring its machines to their states, open its dashboards.

        Blocks the calling greenlet. Raises `WarmupError`.
        """
        fold = None if self.plan.keep_history else self._fold
        hosted = Hosted(number, stay, LiveOrganisation(stay, self.plan, self.tally, fold))
        self._hosted[number] = hosted
        timeout_s = self.plan.scenario.warmup.timeout_s
        name = f"organisation {stay.organisation}"
        problems: list[str] = []
        read, aligned = Event(), Event()

        def learned(problem: str) -> None:
            problems.append(problem)
            read.set()

        with self._readers:
            hosted.organisation.read_state(learned)
            self._wait(read, timeout_s, f"{name}: its machines could not be read")
        if problems[0]:
            raise WarmupError(problems[0])
        hosted.actor.align(aligned.set)
        self._wait(aligned, timeout_s, f"{name}: its machines did not reach their states")
        self._mount_all(hosted.actor, timeout_s)
        hosted.is_ready = True
        if self.origin_ns:
            self._start(hosted)
        return hosted

    def give_up(self, number: int) -> bool:
        """Close an organisation that has not begun, and forget it; False if it has begun and stays."""
        hosted = self._hosted.get(number)
        if hosted is None or hosted.is_started:
            return False
        del self._hosted[number]
        hosted.actor.finish(monotonic_ns())
        hosted.closing.set()
        hosted.over.set()
        return True

    def begin(self, origin_ns: int) -> None:
        """The run clock is known: its zero is now or soon. Blocks until then."""
        _calm_the_collector()
        self.origin_ns = origin_ns
        for hosted in self._hosted.values():
            if hosted.is_ready:
                self._start(hosted)
        gevent.sleep(max(0, origin_ns - monotonic_ns()) / 1e9)
        self.tally.measuring = True
        self.health.begin()

    def end_window(self, cut_short: bool) -> None:
        """The window is over. What was due in it still leaves in the drain, unless the run is cut short."""
        self.health.end()
        for hosted in self._hosted.values():
            hosted.closing.set()
            if cut_short:
                hosted.actor.stop()

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way any more."""
        return all(hosted.actor.is_settled for hosted in self._hosted.values())

    @property
    def target_loss(self) -> str:
        """Why its target is lost; empty while it is not."""
        since_ns = self.tally.failing_since_ns
        if not since_ns or monotonic_ns() - since_ns <= _TARGET_LOST_AFTER_NS:
            return ""
        return f"the target stopped answering: {self.tally.last_failure}"

    def sweep(self) -> list[int]:
        """End the stays whose time is up and that have settled, or had the time to; their numbers."""
        started = [hosted for hosted in self._hosted.values() if hosted.is_started]
        for hosted in started:
            if hosted.stay.until_ns <= self.run_clock_ns:
                hosted.closing.set()
        ended = [hosted for hosted in started if hosted.actor.has_ended(monotonic_ns())]
        for hosted in ended:
            self._end(hosted)
        return [hosted.number for hosted in ended]

    def end_all(self) -> None:
        """Close everything and fold it; what never began is only closed."""
        for hosted in list(self._hosted.values()):
            if hosted.is_started:
                self._end(hosted)
            else:
                self.give_up(hosted.number)
            gevent.sleep(0)  # heartbeats to the master go on between organisations

    def take(self) -> Partials | None:
        """What has been folded since the last time; None if nothing has."""
        taken = self._folded.take()
        if taken is not None:
            self._lateness += taken.latency.histograms.get("lateness", Histogram())
        return taken

    def take_all(self) -> tuple[Partials, list[History]]:
        """The last of it, with this worker's word on itself; and the histories, if they are kept."""
        self.health.stop()
        last = self.take() or Partials(window_ns=self.plan.window_ns, bucket_ns=self.plan.bucket_ns)
        return msgspec.structs.replace(last, generator=self.health.partial(self._lateness)), self._kept

    def _start(self, hosted: Hosted) -> None:
        hosted.is_started = True
        hosted.actor.start(self.origin_ns)

    def _end(self, hosted: Hosted) -> None:
        del self._hosted[hosted.number]
        history = hosted.actor.finish(monotonic_ns())
        self._fold(history, hosted.actor.digest)
        if self.plan.keep_history:
            self._kept.append(history)
        hosted.closing.set()
        hosted.over.set()

    def _fold(self, part: History, schedule_digest: bytes) -> None:
        self._folded.add(observe(part, schedule_digest))

    def _mount_all(self, organisation: Organisation, timeout_s: float) -> None:
        """Open all dashboards whose users are there, each at its turn among all of this worker's."""
        dashboards = organisation.present_dashboards
        self._sockets += len(dashboards)
        if problem := shortage(self._sockets):
            raise WarmupError(problem)
        left = len(dashboards)
        done = Event()

        def ready() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                done.set()

        full = self.tally.full

        def require_room() -> None:
            if self.tally.full > full:
                raise WarmupError(
                    f"saturated: the target refuses sockets (429); one organisation wants {len(dashboards):,}: fewer of"
                    " them (--set fleet.dashboards=...), or a target that allows more (target.sockets_per_organisation)"
                )

        for dashboard in dashboards:
            gevent.sleep(self._turn_s())
            require_room()
            organisation.mount(dashboard, ready)
        if dashboards:
            what = f"organisation {organisation.number}: not every dashboard was subscribed and shown its first load"
            self._wait(done, timeout_s, what, require_room)

    def _turn_s(self) -> float:
        """How long until the next dashboard may connect: the scenario's rate, shared by the workers."""
        rate = self.plan.scenario.warmup.connects_per_s / self.workers
        now_ns = monotonic_ns()
        turn_ns = max(self._next_mount_ns, now_ns)
        self._next_mount_ns = turn_ns + round(1e9 / rate)
        return (turn_ns - now_ns) / 1e9

    def _wait(
        self, happened: Event, timeout_s: float, what: str, require_hope: Callable[[], None] = lambda: None
    ) -> None:
        """Wait for it; `require_hope` raises where waiting longer does not help."""
        until_ns = monotonic_ns() + round(timeout_s * 1e9)
        while not happened.wait(timeout=_WAIT_POLL_S):
            require_hope()
            if self.target_loss:
                raise WarmupError(self.target_loss)
            if monotonic_ns() >= until_ns:
                raise WarmupError(self._late(f"{what} within {timeout_s:.0f} s"))

    def _late(self, what: str) -> str:
        """Why something took too long: the generator itself, or what failed last."""
        recent = self.health.recent(self.tally.lateness.histogram)
        found = generator.saturation(self.health.limits, None, recent.lag_ms, recent.cpu_share)
        last = f"; the last failure: {self.tally.last_failure}" if self.tally.last_failure else ""
        return f"{found[0]}: {what}" if found else f"{what}{last}"


def _calm_the_collector() -> None:
    """What lives now lives until the end of the run: the collector need not look at it again and again.

    Looking through 2,000 dashboards takes tens of milliseconds, in which no callback runs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
