import httpx

from sim.contract import MACHINES_PATH, Status
from tests.target.faults.watching import count, statuses, told
from tests.target.servers import Server, served


def test_each_nth_transition_is_announced_and_acknowledged_but_not_stored() -> None:
    with served(faults=["lost_write:2"]) as server, server.dashboard() as dashboard:
        machines = [machine.id for machine in server.orgs[0].machines]
        answers = [server.beat(0, number).json()["data"]["status"] for number in range(3)]
        assert answers == ["online"] * 3
        assert statuses(server.stats()) == dict(zip(machines, ("online", "offline", "online"), strict=True))
        assert told(dashboard) == ["online"] * 3
        server.beat(0, 0)  # no transition
        assert (told(dashboard), count(server, "lost_write")) == ([], (1, 3))


def test_after_a_lost_write_the_same_status_is_a_transition_again() -> None:
    with served(faults=["lost_write:1"]) as server, server.dashboard() as dashboard:
        for _ in range(3):
            server.beat(0, 0)
        assert told(dashboard) == ["online"] * 3
        assert count(server, "lost_write") == (3, 3)


def test_each_nth_heartbeat_without_a_change_is_announced() -> None:
    with served(faults=["echo_heartbeat:2"]) as server, server.dashboard() as dashboard:
        for _ in range(5):
            server.beat(0, 0)
        events = dashboard.events()
        last_seen = server.rows(id=server.orgs[0].machines[0].id)[0]["last_seen"]
        assert [event["event"] for event in events] == ["UPDATE"] * 3  # its transition, and two echoes
        machine = server.orgs[0].machines[0].id
        assert events[-1]["payload"] == {"id": machine, "status": "online", "last_seen": last_seen}
        assert count(server, "echo_heartbeat") == (2, 4)


def test_an_echo_that_nobody_hears_is_no_hit() -> None:
    with served(faults=["echo_heartbeat:1"]) as server, server.dashboard(1), server.dashboard(0, frame=None):
        for _ in range(3):
            server.beat(0, 0)
        assert count(server, "echo_heartbeat") == (0, 2)


def patch(server: Server, machine: str, status: Status) -> httpx.Response:
    return server.http.patch(MACHINES_PATH, json={"status": status, "_filters": {"id": machine}}, headers=server.auth())


def test_each_nth_patch_or_delete_announces_nothing() -> None:
    with served(faults=["silent_crud:2"]) as server, server.dashboard() as dashboard:
        machines = [machine.id for machine in server.orgs[0].machines]
        for machine in machines:
            assert patch(server, machine, Status.ONLINE).json()["data"] == {"changes": 1}
        assert len(told(dashboard)) == 2
        assert patch(server, "unknown", Status.ONLINE).json()["data"] == {"changes": 0}
        for machine in machines[:2]:
            answer = server.http.delete(MACHINES_PATH, params={"id": machine}, headers=server.auth())
            assert answer.json()["data"] == {"changes": 1}
        assert [event["payload"] for event in dashboard.events()] == [{"id": machines[1]}]
        assert set(statuses(server.stats())) == {machines[2]}
        assert count(server, "silent_crud") == (2, 5)
