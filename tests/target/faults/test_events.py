from contextlib import closing
from dataclasses import replace

import pytest

from sim.contract import Status
from sim.target.faults import Count
from sim.target.faults.events import DelayEvent, ReorderEvent
from sim.target.hooks import send_frame
from tests.target.clock import VirtualLoop, pass_time
from tests.target.faults.watching import announce, count, receive, seen
from tests.target.servers import served
from tests.target.sinks import Sink


def test_each_nth_frame_is_dropped() -> None:
    with served(faults=["drop_event:3"]) as server:
        with server.dashboard() as dashboard:
            values = announce(server, 7)
            assert seen(dashboard.events()) == [values[index] for index in (0, 1, 3, 4, 6)]
        assert count(server, "drop_event") == (2, 7)


def test_each_nth_frame_is_sent_twice() -> None:
    with served(faults=["duplicate_event:2"]) as server:
        with server.dashboard() as dashboard:
            values = announce(server, 4)
            assert seen(dashboard.events()) == [values[index] for index in (0, 1, 1, 2, 3, 3)]
        assert count(server, "duplicate_event") == (2, 4)


def test_frames_are_counted_per_socket() -> None:
    with served(faults=["drop_event:2"]) as server:
        with server.dashboard() as one, server.dashboard() as two:
            values = announce(server, 3)
            received = [seen(dashboard.events()) for dashboard in (one, two)]
        assert received == [values, []]  # of each event's two frames the second one, in the order of subscription
        assert count(server, "drop_event") == (3, 6)


def test_late_frames_arrive_in_order() -> None:
    with served(faults=["delay_event:20"]) as server:
        with server.dashboard() as dashboard:
            values = announce(server, 10)
            assert receive(dashboard, 10) == values
        assert count(server, "delay_event") == (10, 10)


def test_a_frame_is_late_by_exactly_its_delay_and_counted_when_it_is_sent() -> None:
    loop, fault = VirtualLoop(), DelayEvent(250.0)
    here, gone = Sink(), Sink()

    async def run() -> Count:
        for sink, frame in ((here, b"one"), (gone, b"two"), (here, b"three")):
            assert fault.pass_on(send_frame, sink, frame)
            await pass_time(0.1)
        gone.live = False
        before = replace(fault.count)
        await pass_time(1)
        return before

    with closing(loop):
        before = loop.run_until_complete(run())
    assert here.received == [(0.25, b"one"), (pytest.approx(0.45), b"three")]
    assert (before, fault.count, gone.received) == (Count(1, 3), Count(2, 3), [])


@pytest.mark.parametrize("faults", [["drop_event:2", "duplicate_event:1"], ["duplicate_event:1", "drop_event:2"]])
def test_faults_combine_in_the_order_in_which_they_are_given(faults: list[str]) -> None:
    with served(faults=faults) as server, server.dashboard() as dashboard:
        values = announce(server, 4)
        received = seen(dashboard.events())
    each_twice = [value for value in values[::2] for _ in range(2)]
    assert received == (each_twice if faults[0].startswith("drop") else values)


def test_nothing_else_is_touched() -> None:
    with served(faults=["drop_event:1", "leak_event:1"]) as server, server.dashboard() as dashboard:
        assert dashboard.subscribe()["type"] == "subscribed"
        assert server.beat(0, 0, Status.ONLINE).status_code == 200
        assert server.stats()["onlineCount"] == 1
        assert dashboard.events() == []


def test_each_nth_frame_is_overtaken_by_the_next() -> None:
    with served(faults=["reorder_event:3"]) as server:
        with server.dashboard() as dashboard:
            values = announce(server, 8)
            assert seen(dashboard.events()) == [values[index] for index in (0, 1, 3, 2, 4, 6, 5, 7)]
        assert count(server, "reorder_event") == (2, 8)


def test_a_frame_that_overtakes_is_not_held_back() -> None:
    with served(faults=["reorder_event:1"]) as server, server.dashboard() as dashboard:
        values = announce(server, 4)
        assert seen(dashboard.events()) == [values[index] for index in (1, 0, 3, 2)]
        assert count(server, "reorder_event") == (2, 4)


def test_a_frame_that_nothing_overtakes_is_sent_after_2_s_and_is_no_hit() -> None:
    loop, fault = VirtualLoop(), ReorderEvent(1)
    sink, gone = Sink(), Sink()

    async def run() -> None:
        for receiver in (sink, gone):
            assert fault.pass_on(send_frame, receiver, b"one")
        gone.live = False
        await pass_time(3)
        assert not fault.pass_on(send_frame, gone, b"two")

    with closing(loop):
        loop.run_until_complete(run())
    assert (sink.received, gone.received, fault.count) == ([(2.0, b"one")], [], Count(0, 2))


def test_each_frame_that_is_held_back_waits_for_2_s_of_its_own() -> None:
    loop, fault, sink = VirtualLoop(), ReorderEvent(1), Sink()

    async def run() -> None:
        for frame, wait_s in ((b"one", 1), (b"two", 0.5), (b"three", 3)):
            fault.pass_on(send_frame, sink, frame)
            await pass_time(wait_s)

    with closing(loop):
        loop.run_until_complete(run())
    assert sink.received == [(1.0, b"two"), (1.0, b"one"), (3.5, b"three")]


def test_a_frame_that_is_dropped_overtakes_nothing() -> None:
    with served(faults=["drop_event:2", "reorder_event:1"]) as server, server.dashboard() as dashboard:
        values = announce(server, 2)
        # the second is sent first, then the first, which is the second frame at the socket
        assert seen(dashboard.events()) == values[1:]
        assert (count(server, "drop_event"), count(server, "reorder_event")) == ((1, 2), (0, 2))


def test_a_delayed_frame_that_is_dropped_is_no_hit_of_the_delay() -> None:
    with served(faults=["drop_event:2", "delay_event:1"]) as server, server.dashboard() as dashboard:
        values = announce(server, 3)
        assert receive(dashboard, 2) == values[::2]
        assert (count(server, "drop_event"), count(server, "delay_event")) == ((1, 3), (2, 3))
