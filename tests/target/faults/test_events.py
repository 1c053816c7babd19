from contextlib import closing
from dataclasses import dataclass, field, replace

import pytest

from sim.contract import FAULTS_PATH, MACHINES_PATH, Status
from sim.target.faults import Count
from sim.target.faults.events import DelayEvent
from sim.target.hooks import send_frame
from tests.target.clock import VirtualLoop, pass_time
from tests.target.servers import Dashboard, Server, served


def count(server: Server, name: str) -> tuple[int, int]:
    """Hits and opportunities of a fault."""
    counts = server.http.get(FAULTS_PATH).json()[name]
    return counts["hits"], counts["opportunities"]


def announce(server: Server, times: int, organisation: int = 0) -> list[str]:
    """Change a machine's last_seen so often, each an event of its own; the values in order."""
    body: dict[str, object] = {"_filters": {"id": server.orgs[organisation].machines[0].id}}
    values = [f"2026-01-01T00:00:{second:02}.000Z" for second in range(times)]
    for value in values:
        answer = server.http.patch(MACHINES_PATH, json={**body, "last_seen": value}, headers=server.auth(organisation))
        assert answer.json()["data"] == {"changes": 1}
    return values


def seen(frames: list[dict[str, object]]) -> list[str]:
    """The last_seen values that events carry."""
    return [str(frame["payload"]["last_seen"]) for frame in frames if isinstance(frame["payload"], dict)]


def receive(dashboard: Dashboard, number: int) -> list[str]:
    return seen([dashboard.receive() for _ in range(number)])


def test_each_nth_event_leaks_to_one_socket_of_another_organisation_in_turn() -> None:
    with served(faults=["leak_event:3"], machines=(1, 1, 1)) as server:
        with server.dashboard(0) as own, server.dashboard(1) as one, server.dashboard(2) as two:
            values = announce(server, 12)
            leaked = [seen(dashboard.events()) for dashboard in (one, two)]
            assert seen(own.events()) == values
        assert leaked == [[values[2], values[8]], [values[5], values[11]]]
        assert count(server, "leak_event") == (4, 12)


def test_leaks_reach_each_socket_of_an_organisation_in_turn() -> None:
    with served(faults=["leak_event:1"]) as server, server.dashboard(1) as one, server.dashboard(1) as two:
        values = announce(server, 4)
        assert [seen(dashboard.events()) for dashboard in (one, two)] == [values[::2], values[1::2]]


def test_a_leak_that_reaches_nobody_is_no_hit() -> None:
    with served(faults=["leak_event:1"]) as server:
        with server.dashboard(0) as own, server.dashboard(1, frame=None) as unsubscribed:
            announce(server, 3)
            assert (len(own.events()), unsubscribed.events()) == (3, [])
        assert count(server, "leak_event") == (0, 3)


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


@dataclass
class Sink:
    """A recipient that notes when it is sent what."""

    loop: VirtualLoop
    live: bool = True
    received: list[tuple[float, bytes]] = field(default_factory=list)

    def send(self, frame: bytes) -> bool:
        if self.live:
            self.received.append((self.loop.time(), frame))
        return self.live


def test_a_frame_is_late_by_exactly_its_delay_and_counted_when_it_is_sent() -> None:
    loop, fault = VirtualLoop(), DelayEvent(250.0)
    here, gone = Sink(loop), Sink(loop)

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


def test_a_leaked_frame_takes_no_way_past_other_faults() -> None:
    with served(faults=["leak_event:1", "drop_event:1"]) as server:
        with server.dashboard(0) as own, server.dashboard(1) as other:
            values = announce(server, 3)
            assert (own.events(), seen(other.events())) == ([], values)
        assert (count(server, "leak_event"), count(server, "drop_event")) == ((3, 3), (3, 3))


def test_nothing_else_is_touched() -> None:
    with served(faults=["drop_event:1", "leak_event:1"]) as server, server.dashboard() as dashboard:
        assert dashboard.subscribe()["type"] == "subscribed"
        assert server.beat(0, 0, Status.ONLINE).status_code == 200
        assert server.stats()["onlineCount"] == 1
        assert dashboard.events() == []
