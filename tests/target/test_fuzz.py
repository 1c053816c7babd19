"""Whatever a client sends, the reference backend answers it without an error of its own, and goes on serving."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from tests.json_texts import broken, objects, quoted, values, words
from tests.target.servers import Server

MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
PATHS = (
    HEARTBEAT_PATH, LOGIN_PATH, MACHINE_ADMIN_PATH, MACHINES_PATH, POSTURE_PATH, REALTIME_PATH, REFRESH_PATH,
    REGISTER_PATH, RPC_PATH,
)  # fmt: skip
METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "HEAD")
TEXTS = st.one_of(st.sampled_from(["", "eq.", "org_id=eq.x", "'", "\x00", "%00", "é" * 300]), st.text(max_size=20))


def _text(json: bytes) -> str:
    return json.decode(errors="replace")


def _bodies(server: Server) -> st.SearchStrategy[bytes]:
    """Nearly the bodies of the contract, with ids, keys and names that exist among their values."""
    org = server.orgs[0]
    known = words(org.org_id, org.machines[0].id, org.machines[0].node_key, org.email or "", org.password or "")
    fields = {
        "node_key": known,
        "status": words("online", "offline", "pending", "new"),
        "fn": words("get_dashboard_stats", "get_org_members"),
        "_org_id": known,
        "org_id": known,
        "action": words("approve", "disable", "enable", "unquarantine"),
        "machine_id": known,
        "_filters": objects({"id": known, "org_id": known}, values()),
        "last_seen": words("2026-03-01T12:00:00.000Z", "x"),
        "auth_key": known,
        "name": st.text(max_size=300).map(quoted),
        "email": known,
        "password": known,
        "refresh_token": known,
        "posture": values(),
    }
    return broken(objects(fields, values(tuple(fields))))


@MANY
@given(st.data())
def test_any_request_is_answered_and_none_with_an_error_of_the_servers_own(shared: Server, data: st.DataObject) -> None:
    org = shared.orgs[0]
    tokens = [f"Bearer {org.token}", "Bearer x", "Bearer x.y.z", "Basic eA==", "x"]
    headers = {"authorization": data.draw(st.sampled_from(tokens)), "content-type": "application/json"}
    query = data.draw(st.dictionaries(st.sampled_from(["org_id", "id", "select", "order", "limit", "token"]), TEXTS))
    answer = shared.http.request(
        data.draw(st.sampled_from(METHODS)),
        data.draw(st.sampled_from(PATHS)),
        params=query,
        headers=headers,
        content=data.draw(_bodies(shared)),
    )
    assert answer.status_code < 500, answer.text
    assert "machines" in shared.stats()


@MANY
@given(st.lists(st.one_of(st.binary(max_size=40), st.text(max_size=40), values(("type", "channels")).map(_text))))
def test_any_frame_is_answered_or_passed_over(shared: Server, frames: list[bytes | str]) -> None:
    with shared.dashboard() as dashboard:
        for frame in frames:
            dashboard.connection.send(frame)
        assert all(frame["type"] in ("event", "error", "subscribed", "connected") for frame in dashboard.events())
