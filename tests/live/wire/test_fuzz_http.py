"""Whatever bytes answer a request, it ends once, nothing is raised in the hub, and the next one gets its own answer."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim.live.wire.http import NO_ANSWER, HttpPool, Reply
from tests.live.waiting import Inbox, turn_hub
from tests.live.wires import Port, Wire, pieces, port

MANY = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
NEXT = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"

CUTS = st.lists(st.integers(0, 2**20), max_size=4)
STATUS_LINES = st.one_of(
    st.builds(b"HTTP/1.1 %03d x".__mod__, st.integers(0, 999)),
    st.sampled_from(
        [
            b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/1.1 100 Continue", b"HTTP/1.1 101 x",
            b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 x", b"HTTP/2 200 x", b"HTTP/1.1 2000 x", b"HTTP/1.1 -1 x", b"",
        ]
    ),
    st.binary(max_size=20),
)  # fmt: skip
HEADERS = st.one_of(
    st.sampled_from(
        [
            b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: 500", b"Content-Length: -1",
            b"Content-Length: " + b"9" * 30, b"Content-Length: 5, 5", b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: x", b"Connection: close",
            b"Connection: keep-alive", b"Connection: Upgrade", b"Upgrade: websocket", b"Upgrade: h2c", b"Trailer: x",
            b"X: " + b"x" * 70_000,
            b": x", b"X : y", b" folded", b"X: \xff\x00",
        ]
    ),
    st.binary(max_size=20),
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [
            b"12345", b"5\r\nabcde\r\n0\r\n\r\n", b"5;x=y\r\nabcde\r\n0\r\nTrailer: x\r\n\r\n", b"zz\r\n",
            b"-1\r\n\r\n", b"f" * 16 + b"\r\nabc", b"f" * 17 + b"\r\nabc", b"5\r\nabc", b"3\r\nabcde\r\n0\r\n\r\n",
            NEXT, NEXT * 3,
        ]
    ),
)  # fmt: skip
ANSWERS = st.tuples(
    STATUS_LINES, st.lists(HEADERS, max_size=3), st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]), BODIES
).map(lambda answer: answer[2].join([answer[0], *answer[1], b"", answer[3]]))
SAME_ANSWERS = st.one_of(st.lists(ANSWERS, min_size=1, max_size=3).map(b"".join), st.binary(max_size=100))


@pytest.fixture(scope="module")
def here() -> Iterator[Port]:
    with port() as found:
        yield found


class Asking:
    """A pool, and the peer's end of the connection that its latest request went out on."""

    def __init__(self, here: Port) -> None:
        self._here = here
        self.pool = HttpPool(here.address, "here")
        self.wires: list[Wire] = []

    def ask(self) -> Inbox[Reply]:
        """Send a request; it has arrived when this returns."""
        replies: Inbox[Reply] = Inbox()
        self.pool.request("GET", "/", replies.add)
        turn_hub()
        with suppress(BlockingIOError):  # it went out on the connection that is there
            self.wires.append(self._here.accept())
        self.wires[-1].take_head()
        return replies

    def close(self) -> None:
        self.pool.close()
        for wire in self.wires:
            wire.close()


@MANY
@given(SAME_ANSWERS, CUTS)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345" + NEXT, [43])
@example(b"HTTP/1.1 100 Continue\r\n\r\n" + NEXT, [])
def test_any_answer_ends_its_request_once_and_reaches_no_other(
    here: Port, hub_errors: list[BaseException], answer: bytes, cuts: list[int]
) -> None:
    asking = Asking(here)
    first = asking.ask()
    asking.wires[0].feed(pieces(answer, cuts))
    if not first.items:
        asking.wires[0].end()
    second = asking.ask() if first.wait(1) else Inbox[Reply]()
    asking.wires[-1].feed([NEXT])
    second.wait(1)
    asking.close()
    turn_hub()
    raised = hub_errors.copy()
    hub_errors.clear()
    assert raised == []
    assert [(reply.status, reply.body) for reply in second.items] == [(200, b"next")]
    (reply,) = first.items
    assert reply.status == NO_ANSWER or 200 <= reply.status <= 999
    assert (reply.reason == "") == (reply.status != NO_ANSWER)
    reply.reason.encode()
