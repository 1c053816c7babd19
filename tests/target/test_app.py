from sim.contract import FAULTS_PATH, ErrorCode
from tests.target.servers import Server, served
from tests.target.test_agents import failed


def test_there_are_no_fault_counters_without_a_fault(shared: Server) -> None:
    assert failed(shared.http.get(FAULTS_PATH)) == (404, ErrorCode.NOT_FOUND)


def test_fault_counters_have_their_parameters() -> None:
    with served(faults=["drop_event:3", "freeze:100:0.5"]) as server:
        assert server.http.get(FAULTS_PATH).json() == {
            "drop_event": {"parameters": [3], "hits": 0, "opportunities": 0},
            "freeze": {"parameters": [100.0, 0.5], "hits": 0, "opportunities": 0},
        }
