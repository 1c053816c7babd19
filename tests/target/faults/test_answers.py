import socket
from contextlib import closing

from sim.contract import RPC_PATH, ErrorCode, stats_request
from tests.target.faults.watching import count, counts, statuses, until
from tests.target.servers import LONGEST_WAIT_S, Server, served
from tests.target.test_agents import failed
from tests.target.test_rpc import call


def test_each_nth_answer_counts_one_online_machine_as_offline() -> None:
    with served(faults=["wrong_count:2"]) as server:
        assert counts(server.stats()) == (3, 0, 3)  # none is online: nothing to get wrong
        server.beat(0, 0)
        server.beat(0, 1)
        answers = [server.stats() for _ in range(4)]
        assert list(map(counts, answers)) == [(3, 2, 1), (3, 1, 2)] * 2
        assert {tuple(sorted(statuses(answer).values())) for answer in answers} == {("offline", "online", "online")}
        assert count(server, "wrong_count") == (2, 4)


def test_each_nth_rpc_is_an_error_in_the_contracts_envelope() -> None:
    with served(faults=["error_rpc:2"]) as server:
        org_id = server.orgs[0].org_id
        fns = ("get_dashboard_stats", "get_dashboard_stats", "get_org_members", "get_org_members")
        answers = [call(server, fn, org_id, server.auth()) for fn in fns]
        assert [status for status, _ in answers] == [200, 500, 200, 500]
        assert answers[1] == (500, ErrorCode.INTERNAL_ERROR)
        assert call(server, fns[0], org_id, server.auth(1)) == (403, ErrorCode.FORBIDDEN)
        assert len(server.rows()) == 3
        assert count(server, "error_rpc") == (2, 4)


def test_a_slow_answer_is_the_truth_of_its_end() -> None:
    with served(faults=["slow_rpc:500"]) as server:
        with abandoned_call(server) as connection:
            answered = connection.makefile("rb")
            server.beat(0, 0)  # while the answer waits
            assert answered.readline().startswith(b"HTTP/1.1 200")
            while answered.readline().strip():
                pass
            assert b'"onlineCount":1' in answered.read1()
        assert count(server, "slow_rpc") == (1, 1)


def test_a_slow_answer_that_nobody_waits_for_is_no_hit() -> None:
    with served(faults=["slow_rpc:500", "leak_row:1", "wrong_count:1", "skip_membership_rpc:1"]) as server:
        server.beat(0, 0)
        with abandoned_call(server, caller=1):
            pass
        assert counts(server.stats()) == (3, 0, 3)  # it is answered after the one that was given up
        assert count(server, "slow_rpc") == count(server, "leak_row") == count(server, "wrong_count") == (1, 2)
        assert count(server, "skip_membership_rpc") == (0, 1)


def test_only_dashboard_answers_are_slow() -> None:
    with served(faults=["slow_rpc:3600000"]) as server:
        status, _ = call(server, "get_org_members", server.orgs[0].org_id, server.auth())
        assert (status, failed(server.http.post(RPC_PATH))) == (200, (401, ErrorCode.UNAUTHORIZED))
        assert count(server, "slow_rpc") == (0, 0)


def abandoned_call(server: Server, caller: int = 0) -> closing[socket.socket]:
    """A connection over which the dashboard's answer was asked for; the server has begun with it."""
    _, opportunities = count(server, "slow_rpc")
    connection = socket.create_connection((server.http.base_url.host, server.http.base_url.port or 0), LONGEST_WAIT_S)
    body, token = stats_request(server.orgs[0].org_id), server.orgs[caller].token
    head = (
        f"POST {RPC_PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    until(server, lambda: count(server, "slow_rpc")[1] > opportunities)
    return closing(connection)
