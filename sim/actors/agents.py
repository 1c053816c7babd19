"""The agents of one organisation: they send the schedule's heartbeats at their due times, each agent one at a time."""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from sim.actors.line import Handle, Line, Meter, Reply
from sim.contract import StatusCode
from sim.history import NEVER_NS, UNANSWERED, HistoryBuilder
from sim.schedule import Action, Schedule

ONLINE: Final = int(StatusCode.ONLINE)
OFFLINE: Final = int(StatusCode.OFFLINE)
UNKNOWN: Final = int(StatusCode.UNKNOWN)

_ALIGNED_AT_ONCE: Final = 4
"""Before the window an organisation's machines are brought to their states a few at a time, not as a storm."""


class _Beat(NamedTuple):
    """A heartbeat on its way."""

    status: int
    before: int
    due_ns: int
    ready_ns: int
    sent_ns: int

    @property
    def may_change(self) -> bool:
        """Whether the target may announce it."""
        return self.before != self.status

    @property
    def is_transition(self) -> bool:
        """Whether the target must announce it."""
        return self.before not in (UNKNOWN, self.status)


_NONE: Final = _Beat(UNKNOWN, UNKNOWN, 0, 0, 0)


class _Agent:
    """One machine's agent. A real one waits for the answer to a heartbeat before it sends the next."""

    __slots__ = ("beat", "contact_ns", "former", "known", "machine", "patched_ms", "request", "told_ms", "waiting")

    def __init__(self, machine: int, now_ns: int) -> None:
        self.machine = machine
        self.known = UNKNOWN
        """The status that the target has of it, as far as we know (StatusCode)."""
        self.contact_ns = now_ns
        self.request: Handle | None = None
        self.beat = _NONE
        """The latest one that was sent."""
        self.former = _NONE
        """The one before it: its event may come when the next one has left."""
        self.patched_ms = 0
        self.told_ms: int | None = None
        """`last_seen` in the first event after it."""
        self.waiting: deque[tuple[int, int]] = deque()
        """Heartbeats that became due while the one before was under way: status, due time."""


class Agents:
    """Paces one organisation's heartbeats: open loop, so a slow target does not slow the schedule."""

    def __init__(
        self,
        schedule: Schedule,
        line: Line,
        history: HistoryBuilder,
        meter: Meter,
        offline_after_ns: int,
        transition_acked: Callable[[int], None],
    ) -> None:
        now_ns = line.now_ns()
        self._agents = [_Agent(machine, now_ns) for machine in range(schedule.machines)]
        self._schedule = schedule
        self._line = line
        self._history = history
        self._meter = meter
        self._offline_after_ns = offline_after_ns
        self._transition_acked = transition_acked
        self._due_ns: list[int] = []
        self._machine: list[int] = []
        self._action: list[int] = []
        self._next = 0
        self._under_way = 0
        self._changes_under_way = 0
        self._to_align: deque[tuple[_Agent, int]] = deque()
        self._settled: Callable[[], None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a heartbeat is under way, waits, or is still due."""
        return self._under_way > 0 or self._next < len(self._due_ns)

    @property
    def is_changing(self) -> bool:
        """Whether a heartbeat is under way that the target may announce."""
        return self._changes_under_way > 0

    @property
    def next_due_ns(self) -> int:
        """When the next heartbeat is due; NEVER_NS for none."""
        return self._due_ns[self._next] if self._next < len(self._due_ns) else NEVER_NS

    def learn(self, machine: int, status: int, contact_ns: int) -> None:
        """The target says that a machine has this status (StatusCode), and heard of it last at this time."""
        self._agents[machine].known = status
        self._agents[machine].contact_ns = contact_ns

    def online_machine(self, number: int) -> int | None:
        """Some machine that is online and calm, a different one for each number; None if there is none."""
        calm = [agent.machine for agent in self._agents if agent.known == ONLINE and agent.request is None]
        return calm[number % len(calm)] if calm else None

    def align(self, settled: Callable[[], None]) -> None:
        """Bring every machine to the state in which the schedule begins; `settled` is called when all are.

        Those that are online as they should be say so, too, as an agent does that starts: they may have been silent for
        long, and what is only read of them is not certain.
        """
        for agent, online in zip(self._agents, self._schedule.initial_online.tolist(), strict=True):
            wanted = ONLINE if online else OFFLINE
            if agent.known != wanted or online:
                self._to_align.append((agent, wanted))
        self._settled = settled
        for _ in range(_ALIGNED_AT_ONCE):
            self._align_next()
        self._report_settled()

    def start(self, origin_ns: int) -> None:
        """Begin: the schedule's zero is this time."""
        # Lists: taking one item of a numpy array, and comparing it, costs many times as much.
        self._due_ns = (self._schedule.due_ns + origin_ns).tolist()
        self._machine = self._schedule.machine.tolist()
        self._action = self._schedule.action.tolist()

    def fire(self, now_ns: int) -> None:
        """Send what is due."""
        while self.next_due_ns <= now_ns:
            row = self._next
            self._next += 1
            self._act(row)

    def stop(self) -> None:
        """The run is cut short: send nothing more. What is under way may be answered."""
        self._next = len(self._due_ns)
        for agent in self._agents:
            self._under_way -= len(agent.waiting)
            agent.waiting.clear()

    def finish(self, now_ns: int) -> int:
        """It is over now: note what was not answered. How many heartbeats were due and never sent."""
        unsent = sum(len(agent.waiting) for agent in self._agents)
        unsent += sum(due_ns <= now_ns for due_ns in self._due_ns[self._next :])
        self.stop()
        for agent in self._agents:
            if agent.request is not None:
                agent.request.abort()
                self._history.write(agent.machine, *agent.beat, NEVER_NS, UNANSWERED)
        return unsent

    def announced(self, machine: int, status: int, has_last_seen: bool) -> None:
        """An event of one of these machines arrived: the cleanup job's tells that a silent machine is offline now."""
        if has_last_seen or status != OFFLINE:
            return
        agent = self._agents[machine]
        if agent.request is None and self._is_silent(agent, self._line.now_ns()):
            agent.known = status

    def write_sent_ns(self, machine: int, status: int, last_seen_ms: int) -> int:
        """When the heartbeat was sent that an event tells of; 0 if it is none of the machine's latest one.

        For the live display: of several events after a heartbeat the first one is taken for its own.
        """
        agent = self._agents[machine]
        if agent.patched_ms == last_seen_ms:
            return 0
        if agent.beat.status != status or not agent.beat.is_transition:
            return agent.former.sent_ns if agent.former.status == status and agent.former.is_transition else 0
        if agent.told_ms is None:
            agent.told_ms = last_seen_ms
        return agent.beat.sent_ns if agent.told_ms == last_seen_ms else 0

    def patched(self, machine: int, last_seen_ms: int) -> None:
        """A PATCH with this `last_seen` leaves: the event that tells of it is no heartbeat's."""
        self._agents[machine].patched_ms = last_seen_ms

    def _act(self, row: int) -> None:
        action = self._action[row]
        if action == Action.CRASH:
            return  # silence: what follows is that the schedule has nothing for it
        agent = self._agents[self._machine[row]]
        status = OFFLINE if action == Action.DOWN else ONLINE
        due_ns = self._due_ns[row]
        if agent.request is not None:
            agent.waiting.append((status, due_ns))
            self._under_way += 1
        else:
            self._send(agent, status, due_ns, due_ns)

    def _send(self, agent: _Agent, status: int, due_ns: int, ready_ns: int) -> None:
        now_ns = self._line.now_ns()
        before = UNKNOWN if self._is_silent(agent, now_ns) else agent.known
        agent.former = agent.beat
        agent.beat = _Beat(status, before, due_ns, ready_ns, now_ns)
        agent.told_ms = None
        self._under_way += 1
        self._changes_under_way += agent.beat.may_change
        agent.request = self._line.beat(agent.machine, status, lambda reply: self._answered(agent, reply))

    def _answered(self, agent: _Agent, reply: Reply) -> None:
        beat = agent.beat
        agent.request = None
        self._under_way -= 1
        self._changes_under_way -= beat.may_change
        acked = 200 <= reply.status < 300
        agent.known = beat.status if acked else UNKNOWN
        if acked:
            agent.contact_ns = reply.arrived_ns
            if beat.is_transition:
                self._transition_acked(reply.arrived_ns)
        acked_ns = reply.arrived_ns if reply.status else NEVER_NS
        self._history.write(agent.machine, *beat, acked_ns, reply.status)
        late_ns = beat.sent_ns - max(beat.due_ns, beat.ready_ns)
        if self._due_ns:
            self._meter.written(reply.arrived_ns - beat.sent_ns, late_ns, reply.status, reply.reason)
        else:  # before its schedule begins
            self._meter.answered(reply.status, reply.reason)
        if agent.waiting:
            waiting, waited_due_ns = agent.waiting.popleft()
            self._under_way -= 1
            self._send(agent, waiting, waited_due_ns, max(waited_due_ns, reply.arrived_ns))
        self._align_next()
        self._report_settled()

    def _is_silent(self, agent: _Agent, now_ns: int) -> bool:
        """Whether the cleanup job may have marked it offline by now, so that its status is not known for sure."""
        return agent.known == ONLINE and now_ns - agent.contact_ns > self._offline_after_ns

    def _align_next(self) -> None:
        if self._to_align:
            agent, status = self._to_align.popleft()
            now_ns = self._line.now_ns()
            self._send(agent, status, now_ns, now_ns)

    def _report_settled(self) -> None:
        if self._settled is not None and self._under_way == 0:
            settled, self._settled = self._settled, None
            settled()
