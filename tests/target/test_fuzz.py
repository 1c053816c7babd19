"""Whatever a client sends, the reference backend answers without an error of its own, says nothing, and serves on."""

import logging
import re
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode, urlsplit

import pytest
from aiohttp import web
from aiohttp.http import HttpProcessingError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from sim.contract import (
    HEARTBEAT_PATH,
    LOGIN_PATH,
    MACHINE_ADMIN_PATH,
    MACHINES_PATH,
    POSTURE_PATH,
    REALTIME_PATH,
    REFRESH_PATH,
    REGISTER_PATH,
    RPC_PATH,
)
from tests.json_texts import Texts, broken, lists, objects, quoted, values, words
from tests.target.servers import LONGEST_WAIT_S, Server, served
from tests.target.test_envelope import assert_an_envelope
from tests.wire_frames import framed, streams

MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
MACHINES = 40
LOGGERS = ("sim.target", "aiohttp", "asyncio")

# What is in braces is filled in with what the server knows.
ORG, MACHINE, NODE_KEY = words("{org}", "{other}", "x"), words("{machine}", "{gone}", ""), words("{node_key}", "x")
STATUSES = words("online", "offline", "pending", "quarantined", "new")
TIMES = words("2026-03-01T12:00:00.000Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "now")
NAMES = st.one_of(words("{name}", "", "x"), st.text(max_size=300).map(quoted))
COLUMNS = {"id": MACHINE, "org_id": ORG, "status": STATUSES, "name": NAMES, "last_seen": TIMES, "os": NAMES}
CONDITIONS = lists(objects({"column": words(*COLUMNS), "op": words("=", ">"), "value": MACHINE}, values()), 3)
FILTERS = st.one_of(objects(COLUMNS, values()), objects({"id": MACHINE}, values()), CONDITIONS)
FIELDS = {
    HEARTBEAT_PATH: {
        "node_key": NODE_KEY, "status": STATUSES, "wg_public_key": NAMES, "version": NAMES,
        "connectivity": values(), "derp_latencies": values(), "endpoints": lists(NAMES, 2),
    },
    REGISTER_PATH: {"auth_key": words("{auth_key}", "x"), "name": NAMES, "os": NAMES, "tags": lists(NAMES, 2)},
    POSTURE_PATH: {"node_key": NODE_KEY, "posture": values(("firewall", "disk_encryption"))},
    RPC_PATH: {"fn": words("get_dashboard_stats", "get_org_members", "x"), "_org_id": ORG},
    MACHINE_ADMIN_PATH: {
        "action": words("approve", "enable", "disable", "quarantine", "unquarantine", "delete", "x"),
        "machine_id": MACHINE, "org_id": ORG,
    },
    LOGIN_PATH: {"email": words("{email}", "x"), "password": words("{password}", "x")},
    REFRESH_PATH: {"refresh_token": words("{refresh}", "x")},
    MACHINES_PATH: {"_filters": FILTERS, "name": NAMES, "status": STATUSES, "last_seen": TIMES},
    REALTIME_PATH: {"type": words("x")},
}  # fmt: skip
PARAMETERS = st.sampled_from(
    ["org_id", "id", "name", "status", "select", "order", "ascending", "limit", "range_from", "range_to", "token"]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            "{org}", "eq.{org}", "{other}", "{machine}", "eq.{machine}", "{token}", "{expired}", "*", "id,name",
            "id.desc", "id.x", "true", "0", "5", "-1", "9" * 15, "9" * 16, "٣", "\x00", "'", "eq.", "é" * 300,
        ]
    ),
    st.text(max_size=10).map(lambda text: text.encode(errors="replace").decode()),
)  # fmt: skip


def _methods(path: str) -> SearchStrategy[str]:
    rest = {MACHINES_PATH: ["GET", "PATCH", "DELETE"], REALTIME_PATH: ["GET"]}
    return st.sampled_from([*rest.get(path, ["POST"]) * 5, "GET", "PUT", "HEAD", "OPTIONS"])


def _bodies(path: str) -> Texts:
    return broken(objects(FIELDS[path], values(tuple(FIELDS[path]))))


REQUESTS = st.one_of(*(st.tuples(_methods(path), st.just(path), _bodies(path)) for path in FIELDS))
TOKENS = st.sampled_from(["Bearer {token}"] * 6 + ["bearer {expired}", "Bearer x", "Bearer a.b.c", "Basic x", ""])


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    with served(machines=(MACHINES, 2)) as server:
        yield server


class _Complaints(logging.Handler):
    """What a server logs, but for what aiohttp says of requests that are not HTTP.

    One of them, CONNECT without a target, its parser lets through, with no URL; it drops the connection all the same.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        excused = {
            "aiohttp.server": isinstance(error, HttpProcessingError | web.RequestPayloadError),
            "asyncio": isinstance(error, AttributeError) and (error.name, error.obj) == ("absolute", None),
        }
        if not excused.get(record.name, False):
            self.texts.append(f"{record.getMessage()}: {error!r}")

    def taken(self) -> list[str]:
        """What was logged since the last call."""
        taken, self.texts = self.texts, []
        return taken


@pytest.fixture(scope="module")
def complaints() -> Iterator[_Complaints]:
    handler = _Complaints()
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    yield handler
    for name in LOGGERS:
        logging.getLogger(name).removeHandler(handler)
    assert handler.texts == []


def filled(server: Server, text: bytes, number: int) -> bytes:
    """With what the server knows: of organisation 0, its machine `number`, and organisation 1."""
    org, machine = server.orgs[0], server.orgs[0].machines[number % MACHINES]
    known = {
        "org": org.org_id, "other": server.orgs[1].org_id, "machine": machine.id, "node_key": machine.node_key,
        "name": machine.name, "gone": f"{machine.id}x", "auth_key": org.auth_key, "email": org.email,
        "password": org.password, "refresh": org.refresh_token, "token": org.token, "expired": org.expired_token,
    }  # fmt: skip
    for name, value in known.items():
        text = text.replace(b"{%b}" % name.encode(), str(value).encode())
    return text


def said(server: Server, data: bytes, leaves: bool) -> bytes:
    """What the server says to a client that sends this and ends its half of the connection, perhaps at once."""
    address = urlsplit(server.running.url)
    with socket.create_connection((address.hostname, address.port), LONGEST_WAIT_S) as raw:
        raw.sendall(data)
        if not leaves:
            server.stats()  # what was sent is handled by the time that this is answered
        answer = b""
        try:
            raw.shutdown(socket.SHUT_WR)
            while chunk := raw.recv(65_536):
                answer += chunk
        except OSError:
            pass  # a reset: the server has left bytes unread
    return answer


@MANY
@given(REQUESTS, TOKENS, st.lists(st.tuples(PARAMETERS, VALUES), max_size=4), st.integers(0))
@example(("GET", MACHINES_PATH, b""), "Bearer {token}", [("id", "x")] * 101, 0)
@example(
    ("PATCH", MACHINES_PATH, b'{"_filters":[' + b",".join([b'{"column":"id","value":"x"}'] * 1_001) + b'],"os":"x"}'),
    "Bearer {token}", [], 0,
)  # fmt: skip
def test_any_request_is_answered_with_an_envelope(
    shared: Server,
    complaints: _Complaints,
    request: tuple[str, str, bytes],
    token: str,
    query: list[tuple[str, str]],
    number: int,
) -> None:
    method, path, body = request

    def full(text: str) -> str:
        return filled(shared, text.encode(), number).decode()

    target = f"{path}?{urlencode([(name, full(value)) for name, value in query])}"
    headers = {"Authorization": full(token)}
    content = filled(shared, body, number)
    answer = shared.http.request(method, target, headers=headers, content=content)
    assert complaints.taken() == []
    assert_an_envelope(answer)


SOCKET = REALTIME_PATH.encode() + b"?org_id={org}&token={token}"
TARGETS = st.tuples(
    st.one_of(st.sampled_from([SOCKET, *(path.encode() for path in FIELDS)]), st.binary(max_size=10)),
    st.lists(
        st.tuples(
            st.one_of(PARAMETERS.map(str.encode), st.binary(max_size=3)),
            st.one_of(
                st.sampled_from([b"{org}", b"{token}", b"%ff", b"%00", b"%ED%A0%80", b"%", b"\xff", b"x" * 9_000]),
                st.binary(max_size=5),
            ),
        ),
        max_size=3,
    ),
).map(lambda target: b"?".join([target[0], *([b"&".join(b"%b=%b" % pair for pair in target[1])] if target[1] else [])]))
HEADER_VALUES = {
    b"Authorization": [
        b"Bearer {token}",
        b"Bearer \xff",
        b"Bearer " + b"W1tb" * 1_500 + b".e30.AAAA",
        b"bearer",
        b"\x00",
    ],
    b"Content-Length": [b"0", b"2", b"5000", b"-1", b"+2", b"9" * 30, b"2, 2", b"x"],
    b"Content-Type": [b"application/json", b"\xff", b"multipart/form-data", b"text/plain; charset=x"],
    b"Content-Encoding": [b"gzip", b"deflate", b"br", b"zstd", b"x"],
    b"Transfer-Encoding": [b"chunked", b"gzip, chunked", b"x"],
    b"Expect": [b"100-continue", b"x"],
    b"Connection": [b"close", b"keep-alive", b"Upgrade", b"\xff"],
    b"Upgrade": [b"websocket", b"h2c", b"WebSocket, x"],
    b"Sec-WebSocket-Key": [b"MDEyMzQ1Njc4OWFiY2RlZg==", b"x", b"\xff\xfe", b"", b"=" * 24],
    b"Sec-WebSocket-Version": [b"13", b"8", b"x", b"13, 8"],
    b"Sec-WebSocket-Protocol": [b"access_token.{token}", b"x, access_token.{token}", b"access_token.\xff", b",", b""],
    b"Sec-WebSocket-Extensions": [b"permessage-deflate", b"permessage-deflate; server_max_window_bits=99", b"\xff;=,"],
    b"Host": [b"", b"\xff", b"a:b:c"],
    b"Range": [b"bytes=5-1"],
    b"Cookie": [b"a=\xff; b", b"=" * 100],
    b"X" * 9_000: [b"x"],
}
Headers = Sequence[tuple[bytes, bytes]]
HEADERS: SearchStrategy[Headers] = st.lists(
    st.one_of(
        *(
            st.tuples(st.just(name), st.one_of(st.sampled_from(some), st.binary(max_size=5)))
            for name, some in HEADER_VALUES.items()
        ),
        st.tuples(st.binary(max_size=5), st.binary(max_size=5)),
    ),
    max_size=4,
)
UPGRADE = (
    (b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"), (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", b"MDEyMzQ1Njc4OWFiY2RlZg=="),
)  # fmt: skip


def _request(start: tuple[bytes, bytes], right: Headers, wrong: Headers, body: bytes, lie: int | None) -> bytes:
    """A request that gives its body's length, off by `lie`, or none where that is None."""
    length = () if lie is None else ((b"Content-Length", b"%d" % (len(body) + lie)),)
    lines = [b"%b: %b" % header for header in ((b"Host", b"here"), *right, *length, *wrong)]
    return b"\r\n".join([b"%b %b HTTP/1.1" % start, *lines, b"", body])


REQUEST = st.builds(
    _request,
    st.tuples(
        st.one_of(st.sampled_from([b"GET", b"POST", b"POST", b"PATCH", b"DELETE", b"CONNECT"]), st.binary(max_size=5)),
        TARGETS,
    ),
    st.sampled_from([(), ((b"Authorization", b"Bearer {token}"),), UPGRADE]),
    HEADERS,
    st.one_of(*map(_bodies, FIELDS), st.binary(max_size=20)),
    st.sampled_from([0, 0, 0, 0, None, 1, -1, 5_000]),
)
HOSTILE = st.one_of(st.lists(REQUEST, min_size=1, max_size=3).map(b"".join), st.binary(max_size=100))


@MANY
@given(HOSTILE, st.booleans())
@example(_request((b"POST", LOGIN_PATH.encode()), (), (), b"{}", 10), True)
@example(_request((b"POST", LOGIN_PATH.encode()), (), ((b"Content-Encoding", b"gzip"),), b"not zipped", 0), False)
@example(_request((b"GET", SOCKET), UPGRADE[:3], ((b"Sec-WebSocket-Key", b"\xff\xfe"),), b"", None), False)
@example(_request((b"GET", SOCKET), UPGRADE, (), b"", None), True)
@example(b"CONNECT \r\nHost: a\r\n\r\n", False)
def test_any_bytes_are_no_error_of_the_servers_own(
    shared: Server, complaints: _Complaints, data: bytes, leaves: bool
) -> None:
    answer = said(shared, filled(shared, data, 0), leaves)
    assert "machines" in shared.stats()
    assert complaints.taken() == []
    assert re.search(rb"^HTTP/1\.[01] 5", answer, re.MULTILINE) is None


TEXTS = st.one_of(
    st.just(b'{"type":"ping"}'),
    broken(
        objects(
            {
                "type": words("ping", "subscribe", "unsubscribe"),
                "channels": lists(words("machines", "audit", "x"), 3),
                "filter": words("org_id=eq.{org}", "org_id=eq.{other}", "=eq."),
            },
            values(("type", "channels", "filter")),
        )
    ),
)


@MANY
@given(st.lists(TEXTS, max_size=5))
def test_any_texts_are_answered_and_the_socket_stays(
    shared: Server, complaints: _Complaints, texts: list[bytes]
) -> None:
    with shared.dashboard(frame=None) as dashboard:
        for text in texts:
            dashboard.connection.send(filled(shared, text, 0).decode(errors="replace"))
        dashboard.send({"type": "subscribe", "channels": ["dns"]})
        while (frame := dashboard.receive()) != {"type": "subscribed", "channels": ["dns"]}:
            assert frame["type"] in ("error", "subscribed", "pong")
    assert complaints.taken() == []


@MANY
@given(streams(TEXTS, masked=True), st.booleans())
@example(framed(0x88, b"\x03\xee", masked=True), False)
@example(framed(0x88, b"\xff\xff", masked=True), False)
def test_any_frames_are_answered_with_frames_of_the_protocol(
    shared: Server, complaints: _Complaints, stream: bytes, leaves: bool
) -> None:
    client = ClientProtocol(parse_uri(shared.socket_url()))
    answer = said(shared, client.connect().serialize() + stream, leaves)
    assert "machines" in shared.stats()
    assert complaints.taken() == []
    client.receive_data(answer)
    assert client.parser_exc is None
    assert leaves or client.handshake_exc is None
