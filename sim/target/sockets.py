"""The open sockets of this process: per organisation, and per channel that they are subscribed to."""

import asyncio
from collections.abc import Collection, Iterable
from typing import Final

from aiohttp import WSMessage, web

MOST_UNSENT_BYTES: Final = 8 << 20
"""A client that leaves so much unread is cut off, so that it cannot take the server's memory."""


class Socket:
    """One client's connection. Whole frames go straight to its transport: one encoding serves many."""

    __slots__ = ("_response", "_transport", "channels", "client_id", "last_ping_s", "organisation")

    def __init__(
        self, response: web.WebSocketResponse, transport: asyncio.Transport, organisation: str, client_id: str
    ) -> None:
        self._response = response
        self._transport = transport
        self.organisation = organisation
        self.client_id = client_id
        self.channels: set[str] = set()
        self.last_ping_s = asyncio.get_running_loop().time()

    @property
    def live(self) -> bool:
        """Whether a frame can still be sent."""
        return not self._transport.is_closing()

    def send(self, frame: bytes) -> bool:
        """Write a whole frame; False if the connection is going or gone."""
        if self._transport.is_closing():
            return False
        self._transport.write(frame)
        if self._transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            self._transport.abort()
        return True

    async def receive(self) -> WSMessage:
        """The client's next message, or how the connection ended."""
        return await self._response.receive()

    async def close(self, code: int, reason: str) -> None:
        """Close with a code. It must be out of the registry by then: no event may follow a close frame.

        Does not wait for a client that does not read.
        """
        await self._response.close(code=code, message=reason.encode(), drain=False)


class Sockets:
    """Registry of the sockets; at most `cap` places per organisation (contract 1)."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._places: dict[str, int] = {}
        self._all: dict[Socket, None] = {}
        self._subscribed: dict[str, dict[str, dict[Socket, None]]] = {}

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

    def add(self, socket: Socket) -> None:
        self._all[socket] = None

    def remove(self, socket: Socket) -> bool:
        """Take the socket out, so that nothing more is sent to it; False if it was out already."""
        if socket not in self._all:
            return False
        del self._all[socket]
        self.unsubscribe(socket, tuple(socket.channels))
        return True

    def subscribe(self, socket: Socket, channels: Iterable[str]) -> None:
        if socket not in self._all:
            return
        for channel in channels:
            socket.channels.add(channel)
            of_channel = self._subscribed.setdefault(channel, {})
            of_channel.setdefault(socket.organisation, {})[socket] = None

    def unsubscribe(self, socket: Socket, channels: Iterable[str]) -> None:
        for channel in channels:
            if channel not in socket.channels:
                continue
            socket.channels.discard(channel)
            of_organisation = self._subscribed[channel][socket.organisation]
            del of_organisation[socket]
            if not of_organisation:
                del self._subscribed[channel][socket.organisation]

    def subscribed(self, organisation: str, channel: str) -> Collection[Socket]:
        """The organisation's sockets on a channel, in the order in which they subscribed."""
        return tuple(self._subscribed.get(channel, {}).get(organisation, ()))

    def organisations(self, channel: str) -> tuple[str, ...]:
        """The organisations that have a socket on a channel."""
        return tuple(self._subscribed.get(channel, ()))

    def silent_since(self, time_s: float) -> list[Socket]:
        """Sockets whose last ping, or opening, was at `time_s` of the loop's clock or before."""
        return [socket for socket in self._all if socket.last_ping_s <= time_s]

    def everyone(self) -> list[Socket]:
        return list(self._all)
