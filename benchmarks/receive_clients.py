"""The clients that `benchmarks.receive` compares, each a process of its own: what an event costs, and a socket.

    python -m benchmarks.receive_clients NAME PORT SOCKETS SECONDS

Prints one JSON line: CPU microseconds per event, kB per socket.
"""

import json
import os
import sys
import time
from collections.abc import Callable

from locust import User  # noqa: F401  # as in a run: gevent's sockets, and what Locust costs in memory

# isort: split
import gevent
import msgspec
import psutil
from websockets.sync.client import connect
from websockets.uri import WebSocketURI

from sim.contract import ServerFrame, StatusCode
from sim.dashboard import Dashboard, PageRules
from sim.history import HistoryBuilder
from sim.live.wire.websocket import WebSocket


class Counter:
    """Events so far."""

    def __init__(self) -> None:
        self.events = 0


def ours(port: int, sockets: int, counter: Counter) -> list[object]:
    """A dashboard of the live executor: hub watchers, the page, and its history."""
    decode = msgspec.json.Decoder(ServerFrame).decode

    class Viewer:
        """What `sim.live.viewer.Viewer` does for an event, without the refetch."""

        def __init__(self, number: int, history: HistoryBuilder) -> None:
            self._number = number
            self._history = history
            self._page = Dashboard(PageRules())
            self._page.mount(time.monotonic_ns())
            uri = WebSocketURI(False, "127.0.0.1", port, "/", "")
            self._socket = WebSocket((2, ("127.0.0.1", port)), uri, None, self, time.monotonic_ns())

        def opened(self, at_ns: int) -> None:
            self._page.opened(at_ns)

        def text(self, arrived_ns: int, data: bytes) -> None:
            frame = decode(data)
            counter.events += 1
            status = StatusCode.of(frame.payload.status if frame.payload else None)
            self._history.delivery(self._number, 0, 0, status, 0, arrived_ns, time.monotonic_ns())
            self._page.event(arrived_ns)

        def closed(self, at_ns: int, code: int, reason: str) -> None:
            raise RuntimeError(f"closed with {code} {reason} at {at_ns}")

    history = HistoryBuilder()
    viewers: list[object] = []
    for number in range(sockets):
        viewers.append(Viewer(number, history))
        gevent.sleep(0.001)
    return viewers


def usual(port: int, sockets: int, counter: Counter) -> list[object]:
    """The usual Locust way: `websockets.sync`, a greenlet per socket, `json.loads`, a list of times."""
    arrivals: list[int] = []

    def read(socket: object) -> None:
        for message in socket:  # type: ignore[attr-defined]  # the iterator of websockets.sync
            json.loads(message)
            arrivals.append(time.monotonic_ns())
            counter.events += 1

    kept: list[object] = []
    for _ in range(sockets):
        socket = connect(f"ws://127.0.0.1:{port}/", compression=None, ping_interval=None)
        kept += [socket, gevent.spawn(read, socket)]
    return kept


CLIENTS: dict[str, Callable[[int, int, Counter], list[object]]] = {"ours": ours, "usual": usual}


def main() -> None:
    """Connect, settle, then count for some seconds."""
    name, port, sockets, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    counter, process = Counter(), psutil.Process()
    before_bytes = process.memory_full_info().uss
    kept = CLIENTS[name](port, sockets, counter)
    while not counter.events:
        gevent.sleep(0.05)
    socket_bytes = process.memory_full_info().uss - before_bytes
    events, cpu_ns = counter.events, time.process_time_ns()
    gevent.sleep(seconds)
    events, cpu_ns = counter.events - events, time.process_time_ns() - cpu_ns
    figures = {"us_per_event": cpu_ns / events / 1e3, "kb_per_socket": socket_bytes / sockets / 1024, "kept": len(kept)}
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
    os._exit(0)  # thousands of greenlets need not be unwound


if __name__ == "__main__":
    main()
