"""Whatever bytes a peer sends, a WebSocket reports them in order, ends once, and nothing is raised in the hub."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import WebSocketURI

from tests.live.wire.test_websocket import Fact, Listening, accepted
from tests.live.wires import Port, pieces, port
from tests.wire_frames import framed, streams

MANY = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
INT64 = range(-(2**63), 2**63)

CUTS = st.lists(st.integers(0, 2**20), max_size=4)
TEXTS = st.sampled_from([b'{"type":"pong"}', "é".encode(), b"\xff", b""])
STREAMS = streams(TEXTS, masked=False)

HEADER_NAMES = st.sampled_from(
    [
        b"Upgrade", b"Connection", b"Sec-WebSocket-Accept", b"Sec-WebSocket-Protocol", b"Sec-WebSocket-Extensions",
        b"Content-Length", b"Transfer-Encoding", b"Location", b"Retry-After", b"", b"\xff", b"A B", b"X" * 9_000,
    ]
)  # fmt: skip
HEADER_VALUES = st.one_of(
    st.sampled_from(
        [
            b"websocket", b"Upgrade", b"{accept}", b"permessage-deflate", b"access_token.x", b"chunked", b"-1", b"0",
            b"5", b"9" * 30, b"9" * 5_000, b"\xff\xfe", b"a\x00b", b",", b"=", b"", b"x" * 9_000, "é".encode(),
        ]
    ),
    st.binary(max_size=10),
)  # fmt: skip
STATUS_LINES = st.one_of(
    st.sampled_from(
        [
            b"HTTP/1.1 101 Switching", b"HTTP/1.1 101", b"HTTP/1.0 101 x", b"HTTP/2 101 x", b"HTTP/1.1 200 OK",
            b"HTTP/1.1 401 \xff", b"HTTP/1.1 000 x", b"HTTP/1.1 99 x", b"HTTP/1.1 1000 x", b"HTTP/1.1 999 x",
            b"HTTP/1.1 -12 x", b"HTTP/1.1 204 No Content", b"HTTP/1.1 302 Found", b"",
        ]
    ),
    st.binary(max_size=20),
)  # fmt: skip
RIGHT = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: {accept}")
HEADS = st.tuples(
    STATUS_LINES,
    st.sampled_from([(), RIGHT, RIGHT[:2], RIGHT * 2]),
    st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES).map(lambda header: b"%b: %b" % header), max_size=3),
    st.sampled_from([b"\r\n", b"\n", b"\r"]),
).map(lambda head: head[3].join([head[0], *head[1], *head[2], b"", b""]))


@pytest.fixture(scope="module")
def here() -> Iterator[Port]:
    with port() as found:
        yield found


def told(here: Port, answer: bytes, cuts: Sequence[int]) -> list[Fact]:
    """What a WebSocket reports of an answer in pieces, its `{accept}` filled in, and of the end after it."""
    listening = Listening(here.address)
    wire = here.accept()
    good = accepted(wire.take_head())
    accept = good.partition(b"Accept: ")[2].removesuffix(b"\r\n\r\n")
    wire.feed(pieces(answer.replace(b"{accepted}", good).replace(b"{accept}", accept), cuts))
    wire.end()
    facts = listening.until_closed()
    wire.close()
    assert listening.times_ns == sorted(listening.times_ns)
    return facts


def check_order(facts: Sequence[Fact], hub_errors: list[BaseException]) -> None:
    """`opened` at most once and first, `closed` once and last, and what it says can be kept and printed."""
    raised = hub_errors.copy()
    hub_errors.clear()
    assert raised == []
    kinds = [kind for kind, _ in facts]
    opened = kinds[:1] == ["opened"]
    assert kinds == ["opened"] * opened + ["text"] * (len(kinds) - opened - 1) + ["closed"]
    assert opened or len(kinds) == 1
    ended = facts[-1][1]
    assert isinstance(ended, tuple)
    code, reason = ended
    assert int(code) in INT64  # an IntEnum would be looked for one by one
    assert isinstance(reason, str)
    reason.encode()


@MANY
@given(st.one_of(HEADS, st.binary(max_size=200)), STREAMS, CUTS)
def test_any_answer_to_the_upgrade_is_reported_in_order(
    here: Port, hub_errors: list[BaseException], head: bytes, rest: bytes, cuts: list[int]
) -> None:
    check_order(told(here, head + rest, cuts), hub_errors)


def by_websockets(stream: bytes) -> tuple[list[bytes], tuple[int, str] | None]:
    """The text messages that the library's protocol reads in the whole stream, and its close frame: the witness."""
    protocol = ClientProtocol(WebSocketURI(secure=False, host="a", port=1, path="/", query=""))
    request = protocol.connect()
    protocol.send_request(request)
    protocol.receive_data(accepted(request.serialize()))
    protocol.receive_data(stream)
    protocol.receive_eof()
    messages: list[tuple[Opcode, bytes]] = []
    kind, whole = Opcode.TEXT, b""
    for event in protocol.events_received():
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            kind, whole = (kind, whole) if event.opcode is Opcode.CONT else (event.opcode, b"")
            whole += bytes(event.data)
            if event.fin:
                messages.append((kind, whole))
    texts = [data for kind, data in messages if kind is Opcode.TEXT]
    close = protocol.close_rcvd
    return texts, None if close is None else (close.code, close.reason)


@MANY
@given(STREAMS, CUTS)
@example(framed(0x02, b"") + framed(0x80, b""), [])
@example(framed(0x02, b"binary") + framed(0x81, b"text"), [])
@example(framed(0x01, b"") + framed(0x81, b"text"), [])
def test_any_frames_in_any_pieces_are_read_as_the_library_reads_them_whole(
    here: Port, hub_errors: list[BaseException], stream: bytes, cuts: list[int]
) -> None:
    facts = told(here, b"{accepted}" + stream, cuts)
    check_order(facts, hub_errors)
    texts, close = by_websockets(stream)
    assert facts[0] == ("opened", None)
    assert [value for kind, value in facts if kind == "text"] == texts
    if close is not None:
        assert facts[-1] == ("closed", close)
