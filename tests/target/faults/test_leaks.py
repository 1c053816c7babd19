from dataclasses import dataclass

from websockets.sync.client import connect

from sim.contract import MACHINES_PATH, subscribe_frame
from sim.target.eviction import Eviction
from sim.target.fanout import Event
from sim.target.faults import Count, Surroundings
from sim.target.faults.leaks import WidenFilter
from sim.target.hooks import Hooks
from sim.target.sockets import Sockets
from sim.target.sqlite import open_sqlite
from tests.target.faults.watching import announce, count, counts, seen
from tests.target.servers import Dashboard, Server, served
from tests.target.sinks import Sink


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


def test_a_leaked_frame_takes_no_way_past_other_faults() -> None:
    with served(faults=["leak_event:1", "drop_event:1"]) as server:
        with server.dashboard(0) as own, server.dashboard(1) as other:
            values = announce(server, 3)
            assert (own.events(), seen(other.events())) == ([], values)
        assert (count(server, "leak_event"), count(server, "drop_event")) == ((3, 3), (3, 3))


def test_each_nth_answer_carries_a_row_of_another_organisation() -> None:
    with served(faults=["leak_row:2"]) as server:
        own = {machine.id for machine in server.orgs[0].machines}
        foreign = {machine.id for machine in server.orgs[1].machines}
        leaked = []
        for _ in range(4):
            stats = server.stats(0)
            rows = stats["machines"]
            assert isinstance(rows, list)
            ids = {row["id"] for row in rows}
            assert own <= ids
            assert (stats["machineCount"], stats["onlineCount"], stats["offlineCount"]) == (3, 0, 3)
            leaked.append(ids - own)
        assert [len(ids) for ids in leaked] == [0, 1, 0, 1]
        assert leaked[1] | leaked[3] == foreign  # another one each time
        assert count(server, "leak_row") == (2, 4)


def test_a_leak_needs_another_organisation() -> None:
    with served(faults=["leak_row:1"], machines=(2,)) as server:
        assert server.stats()["machineCount"] == 2
        assert count(server, "leak_row") == (0, 1)


def test_each_nth_answer_counts_the_machines_of_another_organisation_in_turn() -> None:
    with served(faults=["leak_count:2"], machines=(3, 2, 1)) as server:
        server.beat(1, 0)
        answers = [server.stats(0) for _ in range(4)]
        assert sorted(map(counts, answers[1::2])) == [(4, 0, 4), (5, 1, 4)]
        assert {counts(answer) for answer in answers[::2]} == {(3, 0, 3)}
        assert {len(rows) for answer in answers if isinstance(rows := answer["machines"], list)} == {3}
        assert count(server, "leak_count") == (2, 4)


def test_a_count_that_does_not_rise_is_no_hit() -> None:
    with served(faults=["leak_count:1"], machines=(2, 1)) as server:
        machine = server.orgs[1].machines[0].id
        answer = server.http.request("DELETE", MACHINES_PATH, params={"id": machine}, headers=server.auth(1))
        assert answer.json()["data"] == {"changes": 1}
        assert counts(server.stats(0)) == (2, 0, 2)
        assert count(server, "leak_count") == (0, 1)


@dataclass(frozen=True)
class Subscription:
    """A subscribe frame with a foreign filter."""

    type: str = "subscribe"
    channels: tuple[str, ...] = ("machines",)
    filter: str | None = "org_id=eq.other"


def member_socket(server: Server, organisation: int) -> str:
    """Where an organisation's plain member connects."""
    return server.socket_url(organisation, server.member_auth(organisation)["Authorization"].removeprefix("Bearer "))


def test_after_a_reconnect_each_nth_foreign_event_is_received() -> None:
    with served(faults=["leak_after_reconnect:2"]) as server:
        with server.dashboard(0) as first, server.dashboard(0) as beside:
            announce(server, 2, 1)
            assert first.events() == beside.events() == []
        with (
            server.dashboard(0) as again,
            server.dashboard(0, frame=None) as unsubscribed,
            connect(member_socket(server, 0)) as connection,
        ):
            somebody_else = Dashboard(connection)
            assert [somebody_else.receive()["type"], somebody_else.subscribe()["type"]] == ["connected", "subscribed"]
            foreign = announce(server, 5, 1)
            assert seen(again.events()) == foreign[1::2]
            assert unsubscribed.events() == somebody_else.events() == []
            assert seen(again.events()) == []
            own = announce(server, 2, 0)
            assert seen(again.events()) == own
        assert count(server, "leak_after_reconnect") == (2, 5)


def test_a_first_socket_in_another_organisation_is_no_reconnect() -> None:
    with served(faults=["leak_after_reconnect:1"]) as server:
        with server.dashboard(1):
            pass
        with server.dashboard(0) as dashboard:
            announce(server, 1, 1)
            assert dashboard.events() == []
        assert count(server, "leak_after_reconnect") == (0, 0)


def test_a_foreign_filter_gets_each_nth_event_until_it_unsubscribes() -> None:
    with served(faults=["widen_filter:2"]) as server:
        foreign = subscribe_frame(server.orgs[1].org_id)
        with server.dashboard(0, frame=None) as widened, server.dashboard(0) as bare:
            assert widened.subscribe(foreign) == {"type": "subscribed", "channels": []}
            values = announce(server, 4, 1)
            assert (seen(widened.events()), bare.events()) == (values[1::2], [])
            announce(server, 1, 0)
            assert widened.events() == []  # of its own organisation: the filter still narrows
            widened.send({"type": "unsubscribe", "channels": ["machines"]})
            assert widened.events() == []
            announce(server, 2, 1)
            assert widened.events() == []
        assert count(server, "widen_filter") == (2, 4)


def test_a_socket_that_has_left_gets_nothing_though_its_connection_may_still_be_there() -> None:
    hooks, fault = Hooks(), WidenFilter(1)
    sockets = Sockets(1, hooks)
    fault.attach(hooks, Surroundings(sockets, Eviction(sockets, hooks, 90), open_sqlite()))
    event, sink = Event("other", "machines", b"{}"), Sink(clock=lambda: 0)
    sockets.add(sink)
    assert hooks.received[0](sink, Subscription())
    hooks.announced[0](event)
    sockets.remove(sink)
    hooks.announced[0](event)
    assert (len(sink.received), sink.live, fault.count) == (1, True, Count(1, 1))


def test_a_filter_that_is_its_own_or_of_a_socket_that_left_widens_nothing() -> None:
    with served(faults=["widen_filter:1"]) as server:
        with server.dashboard(0, subscribe_frame(server.orgs[1].org_id)):
            pass
        with server.dashboard(0, subscribe_frame(server.orgs[0].org_id)) as own:
            announce(server, 2, 1)
            assert own.events() == []
        assert count(server, "widen_filter") == (0, 0)
