import json

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

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
    ErrorCode,
)
from tests.target.servers import Dashboard, Server
from tests.target.test_agents import failed

POSTS = (
    HEARTBEAT_PATH, REGISTER_PATH, POSTURE_PATH, RPC_PATH, MACHINE_ADMIN_PATH, LOGIN_PATH, REFRESH_PATH,
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "node_key", "status", "auth_key", "name", "fn", "_org_id", "org_id", "action", "machine_id", "email",
        "password", "refresh_token", "_filters", "id", "column", "op", "value", "last_seen", "endpoints", "posture",
        "connectivity", "derp_latencies", "tags", "version", "select", "order", "limit", "range_from", "type",
        "channels", "filter", "token",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.sampled_from(["online", "get_dashboard_stats", "delete", "approve", "machines", "subscribe", "ping", "="]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
BODIES = st.one_of(st.binary(max_size=50), st.dictionaries(NAMES, VALUES, max_size=5).map(json.dumps).map(str.encode))
METHODS = st.one_of(
    st.tuples(st.just("POST"), st.sampled_from(POSTS)),
    st.tuples(st.sampled_from(["GET", "PATCH", "DELETE"]), st.just(MACHINES_PATH)),
    st.tuples(st.sampled_from(["GET", "PUT", "HEAD", "OPTIONS"]), st.just(REALTIME_PATH)),
)
FEW = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_an_envelope(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.request.method != "HEAD":
        assert answer.json()["success"] == (answer.status_code == 200)


@FEW
@given(request=METHODS, body=BODIES, query=st.dictionaries(NAMES, st.text(), max_size=3))
def test_no_request_ends_in_a_server_error(
    shared: Server, request: tuple[str, str], body: bytes, query: dict[str, str]
) -> None:
    method, path = request
    params = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
    assert_an_envelope(shared.http.request(method, path, content=body, params=params, headers=shared.auth()))


@FEW
@given(frames=st.lists(st.one_of(BODIES, BODIES.map(lambda body: body.decode("utf-8", "replace"))), max_size=5))
def test_no_frame_kills_a_socket(shared: Server, frames: list[bytes | str]) -> None:
    with connect(shared.socket_url()) as connection:
        for frame in frames:
            connection.send(frame)
        dashboard = Dashboard(connection)
        assert {frame["type"] for frame in dashboard.events()} <= {"connected", "subscribed", "error", "event"}


def test_bytes_that_are_no_text_are_refused(shared: Server) -> None:
    for query in ("id=%ff", "name=%ed%a0%80", "select=%00", "org_id=%c3"):
        assert_an_envelope(shared.http.get(f"{MACHINES_PATH}?{query}", headers=shared.auth()))
    for content in (b'{"email": "\xff", "password": "x"}', b'{"email": "\\ud800", "password": "\\ud800"}'):
        assert_an_envelope(shared.http.post(LOGIN_PATH, content=content))
    answer = shared.http.get(MACHINES_PATH, headers=[(b"Authorization", b"Bearer \xff\xfe")])
    assert failed(answer) == (401, ErrorCode.UNAUTHORIZED)


def test_a_body_that_is_too_large_is_refused(shared: Server) -> None:
    answer = shared.http.post(LOGIN_PATH, content=b'"' + b"x" * (2 << 20) + b'"')
    assert failed(answer) == (413, ErrorCode.INVALID_INPUT)


def test_deeply_nested_json_is_refused(shared: Server) -> None:
    answer = shared.http.post(LOGIN_PATH, content=b'{"email":' + b"[" * 100_000)
    assert failed(answer)[0] == 400


def test_json_and_its_types_are_told_apart(shared: Server) -> None:
    assert failed(shared.http.post(LOGIN_PATH, content=b"{")) == (400, ErrorCode.INVALID_JSON)
    assert failed(shared.http.post(LOGIN_PATH, content=b"")) == (400, ErrorCode.INVALID_JSON)
    assert failed(shared.http.post(LOGIN_PATH, content=b"[]")) == (400, ErrorCode.INVALID_INPUT)


def test_an_answer_is_json_with_three_keys(shared: Server) -> None:
    answer = shared.http.get(MACHINES_PATH, headers=shared.auth())
    assert answer.headers["content-type"].startswith("application/json")
    assert list(answer.json()) == ["success", "data", "error"]
