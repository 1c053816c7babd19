from sim.contract import REGISTER_PATH, Status
from sim.target import TargetOptions
from sim.target.times import now_ms
from tests.target.servers import Server, served
from tests.target.test_agents import admin

QUICK = TargetOptions(cleanup_interval_s=0.02, offline_after_s=0.05)
ON_CALL = TargetOptions(cleanup_interval_s=3_600, offline_after_s=0.000_1)


def cleaned(server: Server) -> None:
    """One run of the job, at least a millisecond after everything before it."""
    before = now_ms()
    while now_ms() == before:
        pass
    server.call(server.running.backend.cleanup.run())


def test_a_silent_machine_becomes_offline_by_itself() -> None:
    with served(QUICK) as server, server.dashboard() as dashboard:
        server.beat(0, 0)
        events = [dashboard.receive(), dashboard.receive()]
        machine = server.orgs[0].machines[0].id
        assert events[1]["payload"] == {"id": machine, "status": "offline"}
        assert [event["event"] for event in events] == ["UPDATE", "UPDATE"]
        assert server.rows(id=machine)[0]["status"] == "offline"


def test_a_silent_ephemeral_machine_is_deleted() -> None:
    with served(QUICK) as server, server.dashboard() as dashboard:
        body = {"auth_key": server.seeding.ephemeral_auth_key(0), "name": "ephemeral"}
        machine = server.http.post(REGISTER_PATH, json=body).json()["data"]["machine_id"]
        event = dashboard.receive()
        assert (event["event"], event["payload"]) == ("DELETE", {"id": machine})
        assert server.rows(id=machine) == []


def test_only_online_machines_are_marked_and_each_is_announced_to_its_own() -> None:
    with served(ON_CALL) as server, server.dashboard(0) as dashboard, server.dashboard(1) as other:
        for organisation, machine in ((0, 0), (0, 1), (0, 2), (1, 0)):
            server.beat(organisation, machine)
        admin(server, server.orgs[0].machines[2].id, "quarantine")
        assert (len(dashboard.events()), len(other.events())) == (4, 1)
        cleaned(server)
        told = {str(event["payload"]) for event in dashboard.events()}
        assert told == {str({"id": machine.id, "status": "offline"}) for machine in server.orgs[0].machines[:2]}
        assert len(other.events()) == 1
        cleaned(server)
        assert dashboard.events() == other.events() == []
        assert [row["status"] for row in server.rows(status="quarantined")] == ["quarantined"]


def test_a_machine_that_was_heard_lately_stays_online(server: Server) -> None:
    server.beat(0, 0)
    cleaned(server)
    assert server.rows(status=Status.ONLINE)[0]["id"] == server.orgs[0].machines[0].id
