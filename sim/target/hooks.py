"""The points where a fault may take hold. A point that no fault has taken costs an empty loop, or nothing.

heartbeat   a heartbeat has come in, before it is looked at
announced   an event has been announced
frame       an event frame is on its way to one socket: pass it on, or not, or later, or twice
stats       an answer of get_dashboard_stats is about to be sent
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from sim.target.records import Dashboard


class Recipient(Protocol):
    """A socket, as far as a frame's way to it is concerned."""

    @property
    def live(self) -> bool: ...

    def send(self, frame: bytes) -> bool: ...


class Announced(Protocol):
    """An event, as far as faults look at it."""

    @property
    def organisation(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def message(self) -> bytes: ...


FrameSender = Callable[[Recipient, bytes], bool]
FrameHook = Callable[[FrameSender, Recipient, bytes], bool]
AnnouncedHook = Callable[[Announced], None]
StatsHook = Callable[[str, Dashboard], Awaitable[Dashboard]]
HeartbeatHook = Callable[[], None]


def send_frame(socket: Recipient, frame: bytes) -> bool:
    """A frame's way to its socket where no fault is on it; False if the socket is gone."""
    return socket.send(frame)


@dataclass(slots=True)
class Hooks:
    """What the faults of one server have taken hold of."""

    heartbeat: list[HeartbeatHook] = field(default_factory=list)
    announced: list[AnnouncedHook] = field(default_factory=list)
    frame: list[FrameHook] = field(default_factory=list)
    stats: list[StatsHook] = field(default_factory=list)

    def frame_sender(self) -> FrameSender:
        """The way of a frame past all frame hooks, first taken first."""
        sender: FrameSender = send_frame
        for hook in reversed(self.frame):
            sender = partial(hook, sender)
        return sender
