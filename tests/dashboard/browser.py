"""The browser's network between the page and the recording server (not part of the page, so modelled here).

At most 6 requests at a time over HTTP/1.1; a GET waits while one of the same URL is under way, 20 s at most (the
cache's lock); a request whose reused connection was reset before any answer is sent again once, silently.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.dashboard.agenda import Agenda
from tests.dashboard.traces import Script

MS_NS: Final = 1_000_000
CONNECTIONS: Final = 6
LOCK_NS: Final = 20_000 * MS_NS
CALL_NS: Final = 2 * MS_NS
"""From the page's timer or event to the network, as the recordings have it; their spread is what the tolerance
is for."""
REQUEST_NS: Final = 2 * MS_NS
"""From there to the server, likewise."""
ANSWER_NS: Final = 2 * MS_NS
"""From the server's answer to the page's promise, likewise."""
OVERRUN_NS: Final = 800_000
"""By how much the recording server's latency was longer than its script said, likewise."""


@dataclass(eq=False)
class Request:
    """A request of a page; once it `arrived_ns`, the server sees it. A silent resend is a second one."""

    tab: int
    ended: Callable[[int, "Request"], None]
    is_first: bool = False
    locks: bool = False
    resent: bool = False
    arrived_ns: int | None = None
    finished_ns: int | None = None
    aborted_ns: int | None = None
    status: int | str | None = None

    @property
    def open(self) -> bool:
        """Whether it has no end yet."""
        return self.finished_ns is None and self.aborted_ns is None


class Browser:
    """All tabs of one browser, and the server that they talk to.

    `first_arrivals_ns`: when the first request of a tab reaches the server. A tab that was just opened is slow by
    up to 150 ms, which is no matter of the page.
    """

    def __init__(self, agenda: Agenda, script: Script, is_get: bool, first_arrivals_ns: Mapping[int, int]) -> None:
        self._agenda = agenda
        self._script = script
        self._locking = is_get and script.page_options.fetch_cache != "no-store"
        self._limit = None if script.protocol == "h2" else CONNECTIONS
        self._first_arrivals_ns = first_arrivals_ns
        self._failures = {failure.request: failure.kind for failure in script.failures}
        self._slow = {slow.request: slow.latency_ms for slow in script.slow}
        self._lock_queue: list[Request] = []
        self._lock_holder: Request | None = None
        self._queue: list[Request] = []
        self._wire: list[Request] = []
        self._idle_connections = 0
        self.arrived: list[Request] = []

    def send(self, now_ns: int, tab: int, ended: Callable[[int, Request], None], is_first: bool) -> Request:
        """The page calls fetch."""
        request = Request(tab, ended, is_first)
        self._agenda.add(now_ns if is_first else now_ns + CALL_NS, lambda at_ns: self._enter(at_ns, request))
        return request

    def _enter(self, now_ns: int, request: Request) -> None:
        if not request.open:
            return
        if self._locking and self._lock_holder is not None:
            self._lock_queue.append(request)
            self._agenda.add(now_ns + LOCK_NS, lambda at_ns: self._lock_timed_out(at_ns, request))
        else:
            self._take_lock(request)
            self._connect(now_ns, request)

    def abort(self, now_ns: int, request: Request) -> None:
        """The page aborts it; a connection under way is lost with it."""
        if not request.open:
            return
        request.aborted_ns = now_ns
        for queue in (self._lock_queue, self._queue, self._wire):
            if request in queue:
                queue.remove(request)
        self._freed(now_ns, request)

    def close_tab(self, now_ns: int, tab: int) -> None:
        """All requests of the tab are aborted, whatever the page does."""
        for request in [*self._wire, *self._queue, *self._lock_queue]:
            if request.tab == tab:
                self.abort(now_ns, request)

    def _take_lock(self, request: Request) -> None:
        if self._locking:
            request.locks = True
            self._lock_holder = request

    def _lock_timed_out(self, now_ns: int, request: Request) -> None:
        if request in self._lock_queue:
            self._lock_queue.remove(request)
            self._connect(now_ns, request)

    def _connect(self, now_ns: int, request: Request) -> None:
        if self._limit is not None and len(self._wire) >= self._limit:
            self._queue.append(request)
            return
        self._wire.append(request)
        arrives_ns = now_ns + REQUEST_NS
        if request.is_first:
            arrives_ns = max(now_ns, self._first_arrivals_ns[request.tab])
        reused = self._idle_connections > 0
        self._idle_connections -= reused
        self._agenda.add(arrives_ns, lambda at_ns: self._arrive(at_ns, request, reused))

    def _arrive(self, now_ns: int, request: Request, reused: bool) -> None:
        if not request.open:
            return
        number = len(self.arrived)
        self.arrived.append(request)
        request.arrived_ns = now_ns
        latency_ms = self._slow.get(number, self._script.rpc_latency_ms)
        if number == 0 and self._script.first_latency_ms is not None:
            latency_ms = self._script.first_latency_ms
        kind = self._failures.get(number)
        status: int | str = 200 if kind is None else kind if kind == "reset" else int(kind)
        done_ns = now_ns + round(latency_ms * MS_NS) + OVERRUN_NS
        self._agenda.add(done_ns, lambda at_ns: self._finish(at_ns, request, status, reused))

    def _finish(self, now_ns: int, request: Request, status: int | str, reused: bool) -> None:
        if not request.open:
            return
        request.status = status
        request.finished_ns = now_ns
        self._wire.remove(request)
        if status == "reset" and reused and not request.resent:
            self._connect(now_ns, Request(request.tab, request.ended, resent=True))
            return
        self._idle_connections += status != "reset"
        self._freed(now_ns, request)
        self._agenda.add(now_ns + ANSWER_NS, lambda at_ns: request.ended(at_ns, request))

    def _freed(self, now_ns: int, request: Request) -> None:
        if request is self._lock_holder:
            self._lock_holder = None
            if self._lock_queue:
                self._take_lock(self._lock_queue[0])
                self._connect(now_ns, self._lock_queue.pop(0))
        if self._queue and (self._limit is None or len(self._wire) < self._limit):
            self._connect(now_ns, self._queue.pop(0))
