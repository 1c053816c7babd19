"""The open sockets of this process: per organisation, and per channel that they are subscribed to."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Final

from aiohttp import WSMessage, WSMsgType, web

from sim.target.frames import control_pong_frame
from sim.target.hooks import Hooks, Recipient

MOST_UNSENT_BYTES: Final = 8 << 20
"""A client that leaves so much unread is cut off, so that it cannot take the server's memory."""

_CONTROL: Final = frozenset({WSMsgType.PING, WSMsgType.PONG})


class Socket:
    """One client's connection. Whole frames go straight to its transport: one encoding serves many."""

    __slots__ = ("_ended", "_response", "_transport", "channels", "last_ping_s", "organisation", "user_id")

    def __init__(
        self, response: web.WebSocketResponse, transport: asyncio.Transport, organisation: str, user_id: str
    ) -> None:
        """`response` must leave control frames to us: it has neither autoping nor autoclose."""
        self._response = response
        self._transport = transport
        self._ended = False
        self.organisation = organisation
        self.user_id = user_id
        self.channels: set[str] = set()
        self.last_ping_s = asyncio.get_running_loop().time()

    @property
    def live(self) -> bool:
        """Whether a frame can still be sent."""
        return not (self._ended or self._transport.is_closing())

    def send(self, frame: bytes) -> bool:
        """Write a whole frame; False if the connection is going or gone."""
        if self._ended or self._transport.is_closing():
            return False
        self._transport.write(frame)
        if self._transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            self._transport.abort()
        return True

    def cut(self) -> None:
        """Abort the connection, with no close frame, after what was sent before."""
        self._transport.abort()

    def end_sending(self) -> None:
        """End our half of the connection, with no close frame, after what was sent before; the other half stays."""
        self._ended = True
        if not self._transport.is_closing():
            self._transport.write_eof()

    async def receive(self) -> WSMessage:
        """The client's next message, or how the connection ended; a protocol ping is answered (RFC 6455, 5.5.3)."""
        while (message := await self._response.receive()).type in _CONTROL:
            if message.type is WSMsgType.PING:
                self.send(control_pong_frame(message.data))
        return message

    async def close(self, code: int, reason: str) -> None:
        """Close with a code. It must be out of the registry by then; whatever is sent from here on is not.

        Does not wait for a client that does not read.
        """
        self._ended = True  # nothing may follow a close frame
        await self._response.close(code=code, message=reason.encode(), drain=False)


class Sockets:
    """Registry of the sockets; at most `cap` places per organisation (contract 1)."""

    def __init__(self, cap: int, hooks: Hooks) -> None:
        self._cap = cap
        self._opened = hooks.opened
        self._closed = hooks.closed
        self._places: dict[str, int] = {}
        self._all: dict[Recipient, None] = {}
        self._subscribed: dict[str, dict[str, dict[Recipient, None]]] = {}

    def take_place(self, organisation: str) -> bool:
        """Take one of the organisation's places, before the upgrade; False if none is left."""
        taken = self._places.get(organisation, 0)
        if taken >= self._cap:
            return False
        self._places[organisation] = taken + 1
        return True

    def give_place_back(self, organisation: str) -> None:
        """Give up a place that was taken."""
        self._places[organisation] -= 1
        if not self._places[organisation]:
            del self._places[organisation]

    def add(self, socket: Recipient) -> None:
        self._all[socket] = None
        for hook in self._opened:
            hook(socket)

    def remove(self, socket: Recipient) -> bool:
        """Take the socket out, so that nothing more is sent to it; False if it was out already."""
        if socket not in self._all:
            return False
        del self._all[socket]
        self.unsubscribe(socket, tuple(socket.channels))
        for hook in self._closed:
            hook(socket)
        return True

    def subscribe(self, socket: Recipient, channels: Iterable[str]) -> None:
        if socket not in self._all:
            return
        for channel in channels:
            socket.channels.add(channel)
            of_channel = self._subscribed.setdefault(channel, {})
            of_channel.setdefault(socket.organisation, {})[socket] = None

    def unsubscribe(self, socket: Recipient, channels: Iterable[str]) -> None:
        for channel in channels:
            if channel not in socket.channels:
                continue
            socket.channels.discard(channel)
            of_organisation = self._subscribed[channel][socket.organisation]
            del of_organisation[socket]
            if not of_organisation:
                del self._subscribed[channel][socket.organisation]

    def subscribed(self, organisation: str, channel: str) -> Collection[Recipient]:
        """The organisation's sockets on a channel, in the order in which they subscribed."""
        return tuple(self._subscribed.get(channel, {}).get(organisation, ()))

    def organisations(self, channel: str) -> tuple[str, ...]:
        """The organisations that have a socket on a channel."""
        return tuple(self._subscribed.get(channel, ()))

    def silent_since(self, time_s: float) -> list[Recipient]:
        """Sockets whose last ping, or opening, was at `time_s` of the loop's clock or before."""
        return [socket for socket in self._all if socket.last_ping_s <= time_s]

    def everyone(self) -> list[Recipient]:
        return list(self._all)
