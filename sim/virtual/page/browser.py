"""The browser's network between the page and the scripted server: not part of the page, so modelled here.

At most 6 requests at a time over HTTP/1.1; a GET waits while one of the same URL is under way, 20 s at most (the
cache's lock); a request whose reused connection was reset before any answer is sent again once, silently.
While the browser is offline, a request that has not left yet fails; one that has is answered all the same.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from sim.virtual.clock import Clock
from sim.virtual.page.delays import (
    ABORT_NS,
    ANSWER_NS,
    CALL_NS,
    FAIL_NS,
    HANDOVER_NS,
    MS_NS,
    OVERRUN_NS,
    REQUEST_NS,
)
from sim.virtual.page.request import Request
from sim.virtual.page.script import Script

CONNECTIONS: Final = 6
LOCK_NS: Final = 20_000 * MS_NS


class Browser:
    """All tabs of one browser, and the server that they fetch from. `arrived` is what the server saw."""

    def __init__(self, clock: Clock, script: Script, is_get: bool) -> None:
        self._clock = clock
        self._script = script
        self._locking = is_get and script.page_options.fetch_cache != "no-store"
        self._multiplexed = script.protocol == "h2"
        self._failures = {failure.request: failure.status for failure in script.failures}
        self._slow_ms = {slow.request: slow.latency_ms for slow in script.slow}
        if script.first_latency_ms is not None:
            self._slow_ms[0] = script.first_latency_ms
        self._fetches: Counter[int] = Counter()
        self._lock_queue: list[Request] = []
        self._lock_holder: Request | None = None
        self._queue: list[Request] = []
        self._wire: list[Request] = []
        self._idle_connections: list[int] = []
        self._connections = 0
        self.offline = False
        self.arrived: list[Request] = []

    def send(self, now_ns: int, tab: int, ended: Callable[[int, Request], None]) -> Request:
        """The page calls fetch. `ended` is called with the request when its promise settles, unless aborted."""
        request = Request(tab, self._fetches[tab], ended)
        self._fetches[tab] += 1
        self._clock.at(now_ns + CALL_NS, lambda at_ns: self._enter(at_ns, request))
        return request

    def abort(self, now_ns: int, request: Request, seen_after_ns: int = ABORT_NS) -> None:
        """The page aborts it, which the server sees so long after; a connection under way is lost with it."""
        if request.successor is not None:
            request = request.successor
        if not request.awaited:
            return
        request.abandoned = True
        for queue in (self._lock_queue, self._queue, self._wire):
            if request in queue:
                queue.remove(request)
        if request.arrived_ns is not None:
            self._clock.at(now_ns + seen_after_ns, lambda at_ns: self._see_abort(at_ns, request))
        self._free_lock(now_ns, request)
        self._free_connection(now_ns)

    def close_tab(self, now_ns: int, tab: int, seen_after_ns: int) -> None:
        """All requests of the tab are aborted, whatever the page does."""
        for request in [*self._wire, *self._queue, *self._lock_queue]:
            if request.tab == tab:
                self.abort(now_ns, request, seen_after_ns)

    def _see_abort(self, now_ns: int, request: Request) -> None:
        if request.finished_ns is None:
            request.aborted_ns = now_ns

    def _enter(self, now_ns: int, request: Request) -> None:
        if request.abandoned:
            return
        if self._locking and self._lock_holder is not None:
            self._lock_queue.append(request)
            self._clock.at(now_ns + LOCK_NS, lambda at_ns: self._lock_timed_out(at_ns, request))
        else:
            self._take_lock(request)
            self._connect(now_ns, request, REQUEST_NS)

    def _take_lock(self, request: Request) -> None:
        if self._locking:
            self._lock_holder = request

    def _lock_timed_out(self, now_ns: int, request: Request) -> None:
        if request in self._lock_queue:
            self._lock_queue.remove(request)
            self._connect(now_ns, request, REQUEST_NS)

    def _connect(self, now_ns: int, request: Request, travel_ns: int) -> None:
        if self.offline:
            self._clock.at(now_ns + FAIL_NS, lambda at_ns: self._fail(at_ns, request))
            return
        if not self._multiplexed and len(self._wire) >= CONNECTIONS:
            self._queue.append(request)
            return
        self._wire.append(request)
        reused = self._take_connection(request)
        self._clock.at(now_ns + travel_ns, lambda at_ns: self._arrive(at_ns, request, reused))

    def _take_connection(self, request: Request) -> bool:
        """Number its connection: the one that was last in use, or a new one. Whether it had been in use."""
        if self._multiplexed:
            request.connection = 0
            return bool(self.arrived)
        if self._idle_connections:
            request.connection = self._idle_connections.pop()
            return True
        request.connection = self._connections
        self._connections += 1
        return False

    def _fail(self, now_ns: int, request: Request) -> None:
        if request.awaited:
            request.finished_ns = now_ns
            self._free_lock(now_ns, request)
            request.ended(now_ns, request)

    def _arrive(self, now_ns: int, request: Request, reused: bool) -> None:
        if request.abandoned:
            return
        number = len(self.arrived)
        self.arrived.append(request)
        request.arrived_ns = now_ns
        status = self._failures.get(number, 200)
        done_ns = now_ns + round(self._slow_ms.get(number, self._script.rpc_latency_ms) * MS_NS) + OVERRUN_NS
        self._clock.at(done_ns, lambda at_ns: self._finish(at_ns, request, status, reused))

    def _finish(self, now_ns: int, request: Request, status: int | str, reused: bool) -> None:
        if request.aborted_ns is not None:
            return
        request.status = status
        request.finished_ns = now_ns
        if request.abandoned:
            return
        self._wire.remove(request)
        if status == "reset" and reused and not request.resent:
            self._send_again(now_ns, request)
            return
        self._free_lock(now_ns, request)
        if status != "reset" and not self._multiplexed:
            assert request.connection is not None
            self._idle_connections.append(request.connection)
        self._free_connection(now_ns)
        self._clock.at(now_ns + ANSWER_NS, lambda at_ns: request.ended(at_ns, request))

    def _send_again(self, now_ns: int, request: Request) -> None:
        request.successor = Request(request.tab, request.fetch, request.ended, resent=True)
        if request is self._lock_holder:
            self._lock_holder = request.successor
        self._connect(now_ns, request.successor, REQUEST_NS)

    def _free_lock(self, now_ns: int, request: Request) -> None:
        """The next request of the URL goes on. The connection is not idle yet, so it takes another."""
        if request is self._lock_holder:
            self._lock_holder = None
            if self._lock_queue:
                self._take_lock(self._lock_queue[0])
                self._connect(now_ns, self._lock_queue.pop(0), HANDOVER_NS)

    def _free_connection(self, now_ns: int) -> None:
        """The next request that waits for a connection goes on."""
        if self._queue and len(self._wire) < CONNECTIONS:
            self._connect(now_ns, self._queue.pop(0), HANDOVER_NS)
