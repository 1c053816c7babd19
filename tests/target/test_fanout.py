import asyncio

from sim.target.fanout import Event, LocalFanout
from sim.target.hooks import Hooks, send_frame
from tests.target.servers import Server
from tests.target.sinks import Sink


def test_one_process_delivers_what_is_published() -> None:
    delivered: list[Event] = []
    event = Event("org", "machines", b"{}")
    asyncio.run(LocalFanout(delivered.append).publish(event))
    assert delivered == [event]


def test_an_event_of_another_channel_or_organisation_is_not_delivered(server: Server) -> None:
    delivery = server.running.backend.delivery

    async def deliver(*events: Event) -> None:
        for event in events:
            delivery.deliver(event)

    organisation = server.orgs[0].org_id
    with server.dashboard() as dashboard:
        strays = (Event(organisation, "audit", b'{"n":1}'), Event("unknown", "machines", b'{"n":2}'))
        server.call(deliver(*strays, Event(organisation, "machines", b'{"type":"event","n":3}')))
        assert dashboard.events() == [{"type": "event", "n": 3}]


def test_no_hook_is_no_detour() -> None:
    sink = Sink(clock=lambda: 0)
    assert Hooks().frame_sender() is send_frame
    assert send_frame(sink, b"frame")
    assert sink.frames == [b"frame"]
