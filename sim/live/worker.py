"""One process's share of a run: claims organisations, drives them through warm-up, window and drain, folds them."""

import gc
from time import monotonic_ns
from typing import Final

import gevent
import msgspec
from gevent.event import Event
from gevent.lock import Semaphore

from sim.actors import Organisation
from sim.checks import Partials, observe
from sim.checks.folded import Folded
from sim.history import History
from sim.live.health import Health
from sim.live.organisation import LiveOrganisation
from sim.live.plan import Plan
from sim.live.tally import Tally
from sim.stats import Histogram

_DRAIN_POLL_S: Final = 0.1
_READS_AT_ONCE: Final = 20
_COLLECT_AFTER: Final = (5_000, 10, 10)
"""What is new since the freeze is little, and is looked through often: a closed socket leaves a cycle of 20 kB."""


class WarmupError(Exception):
    """An organisation could not be made ready; the text says why."""


class Worker:
    """Used by the greenlets of its users (`prepare`) and by the engine (`start`, `drain`, `fold`)."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = Tally()
        self.health = Health(plan.scenario.generator)
        self._organisations: list[LiveOrganisation] = []
        self._folded = Folded(plan.window_ns, plan.bucket_ns)
        self._readers = Semaphore(_READS_AT_ONCE)
        self._next_mount_ns = 0
        self._started = False

    @property
    def organisations(self) -> list[int]:
        """Numbers of the organisations that it drives."""
        return [organisation.actor.number for organisation in self._organisations]

    def prepare(self, number: int) -> None:
        """Make an organisation ready: read its state, bring its machines to their states, open its dashboards.

        Blocks the calling greenlet. Raises `WarmupError`.
        """
        organisation = LiveOrganisation(number, self.plan, self.tally, None if self.plan.keep_history else self._fold)
        self._organisations.append(organisation)
        timeout_s = self.plan.scenario.warmup.timeout_s
        problems: list[str] = []
        read, aligned = Event(), Event()

        def learned(problem: str) -> None:
            if problem:
                problems.append(problem)
            read.set()

        with self._readers:
            organisation.read_state(learned)
            self._wait(read, timeout_s, f"organisation {number}: its machines could not be read")
        if problems:
            raise WarmupError(problems[0])
        organisation.actor.align(aligned.set)
        self._wait(aligned, timeout_s, f"organisation {number}: its machines did not reach their states")
        self._mount_all(organisation.actor, timeout_s)

    def start(self, delay_s: float) -> None:
        """The measured window of all organisations begins after this delay."""
        _calm_the_collector()
        origin_ns = monotonic_ns() + round(delay_s * 1e9)
        self._started = True
        for organisation in self._organisations:
            organisation.actor.start(origin_ns)
        gevent.sleep(delay_s)
        self.tally.measuring = True
        self.health.begin()

    def end_window(self, cut_short: bool) -> None:
        """The window is over. What was due in it still leaves in the drain, unless the run is cut short."""
        self.tally.measuring = False
        self.health.end()
        if cut_short:
            for organisation in self._organisations:
                organisation.actor.stop()

    def drain(self, timeout_s: float) -> None:
        """Wait until everything under way has settled, or the time is up."""
        until_ns = monotonic_ns() + round(timeout_s * 1e9)
        while monotonic_ns() < until_ns:
            if all(organisation.actor.is_settled for organisation in self._organisations):
                return
            gevent.sleep(_DRAIN_POLL_S)

    def fold(self) -> tuple[Partials, list[History]]:
        """Close everything and fold each history; the histories only if they are to be kept."""
        ended_ns = monotonic_ns()
        kept: list[History] = []
        for organisation in self._organisations:
            history = organisation.actor.finish(ended_ns)
            if self._started:
                self._folded.add(observe(history, organisation.actor.digest))
            if self.plan.keep_history:
                kept.append(history)
            gevent.sleep(0)  # heartbeats to the master go on between organisations
        merged = self._folded.merged()
        lateness = merged.latency.histograms.get("lateness", Histogram())
        return msgspec.structs.replace(merged, generator=self.health.partial(lateness)), kept

    def _fold(self, part: History, schedule_digest: bytes) -> None:
        self._folded.add(observe(part, schedule_digest))

    def _mount_all(self, organisation: Organisation, timeout_s: float) -> None:
        """Open all dashboards, each at its turn among all of this worker's."""
        if not organisation.dashboards:
            return
        left = organisation.dashboards
        done = Event()

        def ready() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                done.set()

        for dashboard in range(organisation.dashboards):
            gevent.sleep(self._turn_s())
            organisation.mount(dashboard, ready)
        what = f"organisation {organisation.number}: not every dashboard was subscribed and shown its first load"
        self._wait(done, timeout_s, what)

    def _turn_s(self) -> float:
        """How long until the next dashboard may connect: the scenario's rate, shared by the workers."""
        rate = self.plan.scenario.warmup.connects_per_s / self.plan.workers
        now_ns = monotonic_ns()
        turn_ns = max(self._next_mount_ns, now_ns)
        self._next_mount_ns = turn_ns + round(1e9 / rate)
        return (turn_ns - now_ns) / 1e9

    def _wait(self, happened: Event, timeout_s: float, what: str) -> None:
        if not happened.wait(timeout=timeout_s):
            last = f"; the last failure: {self.tally.last_failure}" if self.tally.last_failure else ""
            raise WarmupError(f"{what} within {timeout_s:.0f} s{last}")


def _calm_the_collector() -> None:
    """What lives now lives until the end of the run: the collector need not look at it again and again.

    Looking through 2,000 dashboards takes tens of milliseconds, in which no callback runs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
