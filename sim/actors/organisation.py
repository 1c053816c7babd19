"""One organisation of the fleet: its agents, its open dashboards, and its history. Runs in callbacks of its line."""

from collections.abc import Callable
from typing import Final

import numpy as np

from sim.actors.agents import Agents
from sim.actors.line import Answer, Contents, Event, Line, Meter, Prober
from sim.actors.outstanding import Outstanding
from sim.actors.rules import RunRules
from sim.actors.viewer import Viewer
from sim.dashboard import rules_of
from sim.history import (
    NEVER_NS,
    NO_LAST_SEEN,
    PART_GRID_NS,
    UNKNOWN_OWNER,
    Breach,
    History,
    HistoryBuilder,
    RunFrame,
)
from sim.schedule import LEAD_NS, Stay, VisitAction, schedule_for, share_digest, sizes_for, stays_of, visits_for

_JITTER_STREAM: Final = 101
"""Purpose number of the generator for reconnect jitter, apart from those of the schedule."""

NO_DASHBOARD: Final = -1
"""In a history, whose answer the list of machines is that is read before any dashboard is open, or a probe's event."""

_AGENTS: Final = -2
_VISIT: Final = -3
_PROBE: Final = -4
_CUT: Final = -5
"""Whom an alarm rings for; others are numbers of dashboards."""

_LEAST_PART_GRIDS: Final = 100
_MOST_PART_GRIDS: Final = 600
_PART_GRIDS_PER_ORGANISATION: Final = 5
"""How much of a run is kept as history before it is folded, in grid steps: from ten seconds to a minute.

What is not folded yet is lost with its worker, and takes memory. Folding an organisation takes about 5 ms in which
nothing else is handled, and so at most a hundredth of a process up to 120 organisations.
"""

_TURNOVER_NS: Final = 500_000_000
"""A stay that waits to settle is given up so long before the organisation's next one is prepared, whoever does that."""


class Organisation:
    """One stay of one organisation, claimed by exactly one worker. It acts in it as if it were present throughout.

    `learn`, `align`, `mount` the present dashboards, `start`, then, when it has ended or the run has, `finish`. A stay
    may begin at any time: others of the same organisation are nothing to it, save that two must not act at once.

    `fold` is given each part of its history that is over, with the digest of its schedule; it is None where the history
    is to stay whole.
    """

    def __init__(
        self,
        number: int,
        rules: RunRules,
        line: Line,
        meter: Meter,
        fold: Callable[[History, bytes], None] | None,
        stay: Stay,
    ) -> None:
        scenario = rules.scenario
        sizes = sizes_for(scenario, rules.seed, number)
        self.number = number
        self.history = HistoryBuilder()
        self._rules = rules
        self._line = line
        self._meter = meter
        self._fold = fold
        schedule, visits = schedule_for(scenario, rules.seed, number), visits_for(scenario, rules.seed, number)
        stays = stays_of(scenario, number)
        self.digest = share_digest(schedule, visits, stays if scenario.stages else ())
        self._stay = stay
        self._next_stay_ns = min((s.from_ns for s in stays if s.from_ns >= stay.until_ns), default=NEVER_NS)
        self._schedule = schedule.within(stay.from_ns, stay.until_ns)
        self._visits = visits.within(stay.from_ns, stay.until_ns)
        self._away = visits.away_at(stay.from_ns)
        self._next_visit = 0
        grids = _PART_GRIDS_PER_ORGANISATION * scenario.fleet.organisations
        self._part_grids = min(max(grids, _LEAST_PART_GRIDS), _MOST_PART_GRIDS)
        self._origin_ns = 0
        self._from_ns = -NEVER_NS
        self._stay_from_ns = stay.from_ns
        self._outstanding = Outstanding()
        self._deadline_ns = round(scenario.loss.deadline_s * 1e9)
        offline_after_ns = round(scenario.target.offline_after_s * 1e9)
        self.agents = Agents(self._schedule, line, self.history, meter, offline_after_ns, self.change_acked)
        page = rules_of(scenario.dashboard)
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([rules.seed, number, _JITTER_STREAM])))
        health = scenario.dashboard.page == "health"
        self._viewers = [
            Viewer(dashboard, page, health, line, self, self.history, meter, rng)
            for dashboard in range(sizes.dashboards)
        ]
        self._latest = [(NO_DASHBOARD, 0, 0)] * sizes.dashboards
        self._prober: Prober | None = None

    @property
    def machines(self) -> int:
        """How many it has."""
        return self._schedule.machines

    @property
    def dashboards(self) -> int:
        """How many it has."""
        return len(self._viewers)

    @property
    def present_dashboards(self) -> list[int]:
        """Those whose users are there when its stay begins."""
        return [dashboard for dashboard in range(len(self._viewers)) if dashboard not in self._away]

    @property
    def folded_until_ns(self) -> int:
        """Run clock: what happened until then has been folded; negative before the first time."""
        return self._from_ns

    # Its warm-up: before the window, or LEAD_NS before its stay.

    def use(self, prober: Prober) -> None:
        """Send probes, too."""
        self._prober = prober

    def learn(self, at_ns: int, contents: Contents, contact_ns: int = -NEVER_NS) -> None:
        """What the target says of the machines before any dashboard is open.

        `contact_ns` is when it had heard of them last. Where that is not known, an online one may be silent for so long
        that the cleanup job is about to mark it offline.
        """
        self._note(NO_DASHBOARD, at_ns, contents)
        for machine, status in enumerate(contents.statuses):
            self.agents.learn(machine, status, contact_ns)
            self.history.machine(machine, at_ns, status, contact_ns)

    def align(self, done: Callable[[], None]) -> None:
        """Bring every machine to the state in which the stay begins, if its agents are ours."""
        if self._rules.scenario.fleet.actors == "dashboards":
            done()
            return
        self.agents.align(done)

    def mount(self, dashboard: int, ready: Callable[[], None]) -> None:
        """Open a dashboard; `ready` is called once, when it is subscribed and its first load is shown."""
        viewer = self._viewers[dashboard]

        def progress() -> None:
            if viewer.is_subscribed and viewer.first_shown:
                viewer.on_progress = None
                ready()

        viewer.on_progress = progress
        viewer.mount()

    # The stay, and its drain.

    def start(self, origin_ns: int) -> None:
        """It is ready: act when it is due. The window begins, or has begun, at `origin_ns`.

        Where it was not ready when its stay began, it catches up on its schedule, and is measured from now on.
        """
        self._origin_ns = origin_ns
        self._stay_from_ns = max(self._stay.from_ns, self._line.now_ns() - origin_ns)
        self.agents.start(origin_ns)
        self._line.alarm(_AGENTS, self.agents.next_due_ns)
        self._line.alarm(_VISIT, self._next_visit_ns())
        if self._prober is not None:
            self._prober.start(origin_ns)
            self._line.alarm(_PROBE, self._prober.next_due_ns)
        if self._fold is not None:
            # Not all organisations at once: folding takes milliseconds in which nothing else is handled.
            turn = self.number % self._part_grids + -(-self._stay_from_ns // PART_GRID_NS)
            self._line.alarm(_CUT, origin_ns + (self._part_grids // 2 + turn) * PART_GRID_NS)
        if self._stay_from_ns >= self._stay.until_ns:
            self.stop()  # too late for all of it

    def stop(self) -> None:
        """The run is cut short: no more writes, visits and probes."""
        self.agents.stop()
        self._next_visit = len(self._visits.due_ns)
        if self._prober is not None:
            self._prober.stop()

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way or expected any more."""
        if self.agents.is_busy or not all(viewer.is_settled for viewer in self._viewers):
            return False
        if self._prober is not None and self._prober.awaits_answer:
            return False
        return self._outstanding.is_clear(self._line.now_ns())

    def has_ended(self, now_ns: int) -> bool:
        """Whether its stay is over before the window is, and what was under way has settled or had the time to.

        That is the drain's timeout, or until its next stay is to be prepared.
        """
        until_ns = self._stay.until_ns
        if now_ns - self._origin_ns < until_ns or until_ns >= self._rules.window_ns:
            return False
        drained_ns = until_ns + round(self._rules.scenario.drain.timeout_s * 1e9)
        given_up_ns = min(drained_ns, self._next_stay_ns - LEAD_NS - _TURNOVER_NS)
        return self.is_settled or now_ns - self._origin_ns >= given_up_ns

    def finish(self, ended_ns: int) -> History:
        """Close everything; what has happened since the last fold, on the run clock."""
        self._meter.deliveries_overdue(self._outstanding.expire(ended_ns))
        unsent = self.agents.finish(ended_ns)
        for viewer in self._viewers:
            viewer.finish(ended_ns)
        if self._prober is not None:
            self._prober.finish(ended_ns)
        self._line.close()
        return self.history.build(self._frame(ended_ns - self._origin_ns, unsent, is_last=True), self._origin_ns)

    def ring(self, who: int, now_ns: int) -> None:
        """An alarm of the line rings."""
        if who >= 0:
            self._viewers[who].wake(now_ns)
        elif who == _AGENTS:
            self.agents.fire(now_ns)
            self._line.alarm(_AGENTS, self.agents.next_due_ns)
        elif who == _VISIT:
            self._visit(now_ns)
            self._line.alarm(_VISIT, self._next_visit_ns())
        elif who == _PROBE and self._prober is not None:
            self._prober.fire(now_ns)
            self._line.alarm(_PROBE, self._prober.next_due_ns)
        elif who == _CUT:
            self._cut(now_ns)

    # What its dashboards and probes report.

    def delivered(self, dashboard: int, arrived_ns: int, event: Event) -> int:
        """Note a delivery; the time when the write that it announces was sent, 0 for none of ours."""
        owner, machine, status, last_seen_ms = event
        handled_ns = self._line.now_ns()
        self.history.delivery(dashboard, owner, machine, status, last_seen_ms, arrived_ns, handled_ns)
        if owner not in (self.number, UNKNOWN_OWNER):
            self._meter.leaked(1)
        if owner != self.number or machine >= self._schedule.machines or dashboard == NO_DASHBOARD:
            if dashboard != NO_DASHBOARD:
                self._meter.delivered(0)
            return 0
        self.agents.announced(machine, status, last_seen_ms != NO_LAST_SEEN)
        identity = (machine, status, last_seen_ms)
        if identity == self._latest[dashboard]:  # a duplicate stands for no event that is still to come
            self._meter.delivered(0)
            return 0
        self._latest[dashboard] = identity
        self._outstanding.arrived()
        sent_ns = self.agents.write_sent_ns(machine, status, last_seen_ms)
        self._meter.delivered(arrived_ns - sent_ns if sent_ns else 0)
        return sent_ns

    def strayed(self, arrived_ns: int, event: Event) -> None:
        """Note an event of another channel if it is another organisation's: a leak, whatever the channel."""
        if event.owner not in (self.number, UNKNOWN_OWNER):
            self.delivered(NO_DASHBOARD, arrived_ns, event)

    def inspected(self, dashboard: int, answer: Answer) -> None:
        """Note what an answer held."""
        arrived_ns = answer.reply.arrived_ns
        if answer.contents is not None:
            self._note(dashboard, arrived_ns, answer.contents)
        elif answer.is_breach:
            self.history.breach(dashboard, arrived_ns, Breach.ANSWER)
            self._meter.failed("a refetch was answered with something else than the contract says")

    def change_acked(self, acked_ns: int) -> None:
        """The target has taken a write that it must announce: each subscribed dashboard expects its event."""
        self._meter.deliveries_overdue(self._outstanding.expire(acked_ns))
        subscribed = sum(viewer.is_subscribed for viewer in self._viewers)
        self._outstanding.expect(subscribed, acked_ns + self._deadline_ns)

    def patched(self, machine: int, last_seen_ms: int) -> None:
        """A PATCH with this `last_seen` leaves."""
        self.agents.patched(machine, last_seen_ms)

    def _note(self, dashboard: int, at_ns: int, held: Contents) -> None:
        if held.foreign_rows or held.excess_count or held.miscount:
            self._meter.leaked(held.foreign_rows + (held.excess_count > 0))
            self.history.odd_answer(
                dashboard, at_ns, held.own_rows, held.foreign_rows, held.unknown_rows, held.foreign_owner,
                held.excess_count, held.miscount,
            )  # fmt: skip
        else:
            self.history.plain_answer(dashboard, at_ns, held.own_rows, held.unknown_rows)

    def _visit(self, now_ns: int) -> None:
        visits = self._visits
        while self._next_visit_ns() <= now_ns:
            viewer = self._viewers[visits.dashboard[self._next_visit]]
            match visits.action[self._next_visit]:
                case VisitAction.CUT:
                    viewer.cut()
                case VisitAction.LEAVE:
                    viewer.leave()
                case _:
                    viewer.mount()
            self._next_visit += 1

    def _next_visit_ns(self) -> int:
        if self._next_visit == len(self._visits.due_ns):
            return NEVER_NS
        return int(self._visits.due_ns[self._next_visit]) + self._origin_ns

    # Parts.

    def _cut(self, now_ns: int) -> None:
        """Fold what is over, if nothing is under way just now; else look again soon."""
        assert self._fold is not None
        grid = (now_ns - self._origin_ns) // PART_GRID_NS
        if not self._is_quiet(now_ns):
            self._line.alarm(_CUT, self._origin_ns + (grid + 1) * PART_GRID_NS)
            return
        for viewer in self._viewers:
            viewer.note_open()
        frame = self._frame(grid * PART_GRID_NS, 0, is_last=False)
        self._from_ns = frame.ended_ns
        self._fold(self.history.cut(frame, self._origin_ns), self.digest)
        self._line.alarm(_CUT, self._origin_ns + (grid + self._part_grids) * PART_GRID_NS)

    def _is_quiet(self, now_ns: int) -> bool:
        if self.agents.is_changing or not all(viewer.is_quiet for viewer in self._viewers):
            return False
        if self._prober is not None and self._prober.is_patching:
            return False
        return self._outstanding.is_clear(now_ns)

    def _frame(self, ended_ns: int, unsent: int, is_last: bool) -> RunFrame:
        scenario = self._rules.scenario
        options, target = scenario.dashboard, scenario.target
        health = options.page == "health"
        return RunFrame(
            organisation=self.number,
            machines=self._schedule.machines,
            dashboards=len(self._viewers),
            window_ns=self._rules.window_ns,
            from_ns=self._from_ns,
            ended_ns=ended_ns,
            is_last=is_last,
            stay_from_ns=self._stay_from_ns,
            stay_until_ns=self._stay.until_ns,
            bucket_ns=self._rules.bucket_ns,
            debounce_ns=0 if health else round(options.debounce_ms * 1e6),
            max_wait_ns=None if health or options.max_wait_ms is None else round(options.max_wait_ms * 1e6),
            loss_deadline_ns=self._deadline_ns,
            unsent_writes=unsent,
            offline_after_ns=round(target.offline_after_s * 1e9),
            evicts=target.evict,
            evict_after_ns=round(target.evict_after_s * 1e9),
            evict_sweep_ns=round(target.evict_sweep_s * 1e9),
            patch_announces=target.patch_announces,
            fresh_within_ns=round(scenario.freshness.within_s * 1e9),
        )
