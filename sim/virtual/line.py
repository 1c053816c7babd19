"""An organisation's line to the modelled backend."""

from collections.abc import Callable

from sim.actors import Answer, Contents, Handle, Reply, SocketHandle, SocketListener
from sim.history import NEVER_NS
from sim.virtual.backend import Backend
from sim.virtual.clock import Clock
from sim.virtual.network import Delays
from sim.virtual.server import Server
from sim.virtual.socket import VirtualSocket


class VirtualLine:
    """The line of one organisation. `ring` is called for the alarms that its actors set."""

    def __init__(
        self,
        organisation: int,
        clock: Clock,
        server: Server,
        backend: Backend,
        delays: Delays,
        ring: Callable[[int, int], None],
    ) -> None:
        self._organisation = organisation
        self._clock = clock
        self._server = server
        self._backend = backend
        self._delays = delays
        self._ring = ring
        self._closed = False

    def now_ns(self) -> int:
        """The virtual time."""
        return self._clock.now_ns

    def alarm(self, who: int, at_ns: int) -> None:
        """Ring for `who` at this time."""
        if at_ns < NEVER_NS:
            self._clock.at(at_ns, lambda now_ns: self._rung(who, now_ns))

    def connect(self, listener: SocketListener) -> SocketHandle:
        """Open a dashboard's socket."""
        return self.open(listener, None)

    def open(self, listener: SocketListener, row_filter: int | None) -> VirtualSocket:
        """Open a socket whose subscription has a filter for this organisation, or none."""
        return VirtualSocket(self._organisation, listener, self._backend, self._clock, self._delays, row_filter)

    def refetch(self, done: Callable[[Answer], None]) -> Handle:
        """Send the page's refetch."""

        def answered(arrived_ns: int, answer: tuple[int, Contents | None]) -> None:
            status, contents = answer
            if not self._closed:
                done(Answer(Reply(status, arrived_ns), contents))

        rows = len(self._backend.houses[self._organisation].statuses)
        return self._server.read(rows, lambda: self._backend.read(self._organisation), answered)

    def beat(self, machine: int, status: int, done: Callable[[Reply], None]) -> Handle:
        """Send a machine's heartbeat."""
        return self._server.write(
            lambda: self._backend.beat(self._organisation, machine, status),
            lambda arrived_ns, answer: done(Reply(answer, arrived_ns)),
        )

    def close(self) -> None:
        """Nothing is reported any more, and no alarm rings."""
        self._closed = True

    def _rung(self, who: int, now_ns: int) -> None:
        if not self._closed:
            self._ring(who, now_ns)
