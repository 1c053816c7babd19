"""The agents of one organisation: they send the schedule's heartbeats at their due times, each agent one at a time."""

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import Final

from gevent import get_hub

from sim.contract import Status, StatusCode, heartbeat_request
from sim.history import NEVER_NS, UNANSWERED, HistoryBuilder
from sim.live.credentials import Machine
from sim.live.http import HttpRequest, Reply
from sim.live.line import Line
from sim.live.tally import Tally
from sim.schedule import Action, Schedule

_CODE: Final = {Status.ONLINE: int(StatusCode.ONLINE), Status.OFFLINE: int(StatusCode.OFFLINE)}
_ALIGNED_AT_ONCE: Final = 4
"""Before the window an organisation's machines are brought to their states a few at a time, not as a storm."""


class _Agent:
    """One machine's agent. A real one waits for the answer to a heartbeat before it sends the next."""

    __slots__ = ("known", "last_contact_ns", "machine", "node_key", "request", "sent", "waiting")

    def __init__(self, number: int, machine: Machine, known: int, now_ns: int) -> None:
        self.machine = number
        self.node_key = machine.node_key
        self.known = known
        """The status that the target has of it, as far as we know (StatusCode)."""
        self.last_contact_ns = now_ns
        self.request: HttpRequest | None = None
        self.sent = (0, 0, 0, 0, 0)
        """Of the request under way: status, before, due, ready, sent."""
        self.waiting: deque[tuple[Status, int]] = deque()
        """Heartbeats that became due while the one before was under way: status, due time."""


class Agents:
    """Paces one organisation's heartbeats: open loop, so a slow target does not slow the schedule."""

    def __init__(
        self,
        machines: Sequence[Machine],
        schedule: Schedule,
        line: Line,
        history: HistoryBuilder,
        tally: Tally,
        offline_after_ns: int,
        transition_acked: Callable[[int], None],
    ) -> None:
        now_ns = monotonic_ns()
        unknown = int(StatusCode.UNKNOWN)
        self._agents = [_Agent(n, machines[n], unknown, now_ns) for n in range(schedule.machines)]
        self._schedule = schedule
        self._line = line
        self._history = history
        self._tally = tally
        self._offline_after_ns = offline_after_ns
        self._transition_acked = transition_acked
        self._due_ns: list[int] = []
        self._machine: list[int] = []
        self._action: list[int] = []
        self._next = 0
        self._origin_ns = 0
        self._timer = get_hub().loop.timer(0.0)
        self._under_way = 0
        self._to_align: deque[tuple[_Agent, Status]] = deque()
        self._settled: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a heartbeat is under way, waits, or is still due."""
        return self._under_way > 0 or self._next < len(self._due_ns)

    def learn(self, machine: int, status: str) -> None:
        """The target says that a machine has this status."""
        self._agents[machine].known = int(StatusCode.of(status))

    def align(self, settled: Callable[[], None]) -> None:
        """Bring every machine to the state in which the schedule begins; `settled` is called when all are."""
        for agent, online in zip(self._agents, self._schedule.initial_online.tolist(), strict=True):
            wanted = Status.ONLINE if online else Status.OFFLINE
            if agent.known != _CODE[wanted]:
                self._to_align.append((agent, wanted))
        self._settled = settled
        for _ in range(_ALIGNED_AT_ONCE):
            self._align_next()
        self._report_settled()

    def start(self, origin_ns: int) -> None:
        """Begin: the schedule's zero is this time of the monotonic clock."""
        self._origin_ns = origin_ns
        # Lists: taking one item of a numpy array, and comparing it, costs many times as much.
        self._due_ns = (self._schedule.due_ns + origin_ns).tolist()
        self._machine = self._schedule.machine.tolist()
        self._action = self._schedule.action.tolist()
        self._arm()

    def stop(self) -> None:
        """The run is cut short: send nothing more. What is under way may be answered."""
        self._timer.stop()
        self._next = len(self._due_ns)
        for agent in self._agents:
            self._under_way -= len(agent.waiting)
            agent.waiting.clear()

    def close(self) -> int:
        """The run is over: note what was not answered. How many heartbeats were due and never sent."""
        unsent = len(self._due_ns) - self._next + sum(len(agent.waiting) for agent in self._agents)
        self.stop()
        for agent in self._agents:
            if agent.request is not None:
                self._line.pool.abort(agent.request)
                status, before, due_ns, ready_ns, sent_ns = agent.sent
                self._history.write(agent.machine, status, before, due_ns, ready_ns, sent_ns, NEVER_NS, UNANSWERED)
        return unsent

    def announced(self, machine: int, status: int, has_last_seen: bool) -> None:
        """An event of one of these machines arrived: the cleanup job's tells that a silent machine is offline now."""
        if has_last_seen or status != StatusCode.OFFLINE:
            return
        agent = self._agents[machine]
        if agent.request is None and self._is_silent(agent, monotonic_ns()):
            agent.known = status

    def last_sent_ns(self, machine: int, status: int) -> int:
        """When this machine's latest heartbeat with this status was sent, for the live display; 0 for never."""
        sent = self._agents[machine].sent
        return sent[4] if sent[0] == status else 0

    def _arm(self) -> None:
        if self._next < len(self._due_ns):
            self._timer.stop()
            self._timer.close()
            wait_ns = max(0, self._due_ns[self._next] - monotonic_ns())
            self._timer = get_hub().loop.timer(wait_ns / 1e9)
            self._timer.start(self._fire, update=True)

    def _fire(self) -> None:
        now_ns = monotonic_ns()
        try:
            while self._next < len(self._due_ns) and self._due_ns[self._next] <= now_ns:
                row = self._next
                self._next += 1
                self._act(row)
        finally:
            self._arm()

    def _act(self, row: int) -> None:
        action = self._action[row]
        if action == Action.CRASH:
            return  # silence: what follows is that the schedule has nothing for it
        agent = self._agents[self._machine[row]]
        status = Status.OFFLINE if action == Action.DOWN else Status.ONLINE
        due_ns = self._due_ns[row]
        if agent.request is not None:
            agent.waiting.append((status, due_ns))
            self._under_way += 1
        else:
            self._send(agent, status, due_ns, due_ns)

    def _send(self, agent: _Agent, status: Status, due_ns: int, ready_ns: int) -> None:
        body = heartbeat_request(agent.node_key, status)
        now_ns = monotonic_ns()
        before = StatusCode.UNKNOWN if self._is_silent(agent, now_ns) else agent.known
        agent.sent = (_CODE[status], int(before), due_ns, ready_ns, now_ns)
        self._under_way += 1
        agent.request = self._line.beat(body, lambda reply: self._answered(agent, reply))

    def _answered(self, agent: _Agent, reply: Reply) -> None:
        status, before, due_ns, ready_ns, sent_ns = agent.sent
        agent.request = None
        self._under_way -= 1
        acked = 200 <= reply.status < 300
        agent.known = status if acked else int(StatusCode.UNKNOWN)
        if acked:
            agent.last_contact_ns = reply.arrived_ns
            if before not in (StatusCode.UNKNOWN, status):
                self._transition_acked(reply.arrived_ns)
        acked_ns = reply.arrived_ns if reply.status else NEVER_NS
        self._history.write(agent.machine, status, before, due_ns, ready_ns, sent_ns, acked_ns, reply.status)
        self._tally.write(reply.arrived_ns - sent_ns, sent_ns - max(due_ns, ready_ns), reply.status, reply.reason)
        if agent.waiting:
            waiting, waited_due_ns = agent.waiting.popleft()
            self._under_way -= 1
            self._send(agent, waiting, waited_due_ns, max(waited_due_ns, reply.arrived_ns))
        self._align_next()
        self._report_settled()

    def _is_silent(self, agent: _Agent, now_ns: int) -> bool:
        """Whether the cleanup job may have marked it offline by now, so that its status is not known for sure."""
        return agent.known == StatusCode.ONLINE and now_ns - agent.last_contact_ns > self._offline_after_ns

    def _align_next(self) -> None:
        if self._to_align:
            agent, status = self._to_align.popleft()
            now_ns = monotonic_ns()
            self._send(agent, status, now_ns, now_ns)

    def _report_settled(self) -> None:
        if self._settled is not None and self._under_way == 0:
            settled, self._settled = self._settled, None
            settled()
