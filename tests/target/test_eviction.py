import pytest
from websockets.exceptions import ConnectionClosed

from sim.contract import EVICTION_CODE, EVICTION_REASON
from sim.target import TargetOptions
from tests.target.servers import LONGEST_WAIT_S, Dashboard, Server, served


def end_of(dashboard: Dashboard) -> tuple[int, str]:
    """Close code and reason of a socket, waited for."""
    with pytest.raises(ConnectionClosed) as caught:
        dashboard.connection.recv(timeout=LONGEST_WAIT_S)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def make_silent_for(server: Server, seconds: float) -> None:
    """Let it be so long since every socket of now has sent a ping."""

    async def shift() -> None:
        for socket in server.running.backend.sockets.everyone():
            socket.last_ping_s -= seconds

    server.call(shift())


def sweep(server: Server) -> None:
    server.call(server.running.backend.eviction.sweep())


def test_a_socket_without_a_ping_is_closed_by_itself() -> None:
    with served(TargetOptions(evict_after_s=0.05, evict_sweep_s=0.02)) as server, server.dashboard() as dashboard:
        assert end_of(dashboard) == (EVICTION_CODE, EVICTION_REASON)


def test_a_ping_counts_and_a_subscription_does_not(server: Server) -> None:
    with server.dashboard() as pings, server.dashboard() as subscribes:
        make_silent_for(server, 60)
        pings.events()
        subscribes.subscribe()
        make_silent_for(server, 60)
        sweep(server)
        assert end_of(subscribes)[0] == EVICTION_CODE
        assert pings.events() == []


def test_one_sweep_closes_all_that_are_silent_and_only_those(server: Server) -> None:
    with server.dashboard(0) as one, server.dashboard(1) as two:
        make_silent_for(server, 91)
        with server.dashboard(0) as fresh:
            sweep(server)
            assert [end_of(dashboard)[0] for dashboard in (one, two)] == [EVICTION_CODE] * 2
            server.beat(0, 0)
            assert len(fresh.events()) == 1


def test_no_event_can_follow_the_close_frame(server: Server) -> None:
    backend = server.running.backend

    async def sweep_and_look() -> int:
        await backend.eviction.sweep()
        return len(backend.sockets.everyone())  # before the loop turns, and any event can come

    with server.dashboard() as dashboard:
        make_silent_for(server, 91)
        assert server.call(sweep_and_look()) == 0
        assert end_of(dashboard)[0] == EVICTION_CODE


def test_a_socket_is_not_closed_before_its_time(server: Server) -> None:
    with server.dashboard() as dashboard:
        make_silent_for(server, 60)
        sweep(server)
        assert dashboard.events() == []


def test_an_evicted_socket_gives_its_place_back() -> None:
    with served(TargetOptions(sockets_per_organisation=1)) as server:
        with server.dashboard() as dashboard:
            make_silent_for(server, 91)
            sweep(server)
            assert end_of(dashboard)[0] == EVICTION_CODE
        with server.dashboard() as dashboard:
            assert dashboard.events() == []


def test_eviction_can_be_switched_off() -> None:
    options = TargetOptions(evict=False, evict_after_s=0.001, evict_sweep_s=0.001, cleanup_interval_s=0.001)
    with served(options) as server, server.dashboard() as dashboard:
        for _ in range(50):
            assert dashboard.events() == []
