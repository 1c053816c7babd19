"""A dashboard's WebSocket: `websockets`' Sans-I/O protocol over a hub socket, plain text frames past it."""

from time import monotonic_ns
from typing import Final, Protocol

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from sim.live.wire.frames import FrameSplitter
from sim.live.wire.socket import Address, Socket

ABNORMAL_CLOSE: Final = 1006
"""RFC 6455, 7.4.1: the connection ended without a close frame."""

LARGEST_HEAD_BYTES: Final = 65_536
"""Longer than the answer to any upgrade: what has no end by then is left to the protocol to refuse."""


class Listener(Protocol):
    """What a WebSocket tells its owner. Times are arrival times on the monotonic clock."""

    def opened(self, at_ns: int) -> None:
        """The upgrade succeeded."""

    def text(self, arrived_ns: int, data: bytes) -> None:
        """A text message arrived."""

    def closed(self, at_ns: int, code: int, reason: str) -> None:
        """It ended by the other side: a close code, or the HTTP status of a refused upgrade."""


class WebSocket:
    """Connects at once. After `close` or `cut` nothing is reported any more."""

    __slots__ = (
        "_fragments",
        "_head",
        "_is_binary",
        "_is_fragmented",
        "_listener",
        "_now_ns",
        "_opened",
        "_over",
        "_protocol",
        "_socket",
        "_splitter",
    )

    def __init__(
        self, address: Address, uri: WebSocketURI, subprotocol: str | None, listener: Listener, now_ns: int
    ) -> None:
        offered = [Subprotocol(subprotocol)] if subprotocol else None
        self._listener = listener
        self._protocol = ClientProtocol(uri, subprotocols=offered)
        self._splitter = FrameSplitter()
        self._fragments: list[bytes] = []
        self._is_fragmented = False
        """Whether a message has begun and not ended yet."""
        self._is_binary = False
        self._opened = False
        self._over = False
        self._now_ns = now_ns
        self._head: bytes | None = b""
        self._socket = Socket(address, self._received, self._ended)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def send_text(self, text: str) -> None:
        """Send a text frame; nothing happens unless it is open."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(text.encode())
            self._flush()

    def drain(self) -> None:
        """Handle what has arrived already."""
        self._socket.drain()

    def close(self) -> None:
        """Close as a browser does that leaves the page: a close frame, and no waiting for the answer."""
        self._over = True
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1001)
            self._flush()
        self._socket.close()

    def cut(self) -> None:
        """End the connection without a close frame, as a network that fails."""
        self._over = True
        self._socket.close()

    def _received(self, arrived_ns: int, data: bytes) -> None:
        self._now_ns = arrived_ns
        if not self._opened:
            data = self._shake_hands(data)
        for plain, frame in self._splitter.split(data):
            if self._over:
                return
            if plain and not self._is_fragmented:
                self._listener.text(arrived_ns, frame)
            else:
                # A whole text between fragments breaks the protocol: it gets its header again, to be refused.
                self._protocol.receive_data(Frame(Opcode.TEXT, frame).serialize(mask=False) if plain else frame)
                self._handle_events()
        self._flush()

    def _shake_hands(self, data: bytes) -> bytes:
        """Feed the answer to the upgrade; the bytes of frames that follow it are returned."""
        if self._head is None:  # refused: what comes is the body of the refusal
            self._feed_handshake(data)
            return b""
        self._head += data
        head, separator, rest = self._head.partition(b"\r\n\r\n")
        if not separator and len(self._head) < LARGEST_HEAD_BYTES:
            return b""
        self._head = None
        self._feed_handshake(head + separator)
        if self._opened or not rest:
            return rest
        self._feed_handshake(rest)
        return b""

    def _feed_handshake(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._handle_events()
        self._check_refusal()

    def _check_refusal(self) -> None:
        refusal = self._protocol.handshake_exc
        if refusal is not None:
            status = refusal.response.status_code if isinstance(refusal, InvalidStatus) else ABNORMAL_CLOSE
            self._finish(self._now_ns, status, f"upgrade refused: {refusal}")

    def _handle_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                if self._protocol.state is State.OPEN:
                    self._opened = True
                    self._listener.opened(self._now_ns)
            elif isinstance(event, Frame):
                self._handle_frame(event)
        if self._opened and not self._over and self._protocol.state is not State.OPEN:
            self._flush()
            close = self._protocol.close_rcvd or self._protocol.close_sent
            self._finish(self._now_ns, close.code if close else ABNORMAL_CLOSE, close.reason if close else "")

    def _handle_frame(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        if frame.opcode is not Opcode.CONT:
            self._is_binary = frame.opcode is Opcode.BINARY
        self._is_fragmented = not frame.fin
        if self._is_binary:
            return  # the contract has none
        self._fragments.append(bytes(frame.data))
        if frame.fin:
            whole = b"".join(self._fragments)
            self._fragments.clear()
            self._listener.text(self._now_ns, whole)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.send(data)

    def _ended(self, reason: str) -> None:
        self._now_ns = monotonic_ns()
        if not self._opened and self._head != b"":  # an answer that ends with the connection, or none of the contract
            self._protocol.receive_eof()
            self._check_refusal()
        self._finish(self._now_ns, ABNORMAL_CLOSE, reason)

    def _finish(self, at_ns: int, code: int, reason: str) -> None:
        if not self._over:
            self._over = True
            self._socket.close()
            self._listener.closed(at_ns, code, reason)
