"""One non-blocking socket on gevent's hub: connects, sends, receives, and says when the kernel received.

Callbacks run in the hub, where nothing may block. Bytes are handed over with the kernel's receive time where the
system stamps packets (SO_TIMESTAMPNS), so that a busy generator does not add its own delay to what it measures.
"""

import _socket
import errno
import os
import socket as names
import struct
import sys
from collections.abc import Callable
from time import monotonic_ns, time_ns
from typing import Final

from gevent import get_hub

from sim.live.wire.open_files import most_sockets

_READ: Final = 1
_WRITE: Final = 2
_CHUNK_BYTES: Final = 65_536
_CONTROL_BYTES: Final = 64
_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h; Python names it only from 3.14 on
_TIMESPEC: Final = struct.Struct("qq")  # struct timespec, 64 bits
_WOULD_BLOCK: Final = (errno.EAGAIN, errno.EWOULDBLOCK)
_CLOSE_READINGS_NS: Final = 2_000  # a reading takes 50 ns
_CLOCK_READINGS: Final = 8

KERNEL_TIMESTAMPS: Final = sys.platform == "linux" and struct.calcsize("l") == 8
"""Whether arrival times are the kernel's; elsewhere they are user-space times."""

Address = tuple[int, tuple[str, int]]
"""Address family, and host and port as numbers."""


class Socket:
    """A stream to one address. `on_bytes(arrived_ns, data)` for what arrives, `on_closed(reason)` once, at its end.

    `on_closed` is not called after `close`. Times are of the monotonic clock.
    """

    __slots__ = ("_closed", "_connecting", "_last_ns", "_on_bytes", "_on_closed", "_out", "_raw", "_reader", "_writer")

    def __init__(
        self, address: Address, on_bytes: Callable[[int, bytes], None], on_closed: Callable[[str], None]
    ) -> None:
        """Begins to connect. What is sent before it is connected waits."""
        family, peer = address
        self._on_bytes = on_bytes
        self._on_closed = on_closed
        self._out = b""
        self._closed = False
        self._connecting = True
        self._last_ns = 0
        _PLACES.take()
        self._raw = _socket.socket(family, names.SOCK_STREAM)
        self._raw.setblocking(False)
        self._raw.setsockopt(names.IPPROTO_TCP, names.TCP_NODELAY, 1)
        if KERNEL_TIMESTAMPS:
            self._raw.setsockopt(names.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._raw.connect_ex(peer)  # EINPROGRESS; how it ends is read when it becomes writable
        loop = get_hub().loop
        self._reader = loop.io(self._raw.fileno(), _READ)
        self._writer = loop.io(self._raw.fileno(), _WRITE)
        self._writer.start(self._writable)

    @property
    def is_closed(self) -> bool:
        """Whether it has ended, by either side."""
        return self._closed

    def send(self, data: bytes) -> None:
        """Send now, or as soon as the peer takes it."""
        if self._closed:
            return
        if self._connecting or self._out:
            self._out += data
            return
        self._out = data
        self._flush()

    def close(self) -> None:
        """Close at once; nothing is reported any more."""
        if not self._closed:
            self._closed = True
            self._reader.stop()
            self._reader.close()
            self._writer.stop()
            self._writer.close()
            self._raw.close()
            _PLACES.give_back()

    def drain(self) -> None:
        """Handle what has arrived already, without waiting for the hub's turn."""
        while not (self._closed or self._connecting) and self._receive() == _CHUNK_BYTES:
            pass

    def _writable(self) -> None:
        if self._connecting:
            code = self._raw.getsockopt(names.SOL_SOCKET, names.SO_ERROR)
            if code:
                self._end(os.strerror(code).lower())
                return
            self._connecting = False
            self._reader.start(self._receive)
        self._flush()

    def _flush(self) -> None:
        if self._out:
            try:
                self._out = self._out[self._raw.send(self._out) :]
            except OSError as error:
                if error.errno not in _WOULD_BLOCK:
                    self._end(str(error.strerror).lower())
                    return
        if not self._out:
            self._writer.stop()
        else:
            self._writer.start(self._writable)  # does nothing where it is started already

    def _receive(self) -> int:
        """Hand over one chunk; its length."""
        try:
            data, extra, _, _ = self._raw.recvmsg(_CHUNK_BYTES, _CONTROL_BYTES)
        except OSError as error:
            if error.errno not in _WOULD_BLOCK:
                self._end(str(error.strerror).lower())
            return 0
        if not data:
            self._end("connection closed by the target")
            return 0
        arrived_ns = _on_monotonic_clock(extra[0][2]) if extra else monotonic_ns()
        if arrived_ns < self._last_ns:
            arrived_ns = self._last_ns
        self._last_ns = arrived_ns
        self._on_bytes(arrived_ns, data)
        return len(data)

    def _end(self, reason: str) -> None:
        if not self._closed:
            self.close()
            self._on_closed(reason)


class _Places:
    """How many sockets this process has open; it may have so many that what is left suffices for all else."""

    def __init__(self) -> None:
        self._open = 0

    def take(self) -> None:
        """Raises `OSError` where none is left."""
        if self._open >= most_sockets():
            raise OSError(
                errno.EMFILE,
                f"saturated: all {self._open:,} sockets that this worker may have are open; use more workers",
            )
        self._open += 1

    def give_back(self) -> None:
        """One was closed."""
        self._open -= 1


_PLACES: Final = _Places()


def _on_monotonic_clock(stamp: bytes) -> int:
    """A kernel stamp, which is of the wall clock, on the monotonic clock; never later than now."""
    before_ns = monotonic_ns()
    wall_ns = time_ns()
    if monotonic_ns() - before_ns > _CLOSE_READINGS_NS:
        before_ns, wall_ns = _read_both_clocks()
    seconds, nanoseconds = _TIMESPEC.unpack_from(stamp)
    age_ns = wall_ns - seconds * 1_000_000_000 - nanoseconds
    return before_ns - age_ns if age_ns > 0 else before_ns


def _read_both_clocks() -> tuple[int, int]:
    """The monotonic and the wall clock, read back to back.

    A process that is put aside between the two readings would shift what is computed from them by so long.
    """
    for _ in range(_CLOCK_READINGS):
        before_ns = monotonic_ns()
        wall_ns = time_ns()
        if monotonic_ns() - before_ns <= _CLOSE_READINGS_NS:
            break
    return before_ns, wall_ns
