"""Real peers on loopback: each connection is served by a script in a thread of its own."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sim.live.wire.socket import Address

LONGEST_WAIT_S = 20.0

Script = Callable[["Connection"], None]


class Connection:
    """The peer's end of a connection, blocking."""

    def __init__(self, raw: socket.socket, number: int) -> None:
        self.raw = raw
        self.number = number
        """0 for the peer's first connection."""
        self._rest = b""
        raw.settimeout(LONGEST_WAIT_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        self.raw.sendall(data)

    def head(self) -> bytes:
        """The next request's head, up to the empty line; empty at the end."""
        while b"\r\n\r\n" not in self._rest:
            chunk = self.raw.recv(65_536)
            if not chunk:
                return b""
            self._rest += chunk
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return head

    def take(self, size: int) -> bytes:
        """The next bytes."""
        while len(self._rest) < size:
            chunk = self.raw.recv(65_536)
            if not chunk:
                raise ConnectionError("the other side has closed")
            self._rest += chunk
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def until_end(self) -> bytes:
        """Everything until the other side closes."""
        data, self._rest = self._rest, b""
        while chunk := self.raw.recv(65_536):
            data += chunk
        return data

    def reset(self) -> None:
        """End it with a reset."""
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.raw.close()


@dataclass
class Peer:
    """A listening peer."""

    address: Address
    accepted: list[Connection] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.address[1][1]


@contextmanager
def peer(script: Script) -> Iterator[Peer]:
    """A peer while the context lasts; whatever its scripts raise is raised at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Peer((int(socket.AF_INET), ("127.0.0.1", listener.getsockname()[1])))
        threads: list[threading.Thread] = []
        acceptor = threading.Thread(target=_accept, args=(listener, found, script, threads))
        acceptor.start()
        try:
            yield found
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join()
            for connection in found.accepted:
                connection.raw.close()
    assert found.errors == []


def closed_port() -> Address:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(socket.AF_INET), ("127.0.0.1", listener.getsockname()[1])


def _accept(listener: socket.socket, found: Peer, script: Script, threads: list[threading.Thread]) -> None:
    while True:
        try:
            raw, _ = listener.accept()
        except OSError:
            return
        connection = Connection(raw, len(found.accepted))
        found.accepted.append(connection)
        threads.append(threading.Thread(target=_serve, args=(connection, script, found.errors)))
        threads[-1].start()


def _serve(connection: Connection, script: Script, errors: list[BaseException]) -> None:
    try:
        script(connection)
    except ConnectionError:
        pass  # the test has ended it
    except BaseException as error:
        errors.append(error)
    finally:
        connection.raw.close()
