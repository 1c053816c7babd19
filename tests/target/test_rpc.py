from sim.contract import RPC_PATH, DashboardStats, ErrorCode, Status
from tests.target.servers import Server
from tests.target.test_agents import failed

KEYS = [
    "machines", "machineCount", "onlineCount", "offlineCount", "members", "memberCount", "pendingInvites",
    "ssoEnabled", "postureTotal", "postureCompliant", "threatsBlocked", "activeCerts", "aclRuleCount",
]  # fmt: skip


def call(server: Server, fn: object, organisation: object, headers: dict[str, str]) -> tuple[int, object]:
    answer = server.http.post(RPC_PATH, json={"fn": fn, "_org_id": organisation}, headers=headers)
    envelope = answer.json()
    return answer.status_code, envelope["data"] or envelope["error"]["code"]


def test_the_dashboard_shows_the_organisations_machines_newest_first(server: Server) -> None:
    server.beat(0, 2)
    server.beat(1, 0)
    server.beat(0, 1, Status.OFFLINE)
    server.beat(0, 1)
    stats = server.stats()
    assert list(stats) == KEYS
    assert (stats["machineCount"], stats["onlineCount"], stats["offlineCount"]) == (3, 2, 1)
    rows = stats["machines"]
    assert isinstance(rows, list)
    assert {row["id"] for row in rows} == {machine.id for machine in server.orgs[0].machines}
    assert all(list(row) == ["id", "name", "tailnet_ip", "status", "last_seen"] for row in rows)
    times = [row["last_seen"] or "" for row in rows]
    assert times == sorted(times, reverse=True)
    assert sum(row["status"] == "online" for row in rows) == 2


def test_members_are_shown_and_can_be_asked_for(shared: Server) -> None:
    org_id = shared.orgs[0].org_id
    status, data = call(shared, "get_org_members", org_id, shared.auth())
    members = shared.stats()["members"]
    assert (status, data) == (200, {"data": members})
    assert isinstance(members, list)
    assert {member["role"] for member in members} == {"owner", "member"}


def test_a_plain_member_may_ask(shared: Server) -> None:
    status, _ = call(shared, "get_dashboard_stats", shared.orgs[0].org_id, shared.member_auth())
    assert status == 200


def test_calls_that_are_refused(shared: Server) -> None:
    mine, other = (org.org_id for org in shared.orgs)
    auth = shared.auth()
    assert call(shared, "get_dashboard_stats", mine, {}) == (401, ErrorCode.UNAUTHORIZED)
    assert call(shared, "get_dashboard_stats", mine, {"Authorization": "Basic x"}) == (401, ErrorCode.UNAUTHORIZED)
    assert call(shared, "get_dashboard_stats", other, auth) == (403, ErrorCode.FORBIDDEN)
    assert call(shared, "get_dashboard_stats", "unknown", auth) == (403, ErrorCode.FORBIDDEN)
    assert call(shared, "get_org_members", other, auth) == (403, ErrorCode.FORBIDDEN)
    assert call(shared, "drop_tables", mine, auth) == (404, ErrorCode.NOT_FOUND)
    assert call(shared, None, mine, auth) == (400, ErrorCode.MISSING_FIELDS)
    assert call(shared, "get_dashboard_stats", 7, auth) == (400, ErrorCode.INVALID_INPUT)
    assert failed(shared.http.post(RPC_PATH, content=b"{", headers=auth)) == (400, ErrorCode.INVALID_JSON)


def test_the_harness_reads_the_answer(shared: Server) -> None:
    assert set(DashboardStats.__struct_encode_fields__) <= set(shared.stats())
