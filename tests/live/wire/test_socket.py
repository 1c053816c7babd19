import socket
import threading
from itertools import pairwise
from time import monotonic_ns

import pytest

from sim.live.wire.socket import KERNEL_TIMESTAMPS, Address, Socket
from tests.live.peers import LONGEST_WAIT_S, Connection, closed_port, peer
from tests.live.waiting import Inbox, turn_hub

Report = tuple[str, int, bytes]


class Ends:
    """A socket whose reports are collected: what arrived, and why it ended."""

    def __init__(self, address: Address) -> None:
        self.inbox: Inbox[Report] = Inbox()
        self.socket = Socket(
            address,
            lambda at_ns, data: self.inbox.add(("bytes", at_ns, data)),
            lambda reason: self.inbox.add((reason, 0, b"")),
        )

    @property
    def received(self) -> bytes:
        return b"".join(data for kind, _, data in self.inbox.items if kind == "bytes")

    def reason(self) -> str:
        """Why it ended."""
        return self.inbox.wait_until(lambda: self.inbox.items[-1:] != [] and self.inbox.items[-1][0] != "bytes")[-1][0]


def test_a_refused_connection_ends_with_its_reason() -> None:
    ends = Ends(closed_port())
    ends.socket.send(b"hello")
    assert ends.reason() == "connection refused"
    assert ends.socket.is_closed
    assert len(ends.inbox.items) == 1


@pytest.mark.parametrize("port", [0, 1])
def test_an_address_that_nobody_can_connect_to_ends_once(port: int) -> None:
    ends = Ends((int(socket.AF_INET), ("127.0.0.1", port)))
    assert ends.reason()
    assert len(ends.inbox.items) == 1


def test_what_is_sent_before_it_is_connected_arrives_in_order() -> None:
    got: list[bytes] = []
    with peer(lambda connection: got.append(connection.take(9))) as found:
        ends = Ends(found.address)
        for part in (b"one", b"two", b"six"):
            ends.socket.send(part)
        assert ends.reason() == "connection closed by the target"
    assert got == [b"onetwosix"]


def test_more_than_the_peer_takes_at_once_arrives_whole() -> None:
    data = bytes(range(256)) * 40_000  # 10 MB: more than both kernel buffers hold
    may_read = threading.Event()

    def script(connection: Connection) -> None:
        assert may_read.wait(LONGEST_WAIT_S)
        connection.send(b"whole" if connection.take(len(data)) == data else b"broken")

    with peer(script) as found:
        ends = Ends(found.address)
        for at in range(0, len(data), 1_000_000):
            ends.socket.send(data[at : at + 1_000_000])
            turn_hub()
        may_read.set()
        ends.reason()
        assert ends.received == b"whole"


def test_stamps_never_lie_ahead_and_never_go_back() -> None:
    def script(connection: Connection) -> None:
        for _ in range(200):
            connection.send(b"x")
            connection.take(1)

    with peer(script) as found:
        from_ns = monotonic_ns()
        stamps: list[tuple[int, int]] = []

        def arrived(at_ns: int, data: bytes) -> None:
            stamps.append((at_ns, monotonic_ns()))
            echo.send(data)

        inbox: Inbox[str] = Inbox()
        echo = Socket(found.address, arrived, inbox.add)
        inbox.wait(1)
    assert len(stamps) == 200
    assert all(from_ns <= at_ns <= now_ns for at_ns, now_ns in stamps)
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(stamps))


def test_the_stamp_is_of_the_arrival_and_not_of_the_reading() -> None:
    asked, sent = threading.Semaphore(0), threading.Semaphore(0)

    def script(connection: Connection) -> None:
        connection.send(b"first")
        for _ in range(20):
            assert asked.acquire(timeout=LONGEST_WAIT_S)
            connection.send(b"x")
            sent.release()

    with peer(script) as found:
        ends = Ends(found.address)
        ends.inbox.wait(1)
        before_reading = []
        for _ in range(20):
            asked.release()
            assert sent.acquire(timeout=LONGEST_WAIT_S)
            known_ns, count = monotonic_ns(), len(ends.inbox.items)
            at_ns = ends.inbox.wait(count + 1)[count][1]
            before_reading.append(at_ns <= known_ns)
        ends.socket.close()
    # The system may need a moment until it stamps; without stamps every time is that of the reading.
    assert any(before_reading) is KERNEL_TIMESTAMPS


def test_drain_handles_what_has_arrived_without_the_hub() -> None:
    data = b"0123456789" * 5_000
    asked, sent = threading.Event(), threading.Event()

    def script(connection: Connection) -> None:
        connection.send(b"first")
        assert asked.wait(LONGEST_WAIT_S)
        connection.send(data)
        sent.set()
        connection.until_end()

    with peer(script) as found:
        ends = Ends(found.address)
        ends.inbox.wait(1)
        asked.set()
        assert sent.wait(LONGEST_WAIT_S)
        ends.socket.drain()
        assert ends.received == b"first" + data
        ends.socket.close()


def test_drain_before_it_is_connected_does_nothing() -> None:
    with peer(lambda connection: connection.send(b"hello")) as found:
        ends = Ends(found.address)
        ends.socket.drain()
        assert ends.inbox.items == []
        assert ends.reason() == "connection closed by the target"
        assert ends.received == b"hello"


def test_nothing_is_reported_after_close() -> None:
    with peer(lambda connection: connection.send(b"hello")) as found:
        ends = Ends(found.address)
        ends.socket.close()
        ends.socket.close()
        ends.socket.send(b"nothing")
        ends.socket.drain()
        turn_hub()
    assert ends.inbox.items == []
    assert ends.socket.is_closed


def test_a_reset_ends_it_with_its_reason() -> None:
    def script(connection: Connection) -> None:
        connection.take(1)
        connection.reset()

    with peer(script) as found:
        ends = Ends(found.address)
        ends.socket.send(b"?")
        assert ends.reason() == "connection reset by peer"
