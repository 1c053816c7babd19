"""A modelled socket: the page's end, the backend's end, and a pipe each way between them."""

from typing import Final, Protocol

from sim.actors import Event, SocketListener
from sim.virtual.clock import Clock, Step
from sim.virtual.network import Delays, Pipe

ABNORMAL_CLOSE: Final = 1006
"""RFC 6455, 7.4.1: the connection ended without a close frame."""


class Doorkeeper(Protocol):
    """What a socket needs of the backend."""

    def admit(self, organisation: int) -> int:
        """101, or the status of a refusal."""

    def join(self, socket: "VirtualSocket") -> None:
        """It is open."""

    def subscribe(self, socket: "VirtualSocket", row_filter: int | None) -> None:
        """It subscribes."""

    def part(self, socket: "VirtualSocket") -> None:
        """It is gone."""

    def answers_pings(self) -> bool:
        """Whether the next ping is answered."""


class VirtualSocket:
    """Opened by the page. `row_filter` is the organisation that its subscription's filter names, None for no filter."""

    __slots__ = (
        "_backend", "_clock", "_down", "_is_gone", "_is_over", "_listener", "_row_filter", "_up", "is_subscribed",
        "organisation", "silent_ns",
    )  # fmt: skip

    def __init__(
        self,
        organisation: int,
        listener: SocketListener,
        backend: Doorkeeper,
        clock: Clock,
        delays: Delays,
        row_filter: int | None = None,
    ) -> None:
        self.organisation = organisation
        self.is_subscribed = False
        """At the backend."""
        self.silent_ns = 0
        """When the backend saw it open, or ping, last."""
        self._listener = listener
        self._backend = backend
        self._clock = clock
        self._row_filter = row_filter
        self._up, self._down = Pipe(delays), Pipe(delays)
        self._is_over = False
        """The page has been told, or does not want to know."""
        self._is_gone = False
        """The backend knows it no more."""
        self._to_backend(self._upgraded)
        until_cut_ns = delays.until_cut_ns()
        if until_cut_ns is not None:
            clock.at(clock.now_ns + until_cut_ns, lambda _: self.abort())

    # The page's end.

    def subscribe(self) -> None:
        """Subscribe to the machines channel."""
        self._to_backend(self._subscribed)

    def ping(self) -> None:
        """Send a ping."""
        self._to_backend(self._pinged)

    def close(self) -> None:
        """Close it as a browser does that leaves the page."""
        self._is_over = True
        self._to_backend(lambda _: self._part())

    def cut(self) -> None:
        """End it as a network does that fails."""
        self.close()

    def drain(self) -> None:
        """Nothing waits unseen: what arrives is reported at its time."""

    # The backend's end.

    def send_event(self, event: Event) -> None:
        """Send an event frame, if it is subscribed."""
        if self.is_subscribed:
            self._to_page(lambda now_ns: self._listener.event(now_ns, event))

    def send_garbage(self) -> None:
        """Send what is no frame of the contract."""
        if self.is_subscribed:
            self._to_page(self._listener.breach)

    def evict(self, code: int) -> None:
        """Close it with a code."""
        self._part()
        self._end(code, "closed by the backend")

    def abort(self) -> None:
        """The connection breaks."""
        if not self._is_gone:
            self._part()
            self._end(ABNORMAL_CLOSE, "")

    def _upgraded(self, now_ns: int) -> None:
        status = self._backend.admit(self.organisation)
        if status != 101:
            self._is_gone = True
            self._end(status, f"upgrade refused: {status}")
            return
        self.silent_ns = now_ns
        self._backend.join(self)
        self._to_page(self._listener.opened)

    def _subscribed(self, now_ns: int) -> None:  # noqa: ARG002  (a step's)
        self._backend.subscribe(self, self._row_filter)
        self.is_subscribed = True
        self._to_page(self._listener.subscribed)

    def _pinged(self, now_ns: int) -> None:
        self.silent_ns = now_ns
        if self._backend.answers_pings():
            self._to_page(self._listener.pong)

    def _part(self) -> None:
        self._is_gone = True
        self.is_subscribed = False
        self._backend.part(self)

    def _end(self, code: int, reason: str) -> None:
        def ended(now_ns: int) -> None:
            self._is_over = True
            self._listener.closed(now_ns, code, reason)

        self._to_page(ended)

    def _to_backend(self, step: Step) -> None:
        at_ns = self._up.arrival_ns(self._clock.now_ns)
        self._clock.at(at_ns, lambda now_ns: None if self._is_gone else step(now_ns))

    def _to_page(self, step: Step) -> None:
        self._clock.at(
            self._down.arrival_ns(self._clock.now_ns), lambda now_ns: None if self._is_over else step(now_ns)
        )
