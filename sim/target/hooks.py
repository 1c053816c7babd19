"""The points where a fault may take hold. A point that no fault has taken costs an empty loop, or nothing.

store      what handlers and jobs ask of the store: put something in front of it
heartbeat  a heartbeat has come in, before it is looked at
announced  an event has been announced
frame      an event frame is on its way to one socket: pass it on, or not, or later, or twice
refused    a token was refused: say whose it is all the same
stranger   somebody who is no member is about to be refused: let them be served all the same
granted    a call that is granted is about to be served: wait, or raise a RequestError
stats      an answer of get_dashboard_stats is about to be sent
written    a PATCH or DELETE has changed rows and is about to announce them: False keeps it silent
opened     a socket is in the registry
closed     a socket has left the registry, for whatever reason
received   a client's frame is about to be acted on: False keeps it without an answer
evict      a sweep is about to evict a socket: False keeps it
ending     nothing is served any more: finish what was put off
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import partial
from typing import Protocol, TypeVar

from sim.target.records import Dashboard, Touched
from sim.target.store import Store
from sim.target.tokens import Caller, TokenError

Hook = TypeVar("Hook")


class Recipient(Protocol):
    """A socket, as its registry and faults see it."""

    organisation: str
    user_id: str
    channels: set[str]
    last_ping_s: float

    @property
    def live(self) -> bool:
        """Whether a frame can still be sent."""
        ...

    def send(self, frame: bytes) -> bool:
        """Write a whole frame; False if nothing can be sent any more."""
        ...

    def cut(self) -> None:
        """End the connection with no close frame, after what was sent before."""
        ...

    def end_sending(self) -> None:
        """End the sending half of the connection with no close frame; what the client sends is still read."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close with a code."""
        ...


class ClientFrame(Protocol):
    """A frame that a client has sent."""

    @property
    def type(self) -> str: ...

    @property
    def channels(self) -> Sequence[str]: ...

    @property
    def filter(self) -> str | None: ...


class Announced(Protocol):
    """An event, as far as faults look at it."""

    @property
    def organisation(self) -> str: ...

    @property
    def channel(self) -> str: ...

    @property
    def message(self) -> bytes: ...


class Door(Enum):
    """What a user's call asks for: a socket, an RPC, or rows of the machines table."""

    SOCKET = "socket"
    RPC = "rpc"
    ROWS = "rows"


class Call(Protocol):
    """A user's call that names an organisation."""

    @property
    def door(self) -> Door: ...

    @property
    def organisation(self) -> str: ...

    @property
    def function(self) -> str:
        """The RPC's name; empty for other calls."""
        ...

    @property
    def live(self) -> bool:
        """Whether whoever called is still there for the answer."""
        ...


class FramePlace(IntEnum):
    """The order of faults on a frame's way: each counts what those before it have let through."""

    WHEN = 1
    ORDER = 2
    HOW_OFTEN = 3
    SOCKET = 4
    """At the socket itself: what is passed on from here is sent at once."""


class StorePlace(IntEnum):
    """The order of faults in front of the store, from the caller's side."""

    ANNOUNCED = 1
    ACKNOWLEDGED = 2
    WRITTEN = 3
    WATCHED = 4
    """In front of the store itself: what comes through here is really written."""


FrameSender = Callable[[Recipient, bytes], bool]
"""Whether the frame was sent, or will be if its socket is still there then."""
Served = Callable[[], None]
"""To be called once a call that should have been refused was served."""

StoreHook = Callable[[Store], Store]
HeartbeatHook = Callable[[], None]
AnnouncedHook = Callable[[Announced], None]
FrameHook = Callable[[FrameSender, Recipient, bytes], bool]
RefusedHook = Callable[[str, TokenError], Awaitable[Caller | None]]
StrangerHook = Callable[[Call], Awaitable[Served | None]]
GrantedHook = Callable[[Call], Awaitable[None]]
StatsHook = Callable[[Call, Dashboard], Awaitable[Dashboard]]
WrittenHook = Callable[[Sequence[Touched]], bool]
SocketHook = Callable[[Recipient], None]
ReceivedHook = Callable[[Recipient, ClientFrame], bool]
EvictHook = Callable[[Recipient], bool]
EndingHook = Callable[[], Awaitable[None]]


def send_frame(socket: Recipient, frame: bytes) -> bool:
    """A frame's way to its socket where no fault is on it; False if the socket is gone."""
    return socket.send(frame)


@dataclass(slots=True)
class Hooks:
    """What the faults of one server have taken hold of."""

    store: list[tuple[StorePlace, StoreHook]] = field(default_factory=list)
    heartbeat: list[HeartbeatHook] = field(default_factory=list)
    announced: list[AnnouncedHook] = field(default_factory=list)
    frame: list[tuple[FramePlace, FrameHook]] = field(default_factory=list)
    refused: list[RefusedHook] = field(default_factory=list)
    stranger: list[StrangerHook] = field(default_factory=list)
    granted: list[GrantedHook] = field(default_factory=list)
    stats: list[StatsHook] = field(default_factory=list)
    written: list[WrittenHook] = field(default_factory=list)
    opened: list[SocketHook] = field(default_factory=list)
    closed: list[SocketHook] = field(default_factory=list)
    received: list[ReceivedHook] = field(default_factory=list)
    evict: list[EvictHook] = field(default_factory=list)
    ending: list[EndingHook] = field(default_factory=list)

    def frame_sender(self) -> FrameSender:
        """The way of a frame past all frame hooks: in the order of their places, then first taken first."""
        sender: FrameSender = send_frame
        for hook in _last_first(self.frame):
            sender = partial(hook, sender)
        return sender

    def store_before(self, store: Store) -> Store:
        """The store as handlers and jobs see it: past all store hooks, in the order of `frame_sender`."""
        for hook in _last_first(self.store):
            store = hook(store)
        return store


def _last_first(taken: Iterable[tuple[IntEnum, Hook]]) -> Iterator[Hook]:
    in_order = sorted(taken, key=lambda place_and_hook: place_and_hook[0])
    return (hook for _, hook in reversed(in_order))
