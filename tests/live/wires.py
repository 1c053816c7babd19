"""A listening port whose connections the test serves itself, in one thread: cheap enough for many examples."""

import fcntl
import select
import socket
import struct
import termios
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise

from sim.live.wire.socket import Address
from tests.live.peers import LONGEST_WAIT_S
from tests.live.waiting import turn_hub


class Port:
    """A port that accepts when it is told to."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.address: Address = (int(socket.AF_INET), ("127.0.0.1", listener.getsockname()[1]))

    def accept(self) -> "Wire":
        """The oldest connection that is not accepted yet; BlockingIOError if there is none."""
        raw, _ = self._listener.accept()
        return Wire(raw)


class Wire:
    """The peer's end of a connection to something on the hub of this thread."""

    def __init__(self, raw: socket.socket) -> None:
        raw.settimeout(LONGEST_WAIT_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._raw = raw

    def take_head(self) -> bytes:
        """What has been sent up to an empty line, with what came with it."""
        head = b""
        while b"\r\n\r\n" not in head:
            turn_hub()
            head += self._raw.recv(65_536)
        return head

    def feed(self, pieces: Iterable[bytes]) -> None:
        """Send these one by one, each handled before the next is sent, until the other side closes."""
        try:
            for piece in pieces:
                self._raw.sendall(piece)
                self._wait_until_delivered()
                turn_hub()
        except ConnectionError:
            pass  # its answer to what came before

    def end(self) -> None:
        """Send nothing more."""
        with suppress(OSError):  # the other side was first
            self._raw.shutdown(socket.SHUT_WR)
        turn_hub()

    def close(self) -> None:
        self._raw.close()

    def _wait_until_delivered(self) -> None:
        """The kernel has handed over all that was sent, or the connection is gone."""
        ended = select.poll()
        ended.register(self._raw, 0)  # what ends it is reported all the same
        while struct.unpack("i", fcntl.ioctl(self._raw, termios.TIOCOUTQ, bytes(4)))[0] and not ended.poll(0):
            turn_hub()


@contextmanager
def port() -> Iterator[Port]:
    """A port while the context lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Port(listener)


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """`data` cut at these places, counted modulo its length."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in pairwise(places)]
