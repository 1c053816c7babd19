import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from sim.target.frames import text_frame
from sim.target.hooks import Hooks, Recipient
from sim.target.sockets import MOST_UNSENT_BYTES, Sockets
from tests.target.servers import Server

STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from("ab")), max_size=60)


@given(st.integers(1, 5), STEPS)
def test_no_organisation_has_more_places_than_the_cap(cap: int, steps: list[tuple[bool, str]]) -> None:
    sockets, taken = Sockets(cap, Hooks()), {"a": 0, "b": 0}
    for take, organisation in steps:
        if take:
            admitted = sockets.take_place(organisation)
            assert admitted == (taken[organisation] < cap)
            taken[organisation] += admitted
        elif taken[organisation]:
            sockets.give_place_back(organisation)
            taken[organisation] -= 1


def test_the_registry_is_empty_after_everybody_has_left(server: Server) -> None:
    sockets = server.running.backend.sockets
    with server.dashboard(0) as one, server.dashboard(1):
        assert len(sockets.subscribed(server.orgs[0].org_id, "machines")) == 1
        assert sockets.organisations("machines") == (server.orgs[0].org_id, server.orgs[1].org_id)
        assert sockets.subscribed(server.orgs[0].org_id, "audit") == ()
        assert one.events() == []
    assert sockets.organisations("machines") == ()
    assert sockets.everyone() == []


def test_a_client_that_does_not_read_is_cut_off(server: Server) -> None:
    async def flood(socket: Recipient) -> list[bool]:
        frame = text_frame(bytes(MOST_UNSENT_BYTES // 4))
        return [socket.send(frame) for _ in range(8)]  # in one turn of the loop: nothing can be read meanwhile

    with server.dashboard(0) as dashboard:
        (socket,) = server.running.backend.sockets.everyone()
        sent = server.call(flood(socket))
        assert sent == sorted(sent, reverse=True)
        assert (sent[0], sent[-1], socket.live) == (True, False, False)
        with pytest.raises(ConnectionClosed):
            dashboard.receive()


def test_nothing_follows_a_close_frame(server: Server) -> None:
    async def close_and_send(socket: Recipient) -> tuple[bool, bool]:
        closing = asyncio.create_task(socket.close(4000, "reason"))
        await asyncio.sleep(0)
        live_and_sent = socket.live, socket.send(text_frame(b"{}"))
        await closing
        return live_and_sent

    with server.dashboard(0) as dashboard:
        (socket,) = server.running.backend.sockets.everyone()
        assert server.call(close_and_send(socket)) == (False, False)
        with pytest.raises(ConnectionClosed) as caught:
            dashboard.receive()
        assert caught.value.rcvd is not None


def test_a_socket_that_is_gone_cannot_subscribe_again(server: Server) -> None:
    sockets = server.running.backend.sockets
    with server.dashboard(0) as dashboard:
        (socket,) = sockets.everyone()
        assert sockets.remove(socket)
        assert not sockets.remove(socket)
        sockets.subscribe(socket, ["machines"])
        assert sockets.organisations("machines") == ()
        assert dashboard.events() == []
