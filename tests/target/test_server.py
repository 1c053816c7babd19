import errno
import json
import os
import signal
import socket
import sqlite3
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from sim.contract import HEARTBEAT_PATH, REFRESH_PATH, heartbeat_request
from sim.contract import Status as MachineStatus
from sim.errors import TargetError, UsageError
from sim.target import Seeding, ServePlan, serve
from tests.target.processes import ended, process, ready_line, run
from tests.target.servers import LONGEST_WAIT_S, served


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_says_that_it_is_ready_serves_and_ends_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "credentials.json"
    sizes = ("--organisations", "2", "--machines", "3")
    with process(*sizes, "--credentials", str(path)) as started:
        ready = ready_line(started)
        document = json.loads(path.read_text())
        assert ready == {"url": document["url"], "pid": started.pid, "organisations": 2, "machines": 6}
        entry = document["orgs"][1]
        beat = heartbeat_request(entry["machines"][2]["node_key"], MachineStatus.ONLINE)
        assert httpx.post(document["url"] + HEARTBEAT_PATH, content=beat).status_code == 200
        url = f"ws{document['url'][4:]}/api/realtime?org_id={entry['org_id']}&token={entry['token']}"
        with connect(url) as connection:
            connection.recv(timeout=LONGEST_WAIT_S)
            started.send_signal(number)
            with pytest.raises(ConnectionClosed) as caught:
                connection.recv(timeout=LONGEST_WAIT_S)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001
        code, out, err = ended(started)
    assert (code, out) == (0, "")
    assert err.startswith(f"serving at {document['url']}; drive it with: ztna-sim run SCENARIO")
    assert err.count("\n") == 1


def test_a_process_ends_with_its_parent_if_asked_to() -> None:
    with process("--exit-with-parent", "--organisations", "1") as started:
        ready_line(started)
        assert started.poll() is None
        assert ended(started)[0] == 0  # which closes its standard input


def test_a_process_outlives_the_end_of_its_input_otherwise() -> None:
    with process("--organisations", "1") as started:
        url = ready_line(started)["url"]
        assert started.stdin is not None
        started.stdin.close()
        assert httpx.get(f"{url}/nowhere").status_code == 404
        started.stdin = None
        started.terminate()
        assert ended(started)[0] == 0


def test_a_port_in_use_is_said_with_exit_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = run("--port", str(port))
    assert (code, out) == (3, "")
    assert err == f"port {port} of 127.0.0.1: in use; give another with --port, 0 for a free one\n"
    assert os.strerror(errno.EADDRINUSE) not in err


def test_a_plan_that_cannot_be_served_raises(tmp_path: Path) -> None:
    def unreachable(_: object) -> None:
        raise AssertionError("it is not ready")

    no_database = tmp_path / "text"
    no_database.write_text("this is not a database, and long enough to be seen as none" * 100)
    with pytest.raises(UsageError, match="cannot be used"):
        serve(ServePlan(Seeding((1,), 1), store_path=str(no_database)), unreachable, False)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(TargetError, match="in use"):
        serve(ServePlan(Seeding((1,), 1), port=taken.getsockname()[1]), unreachable, False)


def test_a_file_keeps_rows_and_tokens_from_one_start_to_the_next(tmp_path: Path) -> None:
    path = str(tmp_path / "fleet.db")
    with served(store_path=path) as server:
        server.beat(0, 1)
        before = server.rows()
        auth, refresh_token = server.auth(), server.orgs[0].refresh_token
    with served(store_path=path) as server:
        assert server.http.get("/api/db/machines", headers=auth).json()["data"] == before
        assert server.http.post(REFRESH_PATH, json={"refresh_token": refresh_token}).status_code == 200
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


def test_an_ipv6_address_is_served() -> None:
    with process("--host", "::1", "--organisations", "1") as started:
        url = str(ready_line(started)["url"])
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/nowhere").status_code == 404
        started.terminate()
        assert ended(started)[0] == 0
