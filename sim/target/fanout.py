"""From an announced event to the sockets of its organisation: directly, or over something in between."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from sim.target.frames import text_frame
from sim.target.hooks import Hooks
from sim.target.sockets import Sockets


class Event(msgspec.Struct, frozen=True):
    """An event of an organisation: its channel and its message as JSON."""

    organisation: str
    channel: str
    message: bytes


class Fanout(Protocol):
    """Carries events to every process that has sockets of their organisation, this one included."""

    async def publish(self, event: Event) -> None: ...


class LocalFanout:
    """One process: what is published is delivered."""

    def __init__(self, deliver: Callable[[Event], None]) -> None:
        self._deliver = deliver

    async def publish(self, event: Event) -> None:
        self._deliver(event)


class Delivery:
    """The last step: an event to this process's sockets, each on its way past the faults that are on."""

    def __init__(self, sockets: Sockets, hooks: Hooks) -> None:
        self._sockets = sockets
        self._send = hooks.frame_sender()

    def deliver(self, event: Event) -> None:
        frame = text_frame(event.message)
        send = self._send
        for socket in self._sockets.subscribed(event.organisation, event.channel):
            send(socket, frame)
