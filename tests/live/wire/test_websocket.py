import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic_ns

import pytest
from websockets.frames import Close, Frame, Opcode
from websockets.sync.server import ServerConnection, serve
from websockets.uri import WebSocketURI
from websockets.utils import accept_key

from sim.live.wire.frames import LARGEST_FRAME_BYTES
from sim.live.wire.socket import Address
from sim.live.wire.websocket import ABNORMAL_CLOSE, WebSocket
from tests.live.peers import LONGEST_WAIT_S, Connection, closed_port, peer
from tests.live.waiting import Inbox, turn_hub

Fact = tuple[str, object]


class Listening:
    """A WebSocket whose reports are collected: ("opened", None), ("text", data), ("closed", (code, reason))."""

    def __init__(self, address: Address, subprotocol: str | None = None) -> None:
        self.inbox: Inbox[Fact] = Inbox()
        self.times_ns: list[int] = []
        uri = WebSocketURI(secure=False, host="127.0.0.1", port=address[1][1], path="/api/realtime", query="org_id=a")
        self.socket = WebSocket(address, uri, subprotocol, self, monotonic_ns())

    def opened(self, at_ns: int) -> None:
        self.times_ns.append(at_ns)
        self.inbox.add(("opened", None))

    def text(self, arrived_ns: int, data: bytes) -> None:
        self.times_ns.append(arrived_ns)
        self.inbox.add(("text", data))

    def closed(self, at_ns: int, code: int, reason: str) -> None:
        self.times_ns.append(at_ns)
        self.inbox.add(("closed", (code, reason)))

    def until_closed(self) -> list[Fact]:
        return self.inbox.wait_until(lambda: any(kind == "closed" for kind, _ in self.inbox.items))

    def texts(self) -> list[object]:
        return [value for kind, value in self.until_closed() if kind == "text"]

    def close_code(self) -> int:
        closes = [value for kind, value in self.until_closed() if kind == "closed"]
        assert len(closes) == 1
        assert isinstance(closes[0], tuple)
        return int(closes[0][0])


def text(data: bytes, fin: bool = True) -> bytes:
    return Frame(Opcode.TEXT, data, fin=fin).serialize(mask=False)


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=False)


def close(code: int, reason: str = "") -> bytes:
    return frame(Opcode.CLOSE, Close(code, reason).serialize())


def accepted(head: bytes) -> bytes:
    """The answer to an upgrade."""
    key = next(line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept_key(key.decode()).encode() + b"\r\n\r\n"
    )


def sends(*parts: bytes) -> Callable[[Connection], None]:
    """A script: accept the upgrade and send these, the first with the answer, then wait for the end."""

    def script(connection: Connection) -> None:
        connection.send(accepted(connection.head()) + parts[0])
        for part in parts[1:]:
            connection.send(part)
        connection.until_end()

    return script


def answers(answer: bytes) -> Callable[[Connection], None]:
    """A script: answer the upgrade with this, and end."""

    def script(connection: Connection) -> None:
        connection.head()
        connection.send(answer)

    return script


@contextmanager
def real_server(handler: Callable[[ServerConnection], None]) -> Iterator[Address]:
    """`websockets`' own server."""
    with serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.socket.family), ("127.0.0.1", server.socket.getsockname()[1])
        finally:
            server.shutdown()
            thread.join()


def test_it_speaks_with_websockets_own_server() -> None:
    got: list[str | bytes] = []

    def handler(connection: ServerConnection) -> None:
        got.append(connection.recv(timeout=LONGEST_WAIT_S))
        connection.send("plain")
        connection.send(["in ", "three ", "parts"])
        assert connection.ping().wait(LONGEST_WAIT_S)
        connection.send("é" * 70_000)
        connection.close(4000, "Heartbeat timeout")

    with real_server(handler) as address:
        listening = Listening(address)
        listening.inbox.wait(1)
        listening.socket.send_text('{"type":"subscribe"}')
        assert listening.texts() == [b"plain", b"in three parts", ("é" * 70_000).encode()]
        assert listening.inbox.items[-1] == ("closed", (4000, "Heartbeat timeout"))
    assert got == ['{"type":"subscribe"}']
    assert listening.times_ns == sorted(listening.times_ns)


def test_the_token_goes_into_the_subprotocol_where_it_is_asked_for() -> None:
    def handler(connection: ServerConnection) -> None:
        connection.send(connection.subprotocol or "none")

    with serve(handler, "127.0.0.1", 0, subprotocols=["access_token.abc"]) as server:  # type: ignore[list-item]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        listening = Listening((int(server.socket.family), server.socket.getsockname()), "access_token.abc")
        assert listening.texts() == [b"access_token.abc"]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("cut", [1, 15, 40, 100])
def test_an_answer_to_the_upgrade_in_pieces(cut: int) -> None:
    def script(connection: Connection) -> None:
        answer = accepted(connection.head()) + text(b"first")
        for at in range(0, len(answer), cut):
            connection.send(answer[at : at + cut])
        connection.send(close(1000))
        connection.until_end()

    with peer(script) as found:
        listening = Listening(found.address)
        assert listening.texts() == [b"first"]
        assert listening.inbox.items[0] == ("opened", None)


def test_frames_in_the_packet_of_the_answer() -> None:
    many = b"".join(text(b"%d" % k) for k in range(50))
    with peer(sends(many + text(b"a", fin=False) + frame(Opcode.CONT, b"b") + close(1000))) as found:
        listening = Listening(found.address)
        assert listening.texts() == [*(b"%d" % k for k in range(50)), b"ab"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 12\r\n\r\n{\"no\": true}", 401),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403),
        (b"HTTP/1.1 429 Too Many Requests\r\n\r\n", 429),
        (b"HTTP/1.1 500 Broken\r\nConnection: close\r\n\r\nuntil the end", 500),
        (b"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 401),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Accept: AAAA\r\n\r\n", ABNORMAL_CLOSE),
        (b"hello\r\n\r\n", ABNORMAL_CLOSE),
        (b"hello", ABNORMAL_CLOSE),
        (b"", ABNORMAL_CLOSE),
        (b"\x00\xff" * 50_000, ABNORMAL_CLOSE),
        (b"x" * 100_000, ABNORMAL_CLOSE),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000, ABNORMAL_CLOSE),
    ],
)  # fmt: skip
def test_an_upgrade_that_is_not_granted_is_reported_once(answer: bytes, code: int) -> None:
    with peer(answers(answer)) as found:
        listening = Listening(found.address)
        assert listening.close_code() == code
        turn_hub()
        assert [kind for kind, _ in listening.inbox.items] == ["closed"]


@pytest.mark.parametrize("cut", [1, 20])
def test_a_refusal_in_pieces_keeps_its_status(cut: int) -> None:
    answer = b'HTTP/1.1 401 Unauthorized\r\nContent-Length: 12\r\n\r\n{"no": true}'

    def script(connection: Connection) -> None:
        connection.head()
        for at in range(0, len(answer), cut):
            connection.send(answer[at : at + cut])
        connection.until_end()

    with peer(script) as found:
        assert Listening(found.address).close_code() == 401


def test_a_ping_is_answered_with_its_data() -> None:
    pongs: list[bytes] = []

    def script(connection: Connection) -> None:
        connection.send(accepted(connection.head()) + frame(Opcode.PING, b"abc"))
        head = connection.take(2)
        mask = connection.take(4)
        pongs.append(head + bytes(a ^ b for a, b in zip(connection.take(3), mask[:3], strict=True)))
        connection.send(close(1000))
        connection.until_end()

    with peer(script) as found:
        assert Listening(found.address).close_code() == 1000
    assert pongs == [b"\x8a\x83abc"]


def test_fragments_with_control_frames_between_them() -> None:
    parts = [
        text(b"one ", fin=False),
        frame(Opcode.PING, b"x"),
        frame(Opcode.CONT, b"two ", fin=False),
        frame(Opcode.PONG, b""),
        frame(Opcode.CONT, b"three"),
        text(b"four"),
        close(1000),
    ]
    with peer(sends(*parts)) as found:
        assert Listening(found.address).texts() == [b"one two three", b"four"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (close(4000, "Heartbeat timeout"), 4000),
        (close(1001), 1001),
        (frame(Opcode.CLOSE, b""), 1005),
        (text(b"z" * (LARGEST_FRAME_BYTES + 1)), 1009),
        (b"\x81\x7f" + (2**62).to_bytes(8, "big"), 1009),
        (b"\xc1\x03abc", 1002),
        (Frame(Opcode.TEXT, b"masked").serialize(mask=True), 1002),
        (frame(Opcode.CONT, b"of nothing"), 1002),
        (text(b"a", fin=False) + text(b"b"), 1002),
        (text(b"z" * 600_000, fin=False) + frame(Opcode.CONT, b"z" * 600_000), 1009),
    ],
)
def test_how_it_ends_is_reported_with_its_code(sent: bytes, code: int) -> None:
    with peer(sends(text(b"before") + sent)) as found:
        listening = Listening(found.address)
        assert listening.close_code() == code
        assert listening.texts() == [b"before"]


def test_an_abrupt_end_is_1006() -> None:
    def script(connection: Connection) -> None:
        connection.send(accepted(connection.head()) + text(b"before") + text(b"cut")[:4])

    with peer(script) as found:
        listening = Listening(found.address)
        assert listening.close_code() == ABNORMAL_CLOSE
        assert listening.texts() == [b"before"]


def test_nobody_there_is_1006_with_the_reason() -> None:
    listening = Listening(closed_port())
    assert listening.until_closed() == [("closed", (ABNORMAL_CLOSE, "connection refused"))]


def test_close_says_that_the_page_is_left() -> None:
    got: list[int | None] = []

    def handler(connection: ServerConnection) -> None:
        for _ in connection:
            pass
        got.append(connection.protocol.close_rcvd.code if connection.protocol.close_rcvd else None)

    with real_server(handler) as address:
        listening = Listening(address)
        listening.inbox.wait(1)
        listening.socket.close()
        listening.socket.send_text("nothing")
        listening.socket.drain()
    assert got == [1001]
    assert listening.inbox.items == [("opened", None)]


def test_cut_sends_no_close_frame_and_reports_nothing() -> None:
    got: list[bytes] = []

    def script(connection: Connection) -> None:
        connection.send(accepted(connection.head()))
        got.append(connection.until_end())

    with peer(script) as found:
        listening = Listening(found.address)
        listening.inbox.wait(1)
        listening.socket.cut()
    assert got == [b""]
    assert listening.inbox.items == [("opened", None)]


@pytest.mark.parametrize("how", ["close", "cut"])
def test_a_listener_that_ends_it_gets_no_further_text(how: str) -> None:
    with peer(sends(text(b"last") + text(b"never") + text(b"never"))) as found:
        inbox: Inbox[bytes] = Inbox()

        class Leaving(Listening):
            def text(self, arrived_ns: int, data: bytes) -> None:
                del arrived_ns
                inbox.add(data)
                getattr(self.socket, how)()

        leaving = Leaving(found.address)
        inbox.wait(1)
        turn_hub()
    assert inbox.items == [b"last"]
    assert [kind for kind, _ in leaving.inbox.items] == ["opened"]


def test_it_can_be_ended_before_it_is_connected() -> None:
    ended = Listening(closed_port())
    ended.socket.close()
    turn_hub()
    assert ended.inbox.items == []
