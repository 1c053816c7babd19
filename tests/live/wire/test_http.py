import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic_ns

import pytest

from sim.live.wire.http import LARGEST_ANSWER_BYTES, NO_ANSWER, HttpPool, Reply
from tests.live.peers import LONGEST_WAIT_S, Connection, Peer, Script, closed_port, peer
from tests.live.waiting import Inbox, turn_hub


class Client:
    """A pool whose replies are collected in the order in which they come."""

    def __init__(self, pool: HttpPool) -> None:
        self.pool = pool
        self.replies: Inbox[Reply] = Inbox()

    def get(self, path: str = "/") -> Reply:
        """The reply to a request that nothing else is under way beside."""
        count = len(self.replies.items)
        self.pool.request("GET", path, self.replies.add)
        return self.replies.wait(count + 1)[count]


@contextmanager
def client(script: Script) -> Iterator[tuple[Client, Peer]]:
    with peer(script) as found:
        made = Client(HttpPool(found.address, "target:1"))
        try:
            yield made, found
        finally:
            made.pool.close()


def ok(body: bytes = b"yes", extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (extra, len(body), body)


def answering(connection: Connection) -> None:
    """Answers every request with its own path."""
    while head := connection.head():
        connection.send(ok(head.split(b" ")[1]))


def once(answer: bytes) -> Script:
    """A script: one request, this answer, and wait for the end."""

    def script(connection: Connection) -> None:
        if connection.head():
            connection.send(answer)
            connection.until_end()

    return script


def test_a_connection_carries_one_request_after_the_other() -> None:
    with client(answering) as (made, found):
        assert [made.get(f"/{k}") for k in range(5)] == [
            Reply(200, reply.arrived_ns, b"/%d" % k, "") for k, reply in enumerate(made.replies.items)
        ]
        assert len(found.accepted) == 1


def test_requests_at_once_have_a_connection_each_and_their_own_answers() -> None:
    with client(answering) as (made, found):
        got: dict[str, bytes] = {}
        done: Inbox[str] = Inbox()

        def keep(path: str, reply: Reply) -> None:
            got[path] = reply.body
            done.add(path)

        for k in range(8):
            made.pool.request("GET", f"/{k}", lambda reply, path=f"/{k}": keep(path, reply))  # type: ignore[misc]
        done.wait(8)
        assert got == {path: path.encode() for path in got}
        assert len(found.accepted) == 8
        made.get()
        assert len(found.accepted) == 8


def test_what_is_sent_is_a_request_of_http_1_1() -> None:
    heads: list[bytes] = []

    def script(connection: Connection) -> None:
        heads.append(connection.head())
        heads.append(connection.take(2))
        connection.send(ok())

    with client(script) as (made, _):
        made.pool.request("POST", "/a?b=c", made.replies.add, token="abc", body=b"{}")
        made.replies.wait(1)
    assert heads[0].split(b"\r\n") == [
        b"POST /a?b=c HTTP/1.1",
        b"host: target:1",
        b"authorization: Bearer abc",
        b"content-type: application/json",
        b"content-length: 2",
    ]
    assert heads[1] == b"{}"


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (ok(b""), 200, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", 503, b"busy"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n",
            200,
            b"abc0123456789abcdef",
        ),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(), 200, b"yes"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + ok(), 200, b"yes"),
    ],
)
def test_answers_of_every_form(answer: bytes, status: int, body: bytes) -> None:
    with client(once(answer)) as (made, _):
        reply = made.get()
        assert (reply.status, reply.body, reply.reason) == (status, body, "")


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_an_answer_in_pieces(cut: int) -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"0123456789" * 10)

    def script(connection: Connection) -> None:
        while connection.head():
            for at in range(0, len(answer), cut):
                connection.send(answer[at : at + cut])

    with client(script) as (made, found):
        assert [made.get().body for _ in range(2)] == [b"0123456789" * 10] * 2
        assert len(found.accepted) == 1


def test_a_large_answer_is_whole() -> None:
    body = bytes(range(256)) * 20_000
    with client(once(ok(body))) as (made, _):
        assert made.get().body == body


def test_connection_close_is_obeyed() -> None:
    def script(connection: Connection) -> None:
        connection.head()
        connection.send(ok(b"last", b"Connection: close\r\n"))
        connection.until_end()

    with client(script) as (made, found):
        assert [made.get().body for _ in range(3)] == [b"last"] * 3
        assert len(found.accepted) == 3


def test_a_reused_connection_that_was_closed_costs_one_silent_resend() -> None:
    def script(connection: Connection) -> None:
        connection.head()
        connection.send(ok(b"%d" % connection.number))
        if connection.number == 0:
            connection.head()
            connection.reset()
        else:
            connection.until_end()

    with client(script) as (made, found):
        assert [made.get().body for _ in range(2)] == [b"0", b"1"]
        assert len(found.accepted) == 2


def test_the_resend_does_not_take_another_connection_that_was_closed_too() -> None:
    """As after a restart of the target: every idle connection has ended, and none was noticed yet."""
    both, asked, ended = threading.Barrier(2), threading.Event(), threading.Barrier(3)

    def script(connection: Connection) -> None:
        connection.head()
        if connection.number < 2:
            both.wait(LONGEST_WAIT_S)
            connection.send(ok())
            assert asked.wait(LONGEST_WAIT_S)
            connection.reset()
            ended.wait(LONGEST_WAIT_S)
        else:
            connection.send(ok(b"fresh"))

    with client(script) as (made, found):
        for _ in range(2):
            made.pool.request("GET", "/", made.replies.add)
        made.replies.wait(2)
        asked.set()
        ended.wait(LONGEST_WAIT_S)
        assert made.get() == Reply(200, made.replies.items[2].arrived_ns, b"fresh", "")
        assert len(found.accepted) == 3


def test_a_resend_that_fails_is_reported() -> None:
    def script(connection: Connection) -> None:
        connection.head()
        if connection.number == 0:
            connection.send(ok())
            connection.head()
        connection.reset()

    with client(script) as (made, found):
        assert made.get().status == 200
        assert made.get()[::3] == (NO_ANSWER, "connection reset by peer")
        assert len(found.accepted) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "connection closed by the target"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "connection closed by the target"),
        (b"hello\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "not an HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not an HTTP answer"),
        (b"\x00" * 100, "not an HTTP answer"),
    ],
)
def test_no_answer_has_a_reason(answer: bytes, reason: str) -> None:
    def script(connection: Connection) -> None:
        connection.head()
        connection.send(answer)

    with client(script) as (made, _):
        reply = made.get()
        assert (reply.status, reply.body) == (NO_ANSWER, b"")
        assert reply.reason.startswith(reason)


def test_a_fresh_connection_that_is_reset_is_not_tried_again() -> None:
    def script(connection: Connection) -> None:
        connection.head()
        connection.reset()

    with client(script) as (made, found):
        assert made.get()[::3] == (NO_ANSWER, "connection reset by peer")
        assert len(found.accepted) == 1


def test_nobody_there() -> None:
    made = Client(HttpPool(closed_port(), "target:1"))
    assert made.get()[::3] == (NO_ANSWER, "connection refused")


def test_an_answer_without_end_is_given_up() -> None:
    def script(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        part = b"%x\r\n%s\r\n" % (2**20, bytes(2**20))
        for _ in range((LARGEST_ANSWER_BYTES >> 20) + 8):
            connection.send(part)

    with client(script) as (made, _):
        reply = made.get()
        assert reply.status == NO_ANSWER
        assert "64 MiB" in reply.reason


def test_after_abort_no_reply_comes_and_the_connection_is_closed() -> None:
    ends: list[bytes] = []

    def script(connection: Connection) -> None:
        connection.head()
        ends.append(connection.until_end())

    with client(script) as (made, found):
        replies: Inbox[Reply] = Inbox()
        request = made.pool.request("GET", "/", replies.add)
        while not found.accepted:
            turn_hub()
        made.pool.abort(request)
        made.pool.abort(request)
        turn_hub()
        assert replies.items == []
    assert ends == [b""]


def test_abort_before_the_connection_stands() -> None:
    with client(answering) as (made, _):
        replies: Inbox[Reply] = Inbox()
        made.pool.abort(made.pool.request("GET", "/", replies.add))
        assert made.get("/next").body == b"/next"
        assert replies.items == []


def test_expire_ends_what_was_begun_before() -> None:
    def script(connection: Connection) -> None:
        if connection.head().startswith(b"GET /slow"):
            connection.until_end()
        else:
            connection.send(ok(b"later"))
            connection.until_end()

    with client(script) as (made, _):
        made.pool.request("GET", "/slow", made.replies.add)
        between_ns = monotonic_ns()
        made.pool.request("GET", "/", made.replies.add)
        made.pool.expire(between_ns)
        first, second = made.replies.wait(2)
        assert first[::3] == (NO_ANSWER, "no answer in time")
        assert second.body == b"later"
        made.pool.expire(monotonic_ns())
        assert len(made.replies.items) == 2


def test_after_close_no_reply_comes() -> None:
    with client(answering) as (made, found):
        assert made.get().status == 200
        replies: Inbox[Reply] = Inbox()
        made.pool.request("GET", "/", replies.add)
        made.pool.close()
        turn_hub()
        assert replies.items == []
        assert len(found.accepted) == 1


@pytest.mark.parametrize("extra", [ok(b"uninvited"), b"HTTP/1.1 200 OK\r\nContent-Le", b"garbage"])
def test_what_nobody_asked_for_answers_no_later_request(extra: bytes) -> None:
    def script(connection: Connection) -> None:
        if head := connection.head():
            connection.send(ok(head.split(b" ")[1]) + (extra if connection.number == 0 else b""))
            connection.until_end()

    with client(script) as (made, found):
        assert made.get("/first").body == b"/first"
        assert made.get("/second").body == b"/second"
        assert len(found.accepted) == 2


def test_an_uninvited_answer_on_an_idle_connection_does_not_double_it() -> None:
    asked, sent = threading.Event(), threading.Event()

    def script(connection: Connection) -> None:
        head = connection.head()
        connection.send(ok(head.split(b" ")[1]))
        if connection.number == 0:
            assert asked.wait(LONGEST_WAIT_S)
            connection.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            sent.set()
        connection.until_end()

    with client(script) as (made, found):
        assert made.get("/0").body == b"/0"
        asked.set()
        assert sent.wait(LONGEST_WAIT_S)
        turn_hub()
        for k in (1, 2):
            made.pool.request("GET", f"/{k}", made.replies.add)
        assert sorted(reply.body for reply in made.replies.wait(3)) == [b"/0", b"/1", b"/2"]
        assert len(found.accepted) == 3


def test_a_request_from_within_a_reply_uses_the_connection_again() -> None:
    with client(answering) as (made, found):

        def first(reply: Reply) -> None:
            made.replies.add(reply)
            made.pool.request("GET", "/second", made.replies.add)

        made.pool.request("GET", "/first", first)
        assert [reply.body for reply in made.replies.wait(2)] == [b"/first", b"/second"]
        assert len(found.accepted) == 1
