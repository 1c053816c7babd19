import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from sim.contract import EVICTION_CODE, EVICTION_REASON, MACHINES_PATH, PING_FRAME, ErrorCode, subscribe_frame
from sim.target import TargetOptions
from sim.target.eviction import Eviction
from sim.target.faults import Count, Surroundings
from sim.target.faults.sockets import EvictEarly
from sim.target.hooks import Hooks
from sim.target.sockets import Sockets
from sim.target.sqlite import open_sqlite
from tests.target.clock import VirtualLoop, pass_time
from tests.target.faults.watching import announce, count, receive, seen, until
from tests.target.servers import LONGEST_WAIT_S, Dashboard, Server, served
from tests.target.sinks import Sink
from tests.target.test_eviction import end_of, make_silent_for, sweep
from tests.target.test_realtime import refusal


def ends_without_a_close_frame(dashboard: Dashboard) -> bool:
    with pytest.raises(ConnectionClosed) as caught:
        dashboard.connection.recv(timeout=LONGEST_WAIT_S)
    return caught.value.rcvd is None


def change_all(server: Server) -> None:
    """Change all rows of organisation 0 in one request: as many events, with nothing in between."""
    body = {"status": "online", "_filters": {"org_id": server.orgs[0].org_id}}
    answer = server.http.patch(MACHINES_PATH, json=body, headers=server.auth())
    assert answer.json()["data"] == {"changes": 3}


def test_each_nth_frame_cuts_its_socket_after_all_that_came_before() -> None:
    with served(faults=["cut_sockets:3"]) as server:
        with server.dashboard() as dashboard:
            change_all(server)
            ids = [dashboard.receive()["payload"] for _ in range(2)]
            assert len(ids) == 2
            assert ends_without_a_close_frame(dashboard)
        with server.dashboard() as dashboard:
            values = announce(server, 2)
            assert seen(dashboard.events()) == values
        assert count(server, "cut_sockets") == (1, 5)


def test_a_cut_socket_gives_its_place_back() -> None:
    with served(TargetOptions(sockets_per_organisation=1), faults=["cut_sockets:1"]) as server:
        for number in range(1, 3):
            with server.dashboard() as dashboard:
                announce(server, 1)
                assert ends_without_a_close_frame(dashboard)
            assert count(server, "cut_sockets") == (number, number)


def test_each_nth_upgrade_that_would_be_granted_is_refused() -> None:
    with served(TargetOptions(sockets_per_organisation=1), faults=["refuse_upgrade:2"]) as server:
        with server.dashboard():
            assert refusal(server.socket_url(0)) == (429, ErrorCode.RATE_LIMITED)
            assert refusal(server.socket_url(0, "nonsense")) == (401, ErrorCode.UNAUTHORIZED)
            assert refusal(server.socket_url(0, server.orgs[1].token)) == (403, ErrorCode.FORBIDDEN)
        assert refusal(server.socket_url(0)) == (503, ErrorCode.INTERNAL_ERROR)
        with server.dashboard() as dashboard:  # the refused one has given its place back
            assert dashboard.events() == []
        assert count(server, "refuse_upgrade") == (1, 3)


def test_a_socket_is_evicted_early_by_itself() -> None:
    with served(faults=["evict_early:0.05"]) as server:
        with server.dashboard(frame=None) as dashboard:
            assert end_of(dashboard) == (EVICTION_CODE, EVICTION_REASON)
        assert count(server, "evict_early") == (1, 1)


def test_a_socket_is_evicted_early_exactly_after_its_last_ping() -> None:
    loop, fault, hooks = VirtualLoop(), EvictEarly(5), Hooks()
    silent, pinging, leaving = Sink(), Sink(), Sink()
    sockets = Sockets(10, hooks)
    fault.attach(hooks, Surroundings(sockets, Eviction(sockets, hooks, 90), open_sqlite()))

    async def run() -> None:
        for sink in (silent, pinging, leaving):
            sockets.add(sink)
        await pass_time(3)
        pinging.last_ping_s = asyncio.get_running_loop().time()
        sockets.remove(leaving)
        await pass_time(20)

    with closing(loop):
        loop.run_until_complete(run())
    assert [sink.closed for sink in (silent, pinging, leaving)] == [
        [(5.0, EVICTION_CODE)],
        [(8.0, EVICTION_CODE)],
        [],
    ]
    assert (fault.count, sockets.everyone()) == (Count(2, 3), [])


def test_no_sweep_evicts_and_each_socket_counts_once() -> None:
    with served(faults=["no_evict"]) as server:
        with server.dashboard() as one, server.dashboard() as two:
            make_silent_for(server, 91)
            sweep(server)
            sweep(server)
            with server.dashboard() as fresh:
                sweep(server)
                assert one.events() == two.events() == fresh.events() == []
            assert count(server, "no_evict") == (2, 2)
        with server.dashboard() as again:
            make_silent_for(server, 91)
            sweep(server)
            assert again.events() == []
        assert count(server, "no_evict") == (3, 3)


def test_what_evicts_early_is_no_sweep() -> None:
    with served(faults=["no_evict", "evict_early:0.05"]) as server:
        with server.dashboard(frame=None) as dashboard:
            assert end_of(dashboard)[0] == EVICTION_CODE
        assert (count(server, "no_evict"), count(server, "evict_early")) == ((0, 0), (1, 1))


def test_each_nth_ping_is_not_answered_and_counts_all_the_same() -> None:
    with served(faults=["pong_silent:2"]) as server, server.dashboard() as dashboard:
        make_silent_for(server, 60)
        for _ in range(5):
            dashboard.connection.send(PING_FRAME)
        assert [dashboard.receive()["type"] for _ in range(3)] == ["pong"] * 3
        assert dashboard.subscribe()["type"] == "subscribed"  # nothing is between: two were not answered
        assert count(server, "pong_silent") == (2, 5)
        make_silent_for(server, 60)
        sweep(server)
        assert dashboard.subscribe()["type"] == "subscribed"


def test_garbage_follows_each_nth_frame() -> None:
    with served(faults=["garbage_frame:2", "delay_event:1"]) as server:
        with server.dashboard() as dashboard:
            values = announce(server, 4)
            texts = [dashboard.connection.recv(timeout=LONGEST_WAIT_S) for _ in range(6)]
            events, garbage = [texts[index] for index in (0, 1, 3, 4)], (texts[2], texts[5])
            assert seen([json.loads(text) for text in events]) == values
            for text in garbage:
                with pytest.raises(ValueError, match="Unterminated"):
                    json.loads(text)
        assert count(server, "garbage_frame") == (2, 4)


@dataclass
class Wire:
    """A socket by hand: one that goes on when its peer has ended its half."""

    connection: socket.socket

    def send(self, opcode: Opcode, text: str) -> None:
        self.connection.sendall(Frame(opcode, text.encode()).serialize(mask=True))

    def rest(self) -> bytes:
        """All that comes until the peer has ended its half."""
        parts = []
        while part := self.connection.recv(65_536):
            parts.append(part)
        return b"".join(parts)


@contextmanager
def wire(server: Server) -> Iterator[Wire]:
    """A subscribed socket of organisation 0."""
    path = server.socket_url().partition("/api")[2]
    address = (server.http.base_url.host, server.http.base_url.port or 0)
    with socket.create_connection(address, LONGEST_WAIT_S) as connection:
        head = f"GET /api{path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        connection.sendall((head + key).encode())
        wire = Wire(connection)
        wire.send(Opcode.TEXT, subscribe_frame())
        received = b""
        while b'"subscribed"' not in received:
            received += connection.recv(65_536)
        yield wire


def test_the_servers_half_ends_after_the_first_event_and_it_still_reads() -> None:
    with served(faults=["half_close:1"]) as server:
        sockets = server.running.backend.sockets
        with wire(server) as half:
            change_all(server)
            assert half.rest().count(b'"event"') == 2  # "type":"event" and "event":"UPDATE": one frame
            (socket,) = sockets.everyone()
            make_silent_for(server, 60)
            silent_since_s = socket.last_ping_s
            half.send(Opcode.PING, "")
            half.send(Opcode.TEXT, PING_FRAME)
            until(server, lambda: socket.last_ping_s > silent_since_s)
            announce(server, 1)
            assert (sockets.everyone(), socket.live) == ([socket], False)
        until(server, lambda: not sockets.everyone())
        assert count(server, "half_close") == (1, 1)


def test_a_half_closed_socket_can_be_evicted() -> None:
    with served(faults=["half_close:1"]) as server, wire(server) as half:
        announce(server, 1)
        assert b'"event"' in half.rest()
        make_silent_for(server, 91)
        sweep(server)
        assert server.running.backend.sockets.everyone() == []
        with wire(server) as other:
            announce(server, 1)
            assert b'"event"' in other.rest()


def test_each_nth_socket_that_subscribes_is_half_closed() -> None:
    with served(faults=["half_close:2"]) as server:
        with server.dashboard() as first:
            first.subscribe()  # again: it is one socket
            with server.dashboard() as second:
                values = announce(server, 3)
                assert receive(second, 1) == values[:1]
                assert ends_without_a_close_frame(second)
            assert seen(first.events()) == values
        assert count(server, "half_close") == (1, 2)


def test_a_protocol_ping_is_answered(server: Server) -> None:
    with server.dashboard() as dashboard:
        assert dashboard.connection.ping(b"payload").wait(LONGEST_WAIT_S)
        dashboard.connection.pong(b"unasked")
        assert dashboard.events() == []
