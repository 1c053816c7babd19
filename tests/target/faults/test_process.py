import time

from tests.target.faults.test_events import count
from tests.target.servers import served


def test_a_freeze_comes_after_the_first_heartbeat_and_only_once() -> None:
    with served(faults=["freeze:0:150"]) as server:
        server.http.get("/nowhere")
        assert count(server, "freeze") == (0, 0)
        started = time.monotonic()
        server.beat(0, 0)
        while count(server, "freeze")[0] == 0:
            assert count(server, "freeze")[1] == 1
        assert time.monotonic() - started >= 0.15  # a frozen server answers nobody
        server.beat(0, 0)
        server.beat(0, 1)
        assert count(server, "freeze") == (1, 1)
