"""A dashboard's socket: frames of the contract on one side, a WebSocket on the other."""

from collections.abc import Callable
from typing import Final

import msgspec

from sim.actors import SocketListener
from sim.contract import MACHINES_CHANNEL, PING_FRAME, ServerFrame, subscribe_frame
from sim.errors import UNREADABLE
from sim.live.wire.events import EventReader
from sim.live.wire.websocket import Listener, WebSocket

Opener = Callable[[Listener], WebSocket]
"""Opens a WebSocket that reports to this listener."""

_FRAME: Final = msgspec.json.Decoder(ServerFrame)


class PageSocket:
    """Reads what arrives for the page, and writes what it sends."""

    __slots__ = ("_events", "_filter", "_listener", "_websocket")

    def __init__(
        self, listener: SocketListener, events: EventReader, row_filter: str | None, open_websocket: Opener
    ) -> None:
        """`row_filter` is the organisation of the subscription's filter; None for a bare one (contract 1, C4)."""
        self._listener = listener
        self._events = events
        self._filter = row_filter
        self._websocket = open_websocket(self)

    # What the page does.

    def subscribe(self) -> None:
        """Subscribe to the machines channel."""
        self._websocket.send_text(subscribe_frame(self._filter))

    def ping(self) -> None:
        """Send a ping."""
        self._websocket.send_text(PING_FRAME)

    def close(self) -> None:
        """Close it as a browser does that leaves the page."""
        self._websocket.close()

    def cut(self) -> None:
        """End it as a network does that fails."""
        self._websocket.cut()

    def drain(self) -> None:
        """Report what has arrived already."""
        self._websocket.drain()

    # What the WebSocket reports.

    def opened(self, at_ns: int) -> None:
        """The upgrade succeeded."""
        self._listener.opened(at_ns)

    def text(self, arrived_ns: int, data: bytes) -> None:
        """A frame arrived."""
        try:
            frame = _FRAME.decode(data)
        except UNREADABLE:
            self._listener.breach(arrived_ns)
            return
        if frame.type == "event":
            self._event(arrived_ns, frame)
        elif frame.type == "subscribed":
            self._listener.subscribed(arrived_ns)
        elif frame.type == "pong":
            self._listener.pong(arrived_ns)

    def closed(self, at_ns: int, code: int, reason: str) -> None:
        """The WebSocket ended, or its upgrade was refused."""
        self._listener.closed(at_ns, code, reason)

    def _event(self, arrived_ns: int, frame: ServerFrame) -> None:
        report = self._listener.event if frame.channel == MACHINES_CHANNEL else self._listener.stray
        if frame.payload is not None and (frame.payload.id or frame.channel != MACHINES_CHANNEL):
            report(arrived_ns, self._events.read(frame.payload))
        elif frame.channel == MACHINES_CHANNEL:
            self._listener.breach(arrived_ns)
