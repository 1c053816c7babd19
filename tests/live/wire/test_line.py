"""An organisation's line: what it asks for, where, and as whom."""

from collections.abc import Callable

import pytest

from sim.contract import StatusCode
from sim.live.access.credentials import Machine, Organisation
from sim.live.access.owners import Owners
from sim.live.wire.answers import Reader
from sim.live.wire.events import EventReader
from sim.live.wire.line import LiveLine, Route
from sim.scenario import DashboardOptions
from tests.live.peers import Connection, Peer, peer
from tests.live.waiting import Inbox

TOKEN = "a+b/c="
Call = Callable[[LiveLine, Callable[[object], None]], object]


def _refetch(line: LiveLine, done: Callable[[object], None]) -> object:
    return line.refetch(done)


def _nobody(who: int, now_ns: int) -> None:
    raise AssertionError(f"nobody set an alarm for {who} at {now_ns}")


def _line(found: Peer, options: DashboardOptions, path: str = "") -> LiveLine:
    route = Route(f"http://127.0.0.1:{found.port}{path}", found.address, "org-0", TOKEN)
    machines = [Machine("m0", "key-0"), Machine("m1", "key-1")]
    owners = Owners([Organisation(org_id="org-0", token=TOKEN, machines=machines)])
    reader = Reader(0, 2, options.page == "health", owners)
    return LiveLine(route, options, machines, reader, EventReader(owners), _nobody)


def _asked(options: DashboardOptions, path: str, call: Call) -> str:
    """The request line, and the body if there is one, of a call."""
    asked: list[str] = []

    def script(connection: Connection) -> None:
        head = connection.head().decode()
        size = next((int(line[16:]) for line in head.split("\r\n") if line.startswith("content-length: ")), 0)
        assert (f"authorization: Bearer {TOKEN}" in head) is ("heartbeat" not in head)
        asked.append(f"{head.splitlines()[0]} {connection.take(size).decode()}".strip())
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with peer(script) as found:
        replies: Inbox[object] = Inbox()
        line = _line(found, options, path)
        call(line, replies.add)
        replies.wait(1)
        line.close()
    return asked[0]


def test_the_dashboard_asks_with_one_rpc() -> None:
    asked = _asked(DashboardOptions(), "", _refetch)
    assert asked == 'POST /api/db/_rpc HTTP/1.1 {"fn":"get_dashboard_stats","_org_id":"org-0"}'


def test_the_health_page_asks_for_its_rows() -> None:
    asked = _asked(DashboardOptions(page="health"), "", _refetch)
    assert asked.startswith(
        "GET /api/db/machines?org_id=org-0&select=id,name,tailnet_ip,os,status,last_seen,created_at"
    )


@pytest.mark.parametrize("path", ["/base", "/base/"])
def test_a_path_of_the_url_comes_before_all_others(path: str) -> None:
    assert _asked(DashboardOptions(), path, _refetch).startswith("POST /base/api/db/_rpc ")
    machines = _asked(DashboardOptions(), path, lambda line, done: line.read_machines(done))
    assert machines == "GET /base/api/db/machines?org_id=org-0 HTTP/1.1"


def test_a_heartbeat_has_its_machines_key_and_status() -> None:
    beat = _asked(DashboardOptions(), "", lambda line, done: line.beat(1, int(StatusCode.OFFLINE), done))
    assert beat.startswith("POST /api/machine-heartbeat HTTP/1.1 ")
    assert '"node_key":"key-1","status":"offline"' in beat


def _upgrade(options: DashboardOptions) -> str:
    """The head of the request that opens a dashboard's socket."""
    heads: Inbox[str] = Inbox()

    class Listener:
        def opened(self, at_ns: int) -> None: ...
        def subscribed(self, at_ns: int) -> None: ...
        def event(self, arrived_ns: int, event: object) -> None: ...
        def stray(self, arrived_ns: int, event: object) -> None: ...
        def pong(self, at_ns: int) -> None: ...
        def breach(self, at_ns: int) -> None: ...
        def closed(self, at_ns: int, code: int, reason: str) -> None: ...

    with peer(lambda connection: heads.add(connection.head().decode())) as found:
        line = _line(found, options, "/base")
        socket = line.connect(Listener())
        heads.wait(1)
        socket.close()
        line.close()
    return heads.items[0]


def test_the_token_goes_where_the_options_say() -> None:
    in_url = _upgrade(DashboardOptions())
    assert in_url.startswith("GET /base/api/realtime?org_id=org-0&token=a%2Bb%2Fc%3D HTTP/1.1")
    assert "sec-websocket-protocol" not in in_url.lower()
    in_protocol = _upgrade(DashboardOptions(token_in="subprotocol"))
    assert in_protocol.startswith("GET /base/api/realtime?org_id=org-0 HTTP/1.1")
    assert f"sec-websocket-protocol: access_token.{TOKEN}" in in_protocol.replace("Sec-WebSocket-P", "sec-websocket-p")
