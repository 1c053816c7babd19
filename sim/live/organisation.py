"""One organisation of the fleet: its agents, its open dashboards, and its history. Runs in callbacks of the hub."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic_ns
from typing import Final

import msgspec
import numpy as np

from sim.contract import MACHINES_PATH, MachinesAnswer, ServerFrame
from sim.dashboard import rules_of
from sim.history import NEVER_NS, NO_LAST_SEEN, History, HistoryBuilder, RunFrame
from sim.live.agents import Agents
from sim.live.alarms import Alarms
from sim.live.answers import Inspector
from sim.live.http import Reply
from sim.live.line import Line
from sim.live.plan import Plan
from sim.live.tally import Tally
from sim.live.viewer import Viewer, status_code
from sim.schedule import VisitAction, schedule_for, share_digest, sizes_for, visits_for

_JITTER_STREAM: Final = 101
"""Purpose number of the generator for reconnect jitter, apart from those of the schedule."""

NO_DASHBOARD: Final = -1
"""In a history, whose answer the list of machines is that is read before any dashboard is open."""

_REQUEST_TIMEOUT_NS: Final = 30_000_000_000
_VISIT: Final = -1
"""Whom the alarm of the next scheduled visit rings for; others are numbers of dashboards."""
_SWEEP: Final = -2
"""Whom the alarm rings for that looks for requests without an answer."""
_SWEEP_INTERVAL_NS: Final = 1_000_000_000


class Organisation:
    """Claimed by exactly one worker. `prepare`, then `start`, then, when `is_settled` or too late, `finish`."""

    def __init__(self, number: int, plan: Plan, tally: Tally) -> None:
        scenario = plan.scenario
        sizes = sizes_for(scenario, plan.seed, number)
        credentials = plan.credentials.orgs[number]
        self.number = number
        self._plan = plan
        self._tally = tally
        self._owners = plan.owners
        self._schedule = schedule_for(scenario, plan.seed, number)
        self._visits = visits_for(scenario, plan.seed, number)
        self._next_visit = 0
        self._origin_ns = 0
        self._history = HistoryBuilder()
        self._last_seen = ("", NO_LAST_SEEN)
        self._expected = 0
        self._received = 0
        self._deadline_ns = 0
        self.digest = share_digest(self._schedule, self._visits)
        token = credentials.token or ""
        self._line = Line(plan.url, plan.address, credentials.org_id, token, scenario.dashboard, self._history, tally)
        health = scenario.dashboard.page == "health"
        self._inspector = Inspector(number, health, plan.owners, self._history, tally)
        self._agents = Agents(
            credentials.machines,
            self._schedule,
            self._line,
            self._history,
            tally,
            round(scenario.target.offline_after_s * 1e9),
            self._transition_acked,
        )
        self._alarms = Alarms(self._ring)
        rules = rules_of(scenario.dashboard)
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([plan.seed, number, _JITTER_STREAM])))
        self._viewers = [
            Viewer(dashboard, rules, health, self._line, self, self._inspector, rng)
            for dashboard in range(sizes.dashboards)
        ]
        self._org_id = credentials.org_id
        self._latest = [(-1, 0, 0)] * sizes.dashboards

    @property
    def dashboards(self) -> int:
        """How many it has."""
        return len(self._viewers)

    # Warm-up.

    def read_state(self, done: Callable[[str], None]) -> None:
        """Read the machines' rows from the target; `done` gets an empty text, or what is wrong."""

        def answered(reply: Reply) -> None:
            self._tally.answered(reply.status, reply.reason)
            done(self._learn(reply))

        self._line.get(f"{MACHINES_PATH}?org_id={self._org_id}", answered)

    def align(self, done: Callable[[], None]) -> None:
        """Bring every machine to the state in which the schedule begins."""
        self._agents.align(done)

    def mount(self, dashboard: int, ready: Callable[[], None]) -> None:
        """Open a dashboard; `ready` is called once, when it is subscribed and its first load is shown."""
        viewer = self._viewers[dashboard]

        def progress() -> None:
            if viewer.is_subscribed and viewer.first_shown:
                viewer.on_progress = None
                ready()

        viewer.on_progress = progress
        viewer.mount()

    # The measured window and the drain.

    def start(self, origin_ns: int) -> None:
        """The window begins at this time of the monotonic clock."""
        self._origin_ns = origin_ns
        self._agents.start(origin_ns)
        self._set_visit_alarm()
        self._alarms.set(_SWEEP, monotonic_ns() + _SWEEP_INTERVAL_NS)

    def stop(self) -> None:
        """The run is cut short: no more writes and visits."""
        self._agents.stop()
        self._next_visit = len(self._visits.due_ns)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way or expected any more."""
        if self._agents.busy or not all(viewer.is_quiet for viewer in self._viewers):
            return False
        return self._received >= self._expected or monotonic_ns() > self._deadline_ns

    def finish(self, ended_ns: int) -> History:
        """Close everything; what happened, on the run clock."""
        unsent = self._agents.close()
        for viewer in self._viewers:
            viewer.finish(ended_ns)
        self._alarms.stop()
        self._line.pool.close()
        return self._history.build(self._frame(ended_ns, unsent), self._origin_ns)

    # What viewers need of their house.

    def event(self, dashboard: int, frame: ServerFrame, arrived_ns: int) -> int:
        """Note a delivery; the time when the write that it announces was sent, 0 for none of ours."""
        payload = frame.payload
        if payload is None:
            return 0
        owner, machine = self._owners.of(payload.id)
        status = status_code(frame)
        last_seen_ms = self._last_seen_ms(payload.last_seen)
        self._history.delivery(dashboard, owner, machine, status, last_seen_ms, arrived_ns, monotonic_ns())
        if owner != self.number or machine >= self._schedule.machines:
            self._tally.leaks += owner >= 0 and owner != self.number
            self._tally.deliveries += 1
            return 0
        self._agents.announced(machine, status, last_seen_ms != NO_LAST_SEEN)
        identity = (machine, status, last_seen_ms)
        if identity != self._latest[dashboard]:  # a duplicate stands for no event that is still to come
            self._latest[dashboard] = identity
            self._received += 1
        sent_ns = self._agents.last_sent_ns(machine, status)
        self._tally.delivery(arrived_ns - sent_ns if sent_ns else 0)
        return sent_ns

    def alarm(self, dashboard: int, at_ns: int) -> None:
        """Wake a viewer at this time."""
        self._alarms.set(dashboard, at_ns)

    def _ring(self, who: int, now_ns: int) -> None:
        if who >= 0:
            self._viewers[who].wake(now_ns)
        elif who == _VISIT:
            self._visit(now_ns)
        else:
            self._line.pool.expire(now_ns - _REQUEST_TIMEOUT_NS)
            self._alarms.set(_SWEEP, now_ns + _SWEEP_INTERVAL_NS)

    def _visit(self, now_ns: int) -> None:
        due_ns, visits = self._visits.due_ns, self._visits
        while self._next_visit < len(due_ns) and due_ns[self._next_visit] + self._origin_ns <= now_ns:
            viewer = self._viewers[visits.dashboard[self._next_visit]]
            match visits.action[self._next_visit]:
                case VisitAction.CUT:
                    viewer.cut()
                case VisitAction.LEAVE:
                    viewer.leave()
                case _:
                    viewer.mount()
            self._next_visit += 1
        self._set_visit_alarm()

    def _set_visit_alarm(self) -> None:
        if self._next_visit < len(self._visits.due_ns):
            self._alarms.set(_VISIT, int(self._visits.due_ns[self._next_visit]) + self._origin_ns)

    def _transition_acked(self, acked_ns: int) -> None:
        self._expected += sum(viewer.is_subscribed for viewer in self._viewers)
        self._deadline_ns = acked_ns + round(self._plan.scenario.loss.deadline_s * 1e9)

    def _learn(self, reply: Reply) -> str:
        what = f"GET {MACHINES_PATH} of organisation {self.number} ({self._org_id})"
        if reply.status != 200:
            return f"{what}: {reply.reason or f'answered {reply.status}'}"
        try:
            rows = msgspec.json.decode(reply.body, type=MachinesAnswer).data
        except msgspec.DecodeError as error:
            return f"{what}: not an answer of the contract: {error}"
        self._owners.adopt(self.number, (row.id for row in rows))
        self._inspector.note(NO_DASHBOARD, reply.arrived_ns, rows, 0)
        status_of = {row.id: row.status for row in rows}
        machines = self._plan.credentials.orgs[self.number].machines[: self._schedule.machines]
        missing = [machine.id for machine in machines if machine.id not in status_of]
        if missing:
            return f"{what}: machine {missing[0]} of the credentials file is not there ({len(missing)} missing)"
        for number, machine in enumerate(machines):
            self._agents.learn(number, status_of[machine.id])
        return ""

    def _last_seen_ms(self, text: str | None) -> int:
        """An event reaches all dashboards of a house in a row: the last text parsed is the one needed most."""
        if text is None:
            return NO_LAST_SEEN
        if text != self._last_seen[0]:
            try:
                milliseconds = round(datetime.fromisoformat(text).timestamp() * 1000)
            except (ValueError, OverflowError):
                milliseconds = NO_LAST_SEEN
            self._last_seen = (text, milliseconds)
        return self._last_seen[1]

    def _frame(self, ended_ns: int, unsent: int) -> RunFrame:
        options = self._plan.scenario.dashboard
        health = options.page == "health"
        return RunFrame(
            organisation=self.number,
            machines=self._schedule.machines,
            dashboards=len(self._viewers),
            window_ns=self._plan.window_ns,
            ended_ns=ended_ns - self._origin_ns if ended_ns < NEVER_NS else NEVER_NS,
            bucket_ns=self._plan.bucket_ns,
            debounce_ns=0 if health else round(options.debounce_ms * 1e6),
            max_wait_ns=None if health or options.max_wait_ms is None else round(options.max_wait_ms * 1e6),
            loss_deadline_ns=round(self._plan.scenario.loss.deadline_s * 1e9),
            unsent_writes=unsent,
        )
