"""An organisation's probes at the modelled backend."""

from collections.abc import Callable
from typing import Final

from sim.actors import Event, Organisation, SocketListener
from sim.actors.organisation import NO_DASHBOARD
from sim.contract import StatusCode
from sim.history import NEVER_NS, ProbeOutcome, WriteKind
from sim.schedule import ProbeKind, Probing
from sim.virtual.backend import OK, SWITCHING, Backend
from sim.virtual.clock import Clock
from sim.virtual.house import EPOCH_MS
from sim.virtual.line import VirtualLine
from sim.virtual.server import Server
from sim.virtual.socket import VirtualSocket

_K: Final = ProbeKind
_FAULT_OF: Final = {
    _K.FOREIGN_RPC: "skip_membership_rpc",
    _K.FOREIGN_ROWS: "skip_membership_crud",
    _K.FOREIGN_SOCKET: "skip_membership_ws",
    _K.EXPIRED_RPC: "accept_expired",
    _K.EXPIRED_ROWS: "accept_expired",
    _K.EXPIRED_SOCKET: "accept_expired",
    _K.UNSIGNED_RPC: "accept_unsigned",
    _K.UNSIGNED_ROWS: "accept_unsigned",
    _K.UNSIGNED_SOCKET: "accept_unsigned",
}
"""Which fault lets a probe through that must be refused."""
_SOCKETS: Final = frozenset({_K.OWN_SOCKET, _K.FOREIGN_SOCKET, _K.EXPIRED_SOCKET, _K.UNSIGNED_SOCKET})


class VirtualProber:
    """Sends them when they are due."""

    def __init__(
        self,
        organisation: Organisation,
        probing: Probing,
        line: VirtualLine,
        clock: Clock,
        server: Server,
        backend: Backend,
        hold_ns: int,
    ) -> None:
        self._organisation = organisation
        self._probing = probing
        self._line = line
        self._clock = clock
        self._server = server
        self._backend = backend
        self._hold_ns = hold_ns
        self._next = 0
        self._origin_ns = 0
        self._open: dict[tuple[int, int, int], None] = {}
        self._held: dict[_FilterProbe, None] = {}
        self._patching = 0

    @property
    def next_due_ns(self) -> int:
        """When it is to be fired next; NEVER_NS for never."""
        if self._next == len(self._probing.due_ns):
            return NEVER_NS
        return int(self._probing.due_ns[self._next]) + self._origin_ns

    @property
    def awaits_answer(self) -> bool:
        """Whether one is under way that does not only wait for what must not come."""
        return any(kind is not _K.FOREIGN_FILTER for kind, _, _ in self._open)

    @property
    def is_patching(self) -> bool:
        """Whether a PATCH is under way."""
        return self._patching > 0

    def start(self, origin_ns: int) -> None:
        """The window begins, or has begun, at this time."""
        self._origin_ns = origin_ns

    def fire(self, now_ns: int) -> None:
        """Send what is due."""
        while self.next_due_ns <= now_ns:
            kind = ProbeKind(int(self._probing.kind[self._next]))
            self._send(kind, int(self._probing.other[self._next]))
            self._next += 1

    def stop(self) -> None:
        """Send nothing more."""
        self._next = len(self._probing.due_ns)

    def finish(self, now_ns: int) -> None:
        """It is over: note what is open, and close it."""
        for kind, at_ns, other in self._open:
            self._organisation.history.probe(kind, at_ns, NEVER_NS, other, ProbeOutcome.UNANSWERED, 0)
        self._open.clear()
        for probe in list(self._held):
            probe.over(now_ns)

    def _send(self, kind: ProbeKind, other: int) -> None:
        if kind is _K.OWN_PATCH:
            self._patch()
        elif kind is _K.FOREIGN_FILTER:
            self._hold(other)
        else:
            self._ask(kind, other)

    def _ask(self, kind: ProbeKind, other: int) -> None:
        """One request; of a socket, its upgrade alone."""
        ended = self._begun(kind, other)

        def judged() -> bool:
            return kind.is_control or self._backend.faults.strikes(_FAULT_OF[kind])

        def answered(_: int, granted: bool) -> None:
            good = SWITCHING if kind in _SOCKETS else OK
            ended(granted, good if granted else 403 if kind.is_foreign else 401)

        self._server.read(0, judged, answered)

    def _hold(self, other: int) -> None:
        note = self._begun(_K.FOREIGN_FILTER, other)

        def ended(granted: bool, code: int) -> None:
            self._held.pop(probe, None)
            note(granted, code)

        probe = _FilterProbe(self._organisation, other, lambda listener: self._line.open(listener, other), ended)
        self._held[probe] = None
        self._clock.at(self._clock.now_ns + self._hold_ns, probe.over)

    def _patch(self) -> None:
        machine = self._organisation.agents.online_machine(self._next)
        if machine is None:
            return
        ended, sent_ns = self._begun(_K.OWN_PATCH, self._organisation.number), self._clock.now_ns
        last_seen_ms = EPOCH_MS + sent_ns // 1_000_000
        self._patching += 1
        self._organisation.agents.patched(machine, last_seen_ms)

        def answered(arrived_ns: int, status: int) -> None:
            self._patching -= 1
            self._note_patch(machine, sent_ns, arrived_ns, status, last_seen_ms)
            self._organisation.change_acked(arrived_ns)
            ended(True, status)

        self._server.write(lambda: self._backend.patch(self._organisation.number, machine, last_seen_ms), answered)

    def _note_patch(self, machine: int, sent_ns: int, acked_ns: int, status: int, last_seen_ms: int) -> None:
        unknown = StatusCode.UNKNOWN
        self._organisation.history.write(
            machine, unknown, unknown, sent_ns, sent_ns, sent_ns, acked_ns, status, WriteKind.PATCH, last_seen_ms
        )

    def _begun(self, kind: ProbeKind, other: int) -> Callable[[bool, int], None]:
        """A probe is under way; call the result with whether it was granted, and the code."""
        place = (kind, self._clock.now_ns, other)
        self._open[place] = None

        def ended(granted: bool, code: int) -> None:
            if self._open.pop(place, place) is None:
                outcome = ProbeOutcome.GRANTED if granted else ProbeOutcome.REFUSED
                self._organisation.history.probe(kind, place[1], self._clock.now_ns, other, outcome, code)

        return ended


class _FilterProbe:
    """A socket with a filter for another organisation, held open for a while: none of its events must come."""

    def __init__(
        self,
        organisation: Organisation,
        other: int,
        open_socket: Callable[[SocketListener], VirtualSocket],
        ended: Callable[[bool, int], None],
    ) -> None:
        self._organisation = organisation
        self._other = other
        self._ended = ended
        self._granted = False
        self._socket = open_socket(self)

    def opened(self, at_ns: int) -> None:  # noqa: ARG002  (a listener's)
        self._socket.subscribe()

    def subscribed(self, at_ns: int) -> None: ...

    def event(self, arrived_ns: int, event: Event) -> None:
        self._organisation.delivered(NO_DASHBOARD, arrived_ns, event)
        self._granted |= event.owner == self._other

    def stray(self, arrived_ns: int, event: Event) -> None: ...

    def pong(self, at_ns: int) -> None: ...

    def breach(self, at_ns: int) -> None: ...

    def closed(self, at_ns: int, code: int, reason: str) -> None:  # noqa: ARG002  (a listener's)
        self._ended(self._granted, code)

    def over(self, now_ns: int) -> None:  # noqa: ARG002  (a step's)
        """It was held open for long enough."""
        self._socket.close()
        self._ended(self._granted, 0)
