"""Sends one organisation's probes: it tries what it must not get, and what it must get, and notes what came of it."""

from collections.abc import Callable, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import cycle
from time import monotonic_ns, time_ns
from typing import Final, NamedTuple

from sim import actors
from sim.actors import Answer
from sim.actors.organisation import NO_DASHBOARD
from sim.contract import (
    RPC_PATH,
    TOKEN_SUBPROTOCOL_PREFIX,
    StatusCode,
    last_seen_patch,
    machine_query,
    rows_query,
    stats_request,
)
from sim.history import NEVER_NS, UNANSWERED, Breach, HistoryBuilder, ProbeOutcome, WriteKind
from sim.live.access.credentials import Organisation
from sim.live.access.tokens import forged
from sim.live.figures.tally import Tally
from sim.live.probes.answers import RPCS, is_success, judge
from sim.live.probes.sockets import SOCKETS, House, ProbeSocket, Waits
from sim.live.wire.answers import Reader
from sim.live.wire.events import EventReader
from sim.live.wire.http import NO_ANSWER, HttpPool, HttpRequest, Reply
from sim.live.wire.line import Route
from sim.live.wire.page_socket import PageSocket
from sim.live.wire.websocket import Listener, WebSocket
from sim.scenario import Scenario
from sim.schedule import ProbeKind, Probing

_PATCHED_AHEAD_S: Final = 30
"""A PATCH sets `last_seen` so far ahead, to a whole second, which is all that some targets keep: no heartbeat has that
time now, and the cleanup job comes no earlier for it."""

ANSWER_TIMEOUT_NS: Final = 30_000_000_000

_EXPIRED: Final = frozenset({ProbeKind.EXPIRED_RPC, ProbeKind.EXPIRED_ROWS, ProbeKind.EXPIRED_SOCKET})
_UNSIGNED: Final = frozenset({ProbeKind.UNSIGNED_RPC, ProbeKind.UNSIGNED_ROWS, ProbeKind.UNSIGNED_SOCKET})


class _Probe(NamedTuple):
    row: int
    kind: ProbeKind
    other: int
    due_ns: int
    at_ns: int


class _Question:
    """A probe's request under way; `answered` is called once."""

    is_held = False

    __slots__ = ("_answered", "_deadline_ns", "_pool", "_request")

    def __init__(
        self, pool: HttpPool, request: HttpRequest, answered: Callable[[Reply], None], deadline_ns: int
    ) -> None:
        self._pool = pool
        self._request = request
        self._answered = answered
        self._deadline_ns = deadline_ns

    def wake(self, now_ns: int) -> int:
        """End it if its time is up. When to look again; NEVER_NS if it has ended."""
        if now_ns < self._deadline_ns:
            return self._deadline_ns
        self._end(Reply(NO_ANSWER, now_ns, b"", "no answer in time"))
        return NEVER_NS

    def give_up(self, now_ns: int) -> None:
        """The run is over."""
        self._end(Reply(UNANSWERED, now_ns, b"", ""))

    def _end(self, reply: Reply) -> None:
        self._pool.abort(self._request)
        self._answered(reply)


class Prober:
    """Rung by its organisation: `fire` at `next_due_ns`, which is to be read again after `start` and each `fire`."""

    def __init__(
        self,
        organisation: int,
        probing: Probing,
        scenario: Scenario,
        route: Route,
        organisations: Sequence[Organisation],
        reader: Reader,
        events: EventReader,
        history: HistoryBuilder,
        tally: Tally,
        house: House,
        online_machine: Callable[[], tuple[int, str] | None],
    ) -> None:
        """`organisations` are all of the run, by number; `online_machine` gives an own machine's number and id.

        It should be one that is online as far as is known; None for no such machine.
        """
        self._organisation = organisation
        self._probing = probing
        self._options = scenario.dashboard
        self._patch_announces = scenario.target.patch_announces
        self._waits = Waits(
            ANSWER_TIMEOUT_NS, round(scenario.probes.hold_s * 1e9), round(scenario.loss.deadline_s * 1e9)
        )
        self._route = route
        self._ids = [entry.org_id for entry in organisations]
        self._expired = organisations[organisation].expired_token
        self._forged = cycle(forged(route.token))
        self._reader = reader
        self._events = events
        self._history = history
        self._tally = tally
        self._house = house
        self._online_machine = online_machine
        self._pool = HttpPool(route.address, route.host)
        self._due_ns: list[int] = []
        self._next = 0
        self._under_way: dict[int, ProbeSocket | _Question] = {}
        self._looks: list[tuple[int, int]] = []
        self._patches = 0
        self._last_seen_ms = 0

    @property
    def next_due_ns(self) -> int:
        """When the next probe is due, or the time of one that is under way may be up; NEVER_NS for never."""
        due_ns = self._due_ns[self._next] if self._next < len(self._due_ns) else NEVER_NS
        return min(due_ns, self._looks[0][0]) if self._looks else due_ns

    @property
    def is_busy(self) -> bool:
        """Whether a probe is under way."""
        return bool(self._under_way)

    @property
    def awaits_answer(self) -> bool:
        """Whether one is under way that does not only wait for what must not come."""
        return any(not attempt.is_held for attempt in self._under_way.values())

    @property
    def is_patching(self) -> bool:
        """Whether a PATCH is under way."""
        return self._patches > 0

    def start(self, origin_ns: int) -> None:
        """The window begins at this time of the monotonic clock."""
        self._due_ns = (self._probing.due_ns + origin_ns).tolist()

    def fire(self, now_ns: int) -> None:
        """Send what is due, and end what has waited too long."""
        while self._next < len(self._due_ns) and self._due_ns[self._next] <= now_ns:
            self._next += 1
            self._send(self._next - 1)
        while self._looks and self._looks[0][0] <= now_ns:
            self._look(heappop(self._looks)[1], now_ns)

    def stop(self) -> None:
        """Send nothing more. What is under way may be answered."""
        self._next = len(self._due_ns)

    def finish(self, now_ns: int) -> None:
        """The run is over: note what is open, and close it."""
        self.stop()
        for attempt in list(self._under_way.values()):
            attempt.give_up(now_ns)
        self._looks.clear()
        self._pool.close()

    # One probe.

    def _send(self, row: int) -> None:
        """Begin a probe, if there is what it needs."""
        kind, other = ProbeKind(int(self._probing.kind[row])), int(self._probing.other[row])
        token = self._token(kind)
        if token is None:
            return
        probe = _Probe(row, kind, other, self._due_ns[row], monotonic_ns())
        if kind is ProbeKind.OWN_PATCH:
            self._patch(probe, token)
        elif kind in SOCKETS:
            self._open(probe, token)
        elif kind in RPCS:
            self._ask(probe, token, "POST", RPC_PATH, stats_request(self._ids[other]), partial(self._answered, probe))
        else:
            self._ask(probe, token, "GET", rows_query(self._ids[other]), b"", partial(self._answered, probe))
        self._look(row, probe.at_ns)

    def _token(self, kind: ProbeKind) -> str | None:
        if kind in _EXPIRED:
            return self._expired
        return next(self._forged, None) if kind in _UNSIGNED else self._route.token

    def _look(self, row: int, now_ns: int) -> None:
        attempt = self._under_way.get(row)
        if attempt is not None:
            look_ns = attempt.wake(now_ns)
            if look_ns < NEVER_NS:
                heappush(self._looks, (look_ns, row))

    def _end(self, probe: _Probe, ended_ns: int, outcome: ProbeOutcome, code: int) -> None:
        del self._under_way[probe.row]
        self._history.probe(probe.kind, probe.at_ns, ended_ns, probe.other, outcome, max(code, NO_ANSWER))

    # Sockets.

    def _open(self, probe: _Probe, token: str) -> None:
        self._under_way[probe.row] = ProbeSocket(
            probe.kind,
            self._organisation,
            partial(self._connect, probe, token),
            self._waits,
            self._house,
            self._history,
            self._tally,
            partial(self._end, probe),
            probe.at_ns,
        )

    def _connect(self, probe: _Probe, token: str, listener: actors.SocketListener) -> PageSocket:
        asks_by_filter = probe.kind is ProbeKind.FOREIGN_FILTER
        to_id = self._route.organisation_id if asks_by_filter else self._ids[probe.other]
        row_filter = self._ids[probe.other] if asks_by_filter or self._options.subscribe == "filtered" else None
        in_url = self._options.token_in == "url"
        uri = self._route.socket_uri(token if in_url else None, to_id)
        subprotocol = None if in_url else TOKEN_SUBPROTOCOL_PREFIX + token

        def opened(page: Listener) -> WebSocket:
            return WebSocket(self._route.address, uri, subprotocol, page, probe.at_ns)

        return PageSocket(listener, self._events, row_filter, opened)

    # Requests.

    def _ask(
        self, probe: _Probe, token: str, method: str, path: str, body: bytes, answered: Callable[[Reply], None]
    ) -> None:
        request = self._pool.request(method, self._route.path(path), answered, token, body)
        deadline_ns = probe.at_ns + self._waits.answer_ns
        self._under_way[probe.row] = _Question(self._pool, request, answered, deadline_ns)

    def _answered(self, probe: _Probe, reply: Reply) -> None:
        self._note_answer(probe, reply)

    def _note_answer(self, probe: _Probe, reply: Reply) -> ProbeOutcome:
        if reply.status == NO_ANSWER:
            self._tally.answered(NO_ANSWER, reply.reason)
        judgement = judge(probe.kind, reply, self._reader)
        if judgement.is_breach:
            self._history.breach(NO_DASHBOARD, reply.arrived_ns, Breach.ANSWER)
        if judgement.contents is not None:
            bare = actors.Reply(reply.status, reply.arrived_ns, reply.reason)
            self._house.inspected(NO_DASHBOARD, Answer(bare, judgement.contents))
        self._end(probe, reply.arrived_ns, judgement.outcome, reply.status)
        return judgement.outcome

    def _patch(self, probe: _Probe, token: str) -> None:
        chosen = self._online_machine()
        if chosen is None:
            return
        machine, machine_id = chosen
        # Its event is known by this value: no other PATCH may set it, and no heartbeat may set it now.
        now_s = time_ns() // 1_000_000_000
        self._last_seen_ms = max((now_s + _PATCHED_AHEAD_S) * 1_000, self._last_seen_ms + 1_000)
        self._patches += 1
        self._house.patched(machine, self._last_seen_ms)
        org_id = self._route.organisation_id
        body = last_seen_patch(org_id, machine_id, self._last_seen_ms)
        patched = partial(self._patched, probe, machine, self._last_seen_ms)
        self._ask(probe, token, "PATCH", machine_query(org_id, machine_id), body, patched)

    def _patched(self, probe: _Probe, machine: int, last_seen_ms: int, reply: Reply) -> None:
        outcome = self._note_answer(probe, reply)
        self._patches -= 1
        # A success that changed nothing, or does not say so, is none: its event is not to be expected.
        status = NO_ANSWER if is_success(reply.status) and outcome is not ProbeOutcome.GRANTED else reply.status
        acked_ns = reply.arrived_ns if status > NO_ANSWER else NEVER_NS
        unknown = StatusCode.UNKNOWN
        self._history.write(
            machine, unknown, unknown, probe.due_ns, probe.due_ns, probe.at_ns, acked_ns, status, WriteKind.PATCH,
            last_seen_ms,
        )  # fmt: skip
        if outcome is ProbeOutcome.GRANTED and self._patch_announces:
            self._house.change_acked(reply.arrived_ns)
