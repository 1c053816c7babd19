from collections.abc import Callable

import pytest

from sim.history import HistoryBuilder
from sim.live.http import HttpRequest, Reply
from sim.live.line import Line
from sim.live.tally import Tally
from sim.scenario import DashboardOptions
from tests.live.peers import Connection, Peer, peer
from tests.live.waiting import Inbox


def _line(found: Peer, options: DashboardOptions, path: str = "") -> Line:
    url = f"http://127.0.0.1:{found.port}{path}"
    return Line(url, found.address, "org-0", "a+b/c=", options, HistoryBuilder(), Tally())


def _asked(options: DashboardOptions, path: str, call: Callable[[Line, Callable[[Reply], None]], HttpRequest]) -> str:
    """The request line, and the body if there is one, of a call."""
    asked: list[str] = []

    def script(connection: Connection) -> None:
        head = connection.head().decode()
        size = next((int(line[16:]) for line in head.split("\r\n") if line.startswith("content-length: ")), 0)
        assert ("authorization: Bearer a+b/c=" in head) is ("heartbeat" not in head)
        asked.append(f"{head.splitlines()[0]} {connection.take(size).decode()}".strip())
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with peer(script) as found:
        replies: Inbox[Reply] = Inbox()
        line = _line(found, options, path)
        call(line, replies.add)
        replies.wait(1)
        line.pool.close()
    return asked[0]


def test_the_dashboard_asks_with_one_rpc() -> None:
    asked = _asked(DashboardOptions(), "", Line.refetch)
    assert asked == 'POST /api/db/_rpc HTTP/1.1 {"fn":"get_dashboard_stats","_org_id":"org-0"}'


def test_the_health_page_asks_for_its_rows() -> None:
    asked = _asked(DashboardOptions(page="health"), "", Line.refetch)
    assert asked.startswith(
        "GET /api/db/machines?org_id=org-0&select=id,name,tailnet_ip,os,status,last_seen,created_at"
    )


@pytest.mark.parametrize("path", ["/base", "/base/"])
def test_a_path_of_the_url_comes_before_all_others(path: str) -> None:
    assert _asked(DashboardOptions(), path, Line.refetch).startswith("POST /base/api/db/_rpc ")
    assert _asked(DashboardOptions(), path, lambda line, done: line.get("/x", done)) == "GET /base/x HTTP/1.1"
    beat = _asked(DashboardOptions(), path, lambda line, done: line.beat(b"{}", done))
    assert beat == "POST /base/api/machine-heartbeat HTTP/1.1 {}"


def test_the_token_goes_where_the_options_say() -> None:
    with peer(lambda _: None) as found:
        plain = _line(found, DashboardOptions(), "/base")
        assert plain.uri.path == "/base/api/realtime"
        assert plain.uri.query == "org_id=org-0&token=a%2Bb%2Fc%3D"
        assert (plain.subprotocol, plain.filter) == (None, None)
        other = _line(found, DashboardOptions(token_in="subprotocol", subscribe="filtered"))
        assert other.uri.query == "org_id=org-0"
        assert (other.subprotocol, other.filter) == ("access_token.a+b/c=", "org-0")
