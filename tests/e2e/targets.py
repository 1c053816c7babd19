"""A target with a mind of its own: answers as the contract says, but for what a test changes."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

from sim.contract import HEARTBEAT_PATH, MACHINES_PATH, REALTIME_PATH, RPC_PATH

ORGANISATIONS, MACHINES = 4, 6
LONGEST_WAIT_S = 90.0


def text(message: object) -> bytes:
    """A text frame of a message, or of bytes as they are."""
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return Frame(Opcode.TEXT, data).serialize(mask=False)


@dataclass
class Manners:
    """What differs from the contract."""

    status_of: Mapping[str, int] = field(default_factory=dict)
    """HTTP status by path; 200."""
    body_of: Mapping[str, bytes] = field(default_factory=dict)
    """Answer by path."""
    frames: bytes = b""
    """Sent to each socket when the first heartbeat has come: after the warm-up, where every machine is online."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    manners: Manners
    heartbeat: threading.Event


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = LONGEST_WAIT_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == REALTIME_PATH and self._status(path) == 200:
            self._realtime()
            return
        number = self.path.partition("org_id=org-")[2].partition("&")[0]
        self._answer(path, {"success": True, "data": _rows(number)})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == RPC_PATH:
            rows = _rows(str(body["_org_id"]).removeprefix("org-"))
            count = len(rows)
            stats = {"machines": rows, "machineCount": count, "onlineCount": count, "offlineCount": 0}
            self._answer(self.path, {"success": True, "data": {"data": stats}})
        else:
            self.server.heartbeat.set()
            self._answer(self.path, {"success": True, "data": {}})

    def _status(self, path: str) -> int:
        return self.server.manners.status_of.get(path, 200)

    def _answer(self, path: str, answer: object) -> None:
        body = self.server.manners.body_of.get(path, json.dumps(answer).encode())
        self.send_response(self._status(path))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _realtime(self) -> None:
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept_key(self.headers["Sec-WebSocket-Key"]))
        self.end_headers()
        subscribed = {"type": "subscribed", "channels": ["machines"]}
        self.wfile.write(text({"type": "connected", "clientId": "c", "availableChannels": []}) + text(subscribed))
        if self.server.manners.frames and self.server.heartbeat.wait(LONGEST_WAIT_S):
            self.wfile.write(self.server.manners.frames)
        self.close_connection = True
        with suppress(ConnectionError):
            while self.rfile.read(1):
                pass


def _rows(number: str) -> list[dict[str, str]]:
    return [{"id": f"m{number}-{k}", "name": f"n{k}", "status": "online"} for k in range(MACHINES)]


@contextmanager
def target(manners: Manners, folder: Path) -> Iterator[tuple[str, ...]]:
    """A target while the context lasts; the options that lead a run to it."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.manners, server.heartbeat = manners, threading.Event()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        orgs = [
            {
                "org_id": f"org-{number}",
                "token": f"tok-secret-{number}",
                "machines": [{"id": f"m{number}-{k}", "node_key": f"nk-secret-{number}-{k}"} for k in range(MACHINES)],
            }
            for number in range(ORGANISATIONS)
        ]
        path = folder / "credentials.json"
        path.write_text(json.dumps({"orgs": orgs}))
        try:
            yield "--target", f"http://127.0.0.1:{server.server_address[1]}", "--credentials", str(path)
        finally:
            server.shutdown()
            thread.join()


REALTIME, RPC, HEARTBEAT, ROWS = REALTIME_PATH, RPC_PATH, HEARTBEAT_PATH, MACHINES_PATH
