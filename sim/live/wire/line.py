"""An organisation's line to its target over real sockets, in callbacks of the hub."""

from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from websockets.uri import WebSocketURI

from sim import actors
from sim.actors import Answer
from sim.contract import (
    HEARTBEAT_PATH,
    MACHINES_PATH,
    REALTIME_PATH,
    RPC_PATH,
    TOKEN_SUBPROTOCOL_PREFIX,
    Status,
    StatusCode,
    health_query,
    heartbeat_request,
    stats_request,
)
from sim.history import NEVER_NS
from sim.live.access.credentials import Machine
from sim.live.wire.alarms import Alarms
from sim.live.wire.answers import Reader
from sim.live.wire.events import EventReader
from sim.live.wire.http import HttpPool, HttpRequest, Reply
from sim.live.wire.page_socket import PageSocket
from sim.live.wire.socket import Address
from sim.live.wire.websocket import Listener, WebSocket
from sim.scenario import DashboardOptions

_REQUEST_TIMEOUT_NS: Final = 30_000_000_000
_SWEEP: Final = -1_000
"""Whom the alarm rings for that looks for requests without an answer; no actor has this number."""
_SWEEP_INTERVAL_NS: Final = 1_000_000_000

_STATUS: Final = {int(StatusCode.ONLINE): Status.ONLINE, int(StatusCode.OFFLINE): Status.OFFLINE}


class Route(NamedTuple):
    """Where an organisation's requests go, and as whom."""

    url: str
    address: Address
    organisation_id: str
    token: str

    @property
    def host(self) -> str:
        """Of the Host header."""
        return urlsplit(self.url).netloc

    def path(self, path: str) -> str:
        """A path of the API under that of the URL."""
        return urlsplit(self.url).path.rstrip("/") + path

    def socket_uri(self, token: str | None, organisation_id: str) -> WebSocketURI:
        """Of a socket of an organisation, with the token in the URL unless it is None."""
        parts = urlsplit(self.url)
        query = {"org_id": organisation_id} | ({} if token is None else {"token": token})
        return WebSocketURI(
            secure=False,
            host=parts.hostname or "",
            port=parts.port or 80,
            path=self.path(REALTIME_PATH),
            query=urlencode(query),
        )


class _Request(NamedTuple):
    pool: HttpPool
    request: HttpRequest

    def abort(self) -> None:
        self.pool.abort(self.request)


class LiveLine:
    """The line of one organisation. `ring` is called for the alarms that its actors set."""

    def __init__(
        self,
        route: Route,
        options: DashboardOptions,
        machines: Sequence[Machine],
        reader: Reader,
        events: EventReader,
        ring: Callable[[int, int], None],
    ) -> None:
        in_url = options.token_in == "url"
        organisation_id = route.organisation_id
        self._route = route
        self._uri = route.socket_uri(route.token if in_url else None, organisation_id)
        self._subprotocol = None if in_url else TOKEN_SUBPROTOCOL_PREFIX + route.token
        self._filter = organisation_id if options.subscribe == "filtered" else None
        self._node_keys = [machine.node_key for machine in machines]
        self._reader = reader
        self._events = events
        self._ring = ring
        self._pool = HttpPool(route.address, route.host)
        self._alarms = Alarms(self._rung)
        self._refetch = (
            ("GET", route.path(health_query(organisation_id)), b"")
            if options.page == "health"
            else ("POST", route.path(RPC_PATH), stats_request(organisation_id))
        )
        self._heartbeat_path = route.path(HEARTBEAT_PATH)
        self.alarm(_SWEEP, monotonic_ns() + _SWEEP_INTERVAL_NS)

    def now_ns(self) -> int:
        """The time."""
        return monotonic_ns()

    def alarm(self, who: int, at_ns: int) -> None:
        """Ring for `who` at or after this time."""
        if at_ns < NEVER_NS:
            self._alarms.set(who, at_ns)

    def connect(self, listener: actors.SocketListener) -> actors.SocketHandle:
        """Open a dashboard's socket."""
        return PageSocket(listener, self._events, self._filter, self._open)

    def refetch(self, done: Callable[[Answer], None]) -> actors.Handle:
        """Send the page's refetch."""
        method, path, body = self._refetch

        def answered(reply: Reply) -> None:
            contents = self._reader.refetch(reply.body) if reply.status == 200 else None
            done(Answer(_bare(reply), contents))

        return self._request(method, path, answered, self._route.token, body)

    def beat(self, machine: int, status: int, done: Callable[[actors.Reply], None]) -> actors.Handle:
        """Send a machine's heartbeat, which has its key in the body and no token."""
        body = heartbeat_request(self._node_keys[machine], _STATUS[status])
        return self._request("POST", self._heartbeat_path, lambda reply: done(_bare(reply)), None, body)

    def read_machines(self, done: Callable[[Reply], None]) -> None:
        """Read the organisation's list of machines."""
        path = self._route.path(f"{MACHINES_PATH}?org_id={self._route.organisation_id}")
        self._request("GET", path, done, self._route.token, b"")

    def close(self) -> None:
        """Nothing is reported any more, and no alarm rings."""
        self._alarms.stop()
        self._pool.close()

    def _open(self, listener: Listener) -> WebSocket:
        return WebSocket(self._route.address, self._uri, self._subprotocol, listener, monotonic_ns())

    def _request(
        self, method: str, path: str, done: Callable[[Reply], None], token: str | None, body: bytes
    ) -> _Request:
        return _Request(self._pool, self._pool.request(method, path, done, token, body))

    def _rung(self, who: int, now_ns: int) -> None:
        if who == _SWEEP:
            self._pool.expire(now_ns - _REQUEST_TIMEOUT_NS)
            self.alarm(_SWEEP, now_ns + _SWEEP_INTERVAL_NS)
        else:
            self._ring(who, now_ns)


def _bare(reply: Reply) -> actors.Reply:
    return actors.Reply(reply.status, reply.arrived_ns, reply.reason)
