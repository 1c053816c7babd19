import httpx
import pytest

from sim.contract import MACHINES_PATH, ErrorCode, Status, health_query
from sim.target import TargetOptions
from tests.target.servers import Dashboard, Server, served
from tests.target.test_agents import failed


def patch(server: Server, body: dict[str, object], organisation: int = 0, **query: str) -> httpx.Response:
    return server.http.patch(MACHINES_PATH, params=query, json=body, headers=server.auth(organisation))


def payloads(dashboard: Dashboard) -> list[object]:
    return [event["payload"] for event in dashboard.events()]


def test_the_health_pages_query_gives_its_columns_in_order(server: Server) -> None:
    server.beat(0, 1)
    answer = server.http.get(health_query(server.orgs[0].org_id), headers=server.auth())
    rows = answer.json()["data"]
    assert [row["status"] for row in rows] == ["offline", "offline", "online"]
    assert list(rows[0]) == ["id", "name", "tailnet_ip", "os", "status", "last_seen", "created_at", "version"]


def test_rows_can_be_filtered_by_either_form(shared: Server) -> None:
    machine = shared.orgs[0].machines[1]
    for query in ({"id": machine.id}, {"id": f"eq.{machine.id}"}, {"name": f"eq.{machine.name}"}):
        assert [row["id"] for row in shared.rows(0, **query)] == [machine.id]
    assert shared.rows(0, name="eq.nobody") == []
    assert [len(shared.rows(0, limit=limit)) for limit in ("0", "2", "99")] == [0, 2, 3]


def test_rows_of_other_organisations_are_not_returned(shared: Server) -> None:
    foreign = shared.orgs[1]
    for query in ({"org_id": foreign.org_id}, {"id": foreign.machines[0].id}, {"org_id": f"eq.{foreign.org_id}"}):
        assert shared.rows(0, **query) == []
    assert {row["org_id"] for row in shared.rows(0)} == {shared.orgs[0].org_id}


def test_pages_have_their_size_if_asked_for() -> None:
    with served(TargetOptions(page_size=2)) as server:
        first, second = server.rows(order="name"), server.rows(order="name", range_from="2")
        names = [machine.name for machine in server.orgs[0].machines]
        assert [row["name"] for row in first + second] == names


def test_a_patch_changes_its_rows_and_announces_each(server: Server) -> None:
    org, machine = server.orgs[0], server.orgs[0].machines[0]
    with server.dashboard() as dashboard, server.dashboard(1) as other:
        body: dict[str, object] = {"status": "online", "_filters": {"id": machine.id, "org_id": org.org_id}}
        assert patch(server, body).json()["data"] == {"changes": 1}
        assert payloads(dashboard) == [{"id": machine.id, "status": "online", "last_seen": None}]
        bare: dict[str, object] = {"last_seen": "2026-03-17T10:30:45Z", "_filters": {"org_id": org.org_id}}
        assert patch(server, bare).json()["data"] == {"changes": 3}
        assert len(payloads(dashboard)) == 3
        assert payloads(other) == []
    assert {row["last_seen"] for row in server.rows()} == {"2026-03-17T10:30:45.000Z"}
    assert server.stats()["onlineCount"] == 1


def test_a_patchs_filter_may_be_in_the_url(server: Server) -> None:
    machine = server.orgs[0].machines[0]
    assert patch(server, {"status": "online"}, id=f"eq.{machine.id}").json()["data"] == {"changes": 1}
    # both are given: a row must satisfy both
    body: dict[str, object] = {"status": "offline", "_filters": {"id": server.orgs[0].machines[1].id}}
    assert patch(server, body, id=machine.id).json()["data"] == {"changes": 0}


def test_a_patchs_filter_may_be_read_from_the_body_alone() -> None:
    with served(TargetOptions(patch_filter="body")) as server:
        one, two = (machine.id for machine in server.orgs[0].machines[:2])
        assert failed(patch(server, {"status": "online"}, id=one)) == (400, ErrorCode.MISSING_FIELDS)
        body: dict[str, object] = {"status": "online", "_filters": [{"column": "id", "op": "=", "value": two}]}
        assert patch(server, body, id=one).json()["data"] == {"changes": 1}
        assert [row["id"] for row in server.rows(status="online")] == [two]


def test_a_patch_is_not_announced_if_that_is_switched_off() -> None:
    with served(TargetOptions(patch_announces=False)) as server, server.dashboard() as dashboard:
        machine = server.orgs[0].machines[0].id
        assert patch(server, {"status": "online"}, id=machine).json()["data"] == {"changes": 1}
        assert payloads(dashboard) == []


def test_rows_of_other_organisations_are_neither_changed_nor_deleted(server: Server) -> None:
    foreign = server.orgs[1]
    with server.dashboard(1) as dashboard:
        for filters in ({"id": foreign.machines[0].id}, {"org_id": foreign.org_id}):
            body: dict[str, object] = {"status": "online", "_filters": filters}
            assert patch(server, body).json()["data"] == {"changes": 0}
        url = f"{MACHINES_PATH}?id=eq.{foreign.machines[0].id}"
        assert server.http.delete(url, headers=server.auth()).json()["data"] == {"changes": 0}
        assert payloads(dashboard) == []
    assert len(server.rows(1)) == 2


def test_columns_that_are_not_writable_are_dropped(server: Server) -> None:
    machine, other = server.orgs[0].machines[0], server.orgs[1].org_id
    body: dict[str, object] = {"org_id": other, "node_key_hash": "x", "_filters": {"id": machine.id}}
    assert patch(server, body).json()["data"] == {"changes": 0}
    assert server.beat(0, 0).status_code == 200


@pytest.mark.parametrize("change", [{"status": "asleep"}, {"last_seen": "soon"}, {"name": 5}, {"_filters": 7}])
def test_patches_that_are_refused(shared: Server, change: dict[str, object]) -> None:
    body = {"_filters": {"id": "x"}, **change}
    assert failed(patch(shared, body)) == (400, ErrorCode.INVALID_INPUT)


def test_two_machines_cannot_have_one_name(server: Server) -> None:
    one, two = server.orgs[0].machines[:2]
    answer = patch(server, {"name": one.name, "_filters": {"id": two.id}})
    assert failed(answer) == (400, ErrorCode.INVALID_INPUT)
    assert len({row["name"] for row in server.rows()}) == 3


def test_a_delete_is_announced_and_needs_a_filter(server: Server) -> None:
    org, machine = server.orgs[0], server.orgs[0].machines[0]
    server.beat(0, 1)
    for query in ({}, {"org_id": org.org_id}):
        answer = server.http.delete(MACHINES_PATH, params=query, headers=server.auth())
        assert failed(answer) == (400, ErrorCode.UNSAFE_DELETE)
    with server.dashboard() as dashboard:
        answer = server.http.delete(f"{MACHINES_PATH}?id=eq.{machine.id}", headers=server.auth())
        assert answer.json()["data"] == {"changes": 1}
        assert [(event["event"], event["payload"]) for event in dashboard.events()] == [("DELETE", {"id": machine.id})]
    assert failed(server.beat(0, 0)) == (401, ErrorCode.INVALID_NODE_KEY)
    assert machine.id not in {peer["id"] for peer in server.beat(0, 1).json()["data"]["peers"]}


def test_a_deletes_filter_may_be_in_the_body(server: Server) -> None:
    body = {"_filters": {"id": server.orgs[0].machines[0].id}}
    answer = server.http.request("DELETE", MACHINES_PATH, json=body, headers=server.auth())
    assert answer.json()["data"] == {"changes": 1}
    assert server.stats()["machineCount"] == 2


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_token_is_needed(shared: Server, method: str) -> None:
    answer = shared.http.request(method, MACHINES_PATH, params={"id": "x"})
    assert failed(answer) == (401, ErrorCode.UNAUTHORIZED)
    assert Status.ONLINE not in {row["status"] for row in shared.rows()}
