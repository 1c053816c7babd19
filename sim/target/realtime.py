"""The realtime WebSocket: refusals before the upgrade, then frames (contract 1)."""

import asyncio
import uuid
from typing import Final

import msgspec
from aiohttp import WSCloseCode, WSMessage, WSMsgType, hdrs, web

from sim.contract import CHANNELS, NO_MEMBER_CODE, REALTIME_PATH, TOKEN_SUBPROTOCOL_PREFIX, ErrorCode
from sim.target.access import Access
from sim.target.envelope import RequestError, require
from sim.target.frames import connected_frame, error_frame, pong_frame, subscribed_frame
from sim.target.options import TargetOptions
from sim.target.routing import Route
from sim.target.sockets import Socket, Sockets
from sim.target.times import iso, now_ms

LARGEST_FRAME_BYTES: Final = 64 << 10
"""Of a client; a larger one closes the connection with code 1009 (RFC 6455, 7.4.1)."""
CLOSE_WAIT_S: Final = 2.0
"""How long the server waits for a client's part of the closing handshake."""

_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class _ClientFrame(msgspec.Struct, frozen=True):
    type: str
    channels: list[str] = []
    filter: str | None = None


class Realtime:
    """The route of dashboards' sockets."""

    def __init__(self, access: Access, sockets: Sockets, options: TargetOptions) -> None:
        self._access = access
        self._sockets = sockets
        self._refuse_before = options.no_member == "403"

    def routes(self) -> list[Route]:
        return [Route("GET", REALTIME_PATH, self.upgrade)]

    async def upgrade(self, request: web.BaseRequest) -> web.StreamResponse:
        """Refuse (401, 400, 403, 429), or upgrade and serve the socket until it is closed."""
        token, protocol = _offered_token(request)
        caller = self._access.holder(token)
        organisation = request.query.get("org_id")
        require(org_id=organisation)
        assert organisation is not None
        member = await self._access.is_member(caller, organisation)
        if not member and self._refuse_before:
            raise RequestError(403, ErrorCode.FORBIDDEN, "not a member of this organisation")
        response = _response(protocol)
        if not member:
            await response.prepare(request)
            await response.close(code=NO_MEMBER_CODE, message=b"not a member of this organisation")
            return response
        await self._serve_in_place(request, response, organisation)
        return response

    async def _serve_in_place(
        self, request: web.BaseRequest, response: web.WebSocketResponse, organisation: str
    ) -> None:
        if not self._sockets.take_place(organisation):
            raise RequestError(429, ErrorCode.RATE_LIMITED, "too many sockets of this organisation")
        client_left = False
        try:
            await response.prepare(request)
            if request.transport is not None:
                socket = Socket(response, request.transport, organisation, str(uuid.uuid4()))
                client_left = await self._serve(socket)
        finally:
            self._sockets.give_place_back(organisation)
        if client_left:  # its place is free by the time it learns that the socket is closed
            await response.close(code=response.close_code or WSCloseCode.OK)

    async def _serve(self, socket: Socket) -> bool:
        """Serve until the end; True if the client began it, and False if the server closed the socket itself."""
        self._sockets.add(socket)
        try:
            socket.send(connected_frame(socket.client_id))
            while (message := await socket.receive()).type not in _ENDS:
                self._handle(socket, message)
        finally:
            client_left = self._sockets.remove(socket)
        return client_left

    def _handle(self, socket: Socket, message: WSMessage) -> None:
        try:
            frame = msgspec.json.decode(message.data, type=_ClientFrame)
        except (msgspec.DecodeError, UnicodeError):
            socket.send(error_frame("a frame must be a JSON object with a type"))
            return
        if frame.type == "ping":
            socket.last_ping_s = asyncio.get_running_loop().time()
            socket.send(pong_frame(iso(now_ms())))
        elif frame.type == "subscribe":
            channels = _narrowed(frame, socket.organisation)
            self._sockets.subscribe(socket, channels)
            socket.send(subscribed_frame(channels))
        elif frame.type == "unsubscribe":
            self._sockets.unsubscribe(socket, frame.channels)
        else:
            socket.send(error_frame("type must be ping, subscribe or unsubscribe"))


def _offered_token(request: web.BaseRequest) -> tuple[str | None, str | None]:
    """The token, and the subprotocol to echo where it came in one (C1)."""
    token = request.query.get("token")
    if token is not None:
        return token, None
    for header in request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, ()):
        for protocol in map(str.strip, header.split(",")):
            if protocol.startswith(TOKEN_SUBPROTOCOL_PREFIX):
                return protocol.removeprefix(TOKEN_SUBPROTOCOL_PREFIX), protocol
    return None, None


def _response(protocol: str | None) -> web.WebSocketResponse:
    return web.WebSocketResponse(
        timeout=CLOSE_WAIT_S,
        autoclose=False,  # the socket must be out of the registry first: no event may follow a close frame
        protocols=() if protocol is None else (protocol,),
        compress=False,  # frames are written whole, the same bytes to many sockets
        max_msg_size=LARGEST_FRAME_BYTES,
    )


def _narrowed(frame: _ClientFrame, organisation: str) -> list[str]:
    """The channels that a subscription is for; none where its filter is for another organisation.

    A filter of another form narrows nothing; none can reach beyond the connection's organisation (C4).
    """
    column, _, wanted = (frame.filter or "").partition("=eq.")
    if column == "org_id" and wanted != organisation:
        return []
    return [channel for channel in dict.fromkeys(frame.channels) if channel in CHANNELS]
