"""What one organisation's page drivers share: where to connect, with which token, and where facts are noted."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from websockets.uri import WebSocketURI

from sim.contract import HEARTBEAT_PATH, REALTIME_PATH, RPC_PATH, TOKEN_SUBPROTOCOL_PREFIX, health_query, stats_request
from sim.history import HistoryBuilder
from sim.live.http import HttpPool, HttpRequest, Reply
from sim.live.socket import Address
from sim.live.tally import Tally
from sim.scenario import DashboardOptions


class Line:
    """The line of one organisation to its target."""

    def __init__(
        self,
        url: str,
        address: Address,
        organisation_id: str,
        token: str,
        options: DashboardOptions,
        history: HistoryBuilder,
        tally: Tally,
    ) -> None:
        parts = urlsplit(url)
        in_url = options.token_in == "url"
        query = {"org_id": organisation_id} | ({"token": token} if in_url else {})
        self.address = address
        self.uri = WebSocketURI(
            secure=False,
            host=parts.hostname or "",
            port=parts.port or 80,
            path=parts.path.rstrip("/") + REALTIME_PATH,
            query=urlencode(query),
        )
        self.subprotocol = None if in_url else TOKEN_SUBPROTOCOL_PREFIX + token
        self.filter = organisation_id if options.subscribe == "filtered" else None
        self.pool = HttpPool(address, parts.netloc)
        self.history = history
        self.tally = tally
        self._token = token
        self._prefix = parts.path.rstrip("/")
        self._refetch = (
            ("GET", self._prefix + health_query(organisation_id), b"")
            if options.page == "health"
            else ("POST", self._prefix + RPC_PATH, stats_request(organisation_id))
        )

    def refetch(self, done: Callable[[Reply], None]) -> HttpRequest:
        """Send the page's refetch."""
        method, path, body = self._refetch
        return self.pool.request(method, path, done, self._token, body)

    def get(self, path: str, done: Callable[[Reply], None]) -> HttpRequest:
        """Read something as this organisation's user."""
        return self.pool.request("GET", self._prefix + path, done, self._token)

    def beat(self, body: bytes, done: Callable[[Reply], None]) -> HttpRequest:
        """Send an agent's heartbeat, which has its key in the body and no token."""
        return self.pool.request("POST", self._prefix + HEARTBEAT_PATH, done, body=body)
