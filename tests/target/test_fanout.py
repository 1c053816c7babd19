import asyncio

from sim.target.fanout import Event, LocalFanout
from sim.target.hooks import Hooks
from tests.target.servers import Server


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
    sent: list[bytes] = []

    class Sink:
        live = True

        def send(self, frame: bytes) -> bool:
            sent.append(frame)
            return True

    assert Hooks().frame_sender()(Sink(), b"frame")
    assert sent == [b"frame"]
