import asyncio
from dataclasses import dataclass, field

import msgspec

from sim.contract import Change
from sim.target.announce import Announcer
from sim.target.fanout import Event
from sim.target.hooks import Announced, Hooks
from sim.target.records import Touched

MACHINE = Touched("machine", "org", "online", "2026-03-17T10:30:45.123Z")


@dataclass
class Board:
    """A fan-out that keeps what is published."""

    events: list[Event] = field(default_factory=list)

    async def publish(self, event: Event) -> None:
        self.events.append(event)


def test_payloads_are_the_contracts_and_name_no_organisation() -> None:
    board = Board()
    announcer = Announcer(board, Hooks(), timestamps=False)

    async def announce() -> None:
        await announcer.moved(MACHINE)
        await announcer.moved(MACHINE, Change.INSERT)
        await announcer.status_set(MACHINE)
        await announcer.deleted(MACHINE)

    asyncio.run(announce())
    messages = [msgspec.json.decode(event.message) for event in board.events]
    whole = {"id": "machine", "status": "online", "last_seen": "2026-03-17T10:30:45.123Z"}
    assert [(message["event"], message["payload"]) for message in messages] == [
        ("UPDATE", whole),
        ("INSERT", whole),
        ("UPDATE", {"id": "machine", "status": "online"}),
        ("DELETE", {"id": "machine"}),
    ]
    assert {(event.organisation, event.channel) for event in board.events} == {("org", "machines")}
    assert not any(b"org" in event.message for event in board.events)


def test_a_hook_sees_an_event_after_it_was_published() -> None:
    board, hooks = Board(), Hooks()
    published: list[tuple[Announced, int]] = []
    hooks.announced.append(lambda event: published.append((event, len(board.events))))
    asyncio.run(Announcer(board, hooks, timestamps=True).deleted(MACHINE))
    assert published == [(board.events[0], 1)]
    assert b'"timestamp":"' in board.events[0].message
