from tests.target.faults.test_events import count
from tests.target.servers import served


def test_each_nth_answer_carries_a_row_of_another_organisation() -> None:
    with served(faults=["leak_row:2"]) as server:
        own = {machine.id for machine in server.orgs[0].machines}
        foreign = {machine.id for machine in server.orgs[1].machines}
        leaked = []
        for _ in range(4):
            stats = server.stats(0)
            rows = stats["machines"]
            assert isinstance(rows, list)
            ids = {row["id"] for row in rows}
            assert own <= ids
            assert (stats["machineCount"], stats["onlineCount"], stats["offlineCount"]) == (3, 0, 3)
            leaked.append(ids - own)
        assert [len(ids) for ids in leaked] == [0, 1, 0, 1]
        assert leaked[1] | leaked[3] == foreign  # another one each time
        assert count(server, "leak_row") == (2, 4)


def test_a_leak_needs_another_organisation() -> None:
    with served(faults=["leak_row:1"], machines=(2,)) as server:
        assert server.stats()["machineCount"] == 2
        assert count(server, "leak_row") == (0, 1)
