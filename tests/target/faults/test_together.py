import json
import random
from itertools import pairwise

import pytest

from sim.contract import FAULTS_PATH, MACHINES_PATH, REGISTER_PATH, RPC_PATH, Status, stats_request
from sim.target.faults import KINDS
from sim.target.faults.sockets import GARBAGE
from sim.target.frames import text_frame
from tests.target.faults.watching import announce, count, seen, statuses
from tests.target.servers import LONGEST_WAIT_S, Dashboard, Server, served
from tests.target.test_eviction import make_silent_for, sweep

QUIET = {
    "freeze": "freeze:3600:1",
    "slow_rpc": "slow_rpc:1",
    "late_transition": "late_transition:1",
    "evict_early": "evict_early:3600",
}
"""Faults that would only make a test wait."""


def every_fault(order: int) -> list[str]:
    """All faults, as they are if nothing else is asked for, in some order."""
    names = list(KINDS)
    random.Random(order).shuffle(names)
    return [QUIET.get(name, name) for name in names]


def use(server: Server) -> None:
    """Something of everything that the contract has."""
    with server.dashboard(0) as own, server.dashboard(1):
        for status in (Status.ONLINE, Status.OFFLINE, Status.OFFLINE):
            assert server.beat(0, 0, status).json()["data"]["status"] == status
        assert server.http.post(REGISTER_PATH, json={"auth_key": server.orgs[0].auth_key, "name": "new"}).is_success
        query = {"id": server.orgs[0].machines[1].id}
        assert server.http.delete(MACHINES_PATH, params=query, headers=server.auth(0)).json()["data"] == {"changes": 1}
        assert {row["org_id"] for row in server.rows(0)} == {server.orgs[0].org_id}
        assert server.stats(0)["memberCount"] == 2
        make_silent_for(server, 91)
        sweep(server)
        assert own.receive()["type"] in ("event", "pong")
        server.call(server.running.backend.cleanup.run())


@pytest.mark.parametrize("order", range(3))
def test_all_faults_attach_and_serve_at_once_in_any_order(order: int) -> None:
    with served(faults=every_fault(order)) as server:
        use(server)
        assert set(server.http.get(FAULTS_PATH).json()) == set(KINDS)
        opportunities = {
            "refuse_upgrade": 2, "half_close": 2, "evict_early": 2, "leak_event": 2, "delay_event": 2, "no_evict": 2,
            "lost_write": 2, "late_transition": 2, "echo_heartbeat": 1, "silent_crud": 1, "error_rpc": 1,
            "slow_rpc": 1, "leak_row": 1, "leak_count": 1, "stale_rpc": 1, "freeze": 1,
        }  # fmt: skip
        assert {name: count(server, name)[1] for name in opportunities} == opportunities


def texts(dashboard: Dashboard) -> list[str]:
    """All frames before the answer to a ping."""
    dashboard.send({"type": "ping"})
    received: list[str] = []
    while '"pong"' not in (text := str(dashboard.connection.recv(timeout=LONGEST_WAIT_S))):
        received.append(text)
    return received


@pytest.mark.parametrize("last", ["reorder_event:5", "leak_after_reconnect:1", "widen_filter:1"])
def test_counts_of_frames_are_what_a_client_sees(last: str) -> None:
    faults = ["garbage_frame:3", "drop_event:4", "duplicate_event:3", "leak_event:2", last]
    with served(faults=faults) as server, server.dashboard(0) as own, server.dashboard(1) as other:
        values = announce(server, 32)  # of which the last is not held back
        received = texts(own)
        garbage = [text for text in received if text_frame(text.encode()) == GARBAGE]
        arrived = seen([json.loads(text) for text in received if text not in garbage])
        assert len(garbage) == count(server, "garbage_frame")[0] > 0
        assert len(set(values) - set(arrived)) == count(server, "drop_event")[0] > 0
        assert len(arrived) - len(set(arrived)) == count(server, "duplicate_event")[0] > 0
        assert len(texts(other)) == count(server, "leak_event")[0] == 16
        overtaken = sum(later < earlier for earlier, later in pairwise(arrived))
        assert overtaken == (count(server, last.partition(":")[0])[0])


def test_counts_of_answers_are_what_a_client_sees() -> None:
    with served(faults=["error_rpc:5", "leak_row:3", "leak_count:2", "wrong_count:3"]) as server:
        own = {machine.id for machine in server.orgs[0].machines}
        server.beat(0, 0)
        seen = dict.fromkeys(("error_rpc", "leak_row", "leak_count", "wrong_count"), 0)
        for _ in range(30):
            body = stats_request(server.orgs[0].org_id)
            answer = server.http.post(RPC_PATH, content=body, headers=server.auth())
            seen["error_rpc"] += answer.status_code == 500
            if answer.is_success:
                stats = answer.json()["data"]["data"]
                seen["leak_row"] += not set(statuses(stats)) <= own
                seen["leak_count"] += stats["machineCount"] == 5
                seen["wrong_count"] += stats["onlineCount"] == 0
        assert seen == {name: count(server, name)[0] for name in seen}
        assert min(seen.values()) > 0


def test_counts_of_writes_are_what_a_client_sees() -> None:
    with served(faults=["lost_write:3", "echo_heartbeat:2"]) as server, server.dashboard() as dashboard:
        lost = echoes = transitions = 0
        machine = server.orgs[0].machines[0].id
        for status in random.Random(1).choices((Status.ONLINE, Status.OFFLINE), k=24):
            before = statuses(server.stats())[machine]
            server.beat(0, 0, status)
            announced = len(dashboard.events())
            transitions += before != status
            lost += statuses(server.stats())[machine] != status
            echoes += announced if before == status else 0
        assert count(server, "lost_write") == (lost, transitions)
        assert count(server, "echo_heartbeat") == (echoes, 24 - transitions)
        assert min(lost, echoes) > 0
