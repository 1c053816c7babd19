"""The realtime WebSocket: refusals before the upgrade, then frames (contract 1)."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import WSCloseCode, WSMessage, WSMsgType, hdrs, web

from sim.contract import CHANNELS, NO_MEMBER_CODE, REALTIME_PATH, TOKEN_SUBPROTOCOL_PREFIX, ErrorCode
from sim.errors import UNREADABLE
from sim.target.access import Access, UserCall
from sim.target.envelope import RequestError, require
from sim.target.frames import connected_frame, error_frame, pong_frame, subscribed_frame
from sim.target.hooks import Door, Hooks, Served
from sim.target.options import TargetOptions
from sim.target.routing import Route
from sim.target.sockets import Socket, Sockets
from sim.target.times import iso, now_ms

LARGEST_FRAME_BYTES: Final = 64 << 10
"""Of a client; a larger one closes the connection with code 1009 (RFC 6455, 7.4.1)."""
CLOSE_WAIT_S: Final = 2.0
"""How long the server waits for a client's part of the closing handshake."""

_LARGEST_CODE: Final = 4999
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class _ClientFrame(msgspec.Struct, frozen=True):
    type: str
    channels: list[str] = []
    filter: str | None = None


@dataclass(frozen=True, slots=True)
class _Admitted:
    """An upgrade that is granted, if there is a place: whose it is, and what to call once it was served."""

    call: UserCall
    user_id: str
    served: Served


class Realtime:
    """The route of dashboards' sockets."""

    def __init__(self, access: Access, sockets: Sockets, hooks: Hooks, options: TargetOptions) -> None:
        self._access = access
        self._sockets = sockets
        self._granted = hooks.granted
        self._received = hooks.received
        self._refuse_before = options.no_member == "403"

    def routes(self) -> list[Route]:
        return [Route("GET", REALTIME_PATH, self.upgrade)]

    async def upgrade(self, request: web.BaseRequest) -> web.StreamResponse:
        """Refuse (401, 400, 403, 429), or upgrade and serve the socket until it is closed."""
        token, protocol = _offered_token(request)
        caller = await self._access.holder(token)
        organisation = request.query.get("org_id")
        require(org_id=organisation)
        assert organisation is not None
        call = UserCall(request, Door.SOCKET, organisation)
        served = await self._access.admitted(caller, call)
        if served is None and self._refuse_before:
            raise RequestError(403, ErrorCode.FORBIDDEN, "not a member of this organisation")
        response = _response(protocol)
        if served is None:
            await _prepare(response, request)
            await response.close(code=NO_MEMBER_CODE, message=b"not a member of this organisation")
            return response
        await self._serve_in_place(response, _Admitted(call, caller.user_id, served))
        return response

    async def _serve_in_place(self, response: web.WebSocketResponse, admitted: _Admitted) -> None:
        organisation, request = admitted.call.organisation, admitted.call.request
        if not self._sockets.take_place(organisation):
            raise RequestError(429, ErrorCode.RATE_LIMITED, "too many sockets of this organisation")
        client_left = False
        try:
            for hook in self._granted:
                await hook(admitted.call)
            await _prepare(response, request)
            if request.transport is not None:
                admitted.served()
                client_left = await self._serve(Socket(response, request.transport, organisation, admitted.user_id))
        finally:
            self._sockets.give_place_back(organisation)
        if client_left:  # its place is free by the time it learns that the socket is closed
            await response.close(code=_echoed(response.close_code))

    async def _serve(self, socket: Socket) -> bool:
        """Serve until the end; True if the client began it, and False if the server closed the socket itself."""
        self._sockets.add(socket)
        try:
            socket.send(connected_frame(str(uuid.uuid4())))
            while (message := await socket.receive()).type not in _ENDS:
                self._handle(socket, message)
        finally:
            client_left = self._sockets.remove(socket)
        return client_left

    def _handle(self, socket: Socket, message: WSMessage) -> None:
        try:
            frame = msgspec.json.decode(message.data, type=_ClientFrame)
        except UNREADABLE:
            socket.send(error_frame("a frame must be a JSON object with a type"))
            return
        answered = [hook(socket, frame) for hook in self._received]
        answer = self._act(socket, frame)
        if answer is not None and all(answered):
            socket.send(answer)

    def _act(self, socket: Socket, frame: _ClientFrame) -> bytes | None:
        """Do what a frame asks for; the frame to answer with, if any."""
        if frame.type == "ping":
            socket.last_ping_s = asyncio.get_running_loop().time()
            return pong_frame(iso(now_ms()))
        if frame.type == "subscribe":
            channels = _narrowed(frame, socket.organisation)
            self._sockets.subscribe(socket, channels)
            return subscribed_frame(channels)
        if frame.type == "unsubscribe":
            self._sockets.unsubscribe(socket, frame.channels)
            return None
        return error_frame("type must be ping, subscribe or unsubscribe")


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
        autoping=False,  # the socket answers, if it may still send
        protocols=() if protocol is None else (protocol,),
        compress=False,  # frames are written whole, the same bytes to many sockets
        max_msg_size=LARGEST_FRAME_BYTES,
    )


async def _prepare(response: web.WebSocketResponse, request: web.BaseRequest) -> None:
    """Answer the upgrade. Raises RequestError if its headers are wrong, or the client has left already."""
    try:
        await response.prepare(request)
    except (ConnectionError, ValueError) as error:  # a ValueError of a key that is not ASCII
        raise RequestError(400, ErrorCode.INVALID_INPUT, "the upgrade cannot be made") from error


def _echoed(code: int | None) -> int:
    """The close code that answers a client's: its own if a frame may carry it (RFC 6455, 7.4)."""
    if not code:
        return WSCloseCode.OK
    return code if code <= _LARGEST_CODE and code != WSCloseCode.ABNORMAL_CLOSURE else WSCloseCode.PROTOCOL_ERROR


def _narrowed(frame: _ClientFrame, organisation: str) -> list[str]:
    """The channels that a subscription is for; none where its filter is for another organisation.

    A filter of another form narrows nothing; none can reach beyond the connection's organisation (C4).
    """
    column, _, wanted = (frame.filter or "").partition("=eq.")
    if column == "org_id" and wanted != organisation:
        return []
    return [channel for channel in dict.fromkeys(frame.channels) if channel in CHANNELS]
