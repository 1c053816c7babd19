import httpx
import pytest

from sim.contract import MACHINE_ADMIN_PATH, ErrorCode, Status
from sim.target import TargetOptions
from sim.target.admin import ACTIONS
from tests.target.servers import Server, served
from tests.target.test_agents import admin, failed, set_status


def post(server: Server, body: dict[str, object], headers: dict[str, str]) -> httpx.Response:
    return server.http.post(MACHINE_ADMIN_PATH, json=body, headers=headers)


@pytest.mark.parametrize(
    ("start", "actions", "status"),
    [
        (Status.PENDING, ["approve"], "online"),
        (Status.ONLINE, ["disable"], "offline"),
        (Status.ONLINE, ["disable", "enable"], "online"),
        (Status.OFFLINE, ["quarantine"], "quarantined"),
        (Status.ONLINE, ["quarantine", "unquarantine"], "online"),
        (Status.ONLINE, ["disable", "quarantine", "unquarantine"], "online"),
    ],
)
def test_actions_lead_from_state_to_state(server: Server, start: Status, actions: list[str], status: str) -> None:
    machine = server.orgs[0].machines[0].id
    set_status(server, machine, start)
    answers = [admin(server, machine, action).json()["data"] for action in actions]
    assert answers[-1] == {"machine_id": machine, "status": status}
    assert server.rows(id=machine)[0]["status"] == status


@pytest.mark.parametrize(
    ("start", "action"),
    [
        (Status.ONLINE, "approve"),
        (Status.ONLINE, "enable"),
        (Status.ONLINE, "unquarantine"),
        (Status.PENDING, "quarantine"),
        (Status.QUARANTINED, "quarantine"),
        (Status.QUARANTINED, "disable"),
    ],
)
def test_an_action_from_the_wrong_state_is_refused(server: Server, start: Status, action: str) -> None:
    machine = server.orgs[0].machines[0].id
    set_status(server, machine, start)
    assert failed(admin(server, machine, action)) == (400, ErrorCode.INVALID_STATE)
    assert server.rows(id=machine)[0]["status"] == start


def test_a_machine_is_not_disabled_twice(server: Server) -> None:
    machine = server.orgs[0].machines[0].id
    assert admin(server, machine, "disable").status_code == 200
    assert failed(admin(server, machine, "disable")) == (400, ErrorCode.INVALID_STATE)


def test_what_is_announced(server: Server) -> None:
    machine = server.orgs[0].machines[0].id
    with server.dashboard() as dashboard, server.dashboard(1) as other:
        for action in ("quarantine", "unquarantine", "delete"):
            assert admin(server, machine, action).status_code == 200
        events = [(event["event"], event["payload"]) for event in dashboard.events()]
        assert other.events() == []
    assert events == [
        ("UPDATE", {"id": machine, "status": "quarantined"}),
        ("UPDATE", {"id": machine, "status": "online", "last_seen": None}),
        ("DELETE", {"id": machine}),
    ]
    assert len(server.rows()) == 2


def test_only_quarantines_and_deletes_are_announced_if_that_is_asked_for() -> None:
    with served(TargetOptions(patch_announces=False)) as server, server.dashboard() as dashboard:
        for action in ("disable", "enable", "quarantine", "delete"):
            assert admin(server, server.orgs[0].machines[0].id, action).status_code == 200
        assert [event["event"] for event in dashboard.events()] == ["UPDATE", "DELETE"]


def test_who_and_what_is_refused(shared: Server) -> None:
    mine, other = shared.orgs
    body: dict[str, object] = {"action": "disable", "machine_id": mine.machines[0].id, "org_id": mine.org_id}
    auth = shared.auth()
    assert failed(post(shared, body, {})) == (401, ErrorCode.UNAUTHORIZED)
    assert failed(post(shared, body, shared.member_auth())) == (403, ErrorCode.FORBIDDEN)
    assert failed(post(shared, body, shared.auth(1))) == (403, ErrorCode.FORBIDDEN)
    assert failed(post(shared, {**body, "action": "explode"}, auth)) == (400, ErrorCode.UNKNOWN_ACTION)
    assert failed(post(shared, {**body, "machine_id": None}, auth)) == (400, ErrorCode.MISSING_FIELDS)
    for action in (*ACTIONS, "delete"):
        foreign = {**body, "action": action, "machine_id": other.machines[0].id}
        assert failed(post(shared, foreign, auth)) == (404, ErrorCode.NOT_FOUND)
    assert len(shared.rows(1)) == 2
