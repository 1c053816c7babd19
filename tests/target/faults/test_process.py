from tests.target.faults.watching import count
from tests.target.servers import served


def test_a_freeze_comes_after_the_first_heartbeat_and_only_once() -> None:
    with served(faults=["freeze:0:100"]) as server:
        assert count(server, "freeze") == (0, 0)
        server.beat(0, 0)
        # a server that only waited would answer this before the freeze is over
        assert count(server, "freeze") == (1, 1)
        server.beat(0, 0)
        server.beat(0, 1)
        assert count(server, "freeze") == (1, 1)


def test_a_freeze_may_come_later() -> None:
    with served(faults=["freeze:3600:1"]) as server:
        server.beat(0, 0)
        assert count(server, "freeze") == (0, 1)
