"""A tab: one page, its timers, and what it asks of the browser."""

from collections.abc import Callable, Sequence
from typing import Protocol

from sim.dashboard import NEVER_NS, AbortFetch, CloseSocket, Connect, Effect, Page, Show, StartFetch
from sim.virtual.clock import Clock
from sim.virtual.page.browser import Browser
from sim.virtual.page.request import Request

Step = Callable[[Page, int], Sequence[Effect]]
"""An input of a page and its time (ns)."""


class Sockets(Protocol):
    """Where a tab's socket leads."""

    def connect(self, now_ns: int, tab: "Tab") -> None:
        """Open one, and feed the tab what becomes of it."""

    def close(self, now_ns: int, tab: "Tab") -> None:
        """Close it, or give it up, and feed the tab nothing more of it."""


def event(page: Page, now_ns: int) -> Sequence[Effect]:
    """An event arrived."""
    return page.event(now_ns)


class Tab:
    """Drives a page. `shown` has the requests whose answers the page showed, in order."""

    def __init__(self, number: int, page: Page, clock: Clock, browser: Browser, sockets: Sockets) -> None:
        self.number = number
        self.shown: list[Request] = []
        self._page = page
        self._clock = clock
        self._browser = browser
        self._sockets = sockets
        self._alarm_ns = NEVER_NS
        self._requests: dict[tuple[int, int], Request] = {}
        self._answering: Request | None = None

    def feed(self, now_ns: int, step: Step) -> None:
        """Something happens to the page; what it wants done about it is done."""
        for effect in step(self._page, now_ns):
            self._carry_out(now_ns, effect)
        if self._page.deadline_ns != self._alarm_ns:
            self._alarm_ns = self._page.deadline_ns
            self._clock.at(self._alarm_ns, lambda due_ns: self.feed(due_ns, Page.wake))

    def _carry_out(self, now_ns: int, effect: Effect) -> None:
        match effect:
            case Connect():
                self._sockets.connect(now_ns, self)
            case CloseSocket():
                self._sockets.close(now_ns, self)
            case StartFetch(fetch, attempt):
                self._send(now_ns, fetch, attempt)
            case AbortFetch(fetch, attempt):
                self._browser.abort(now_ns, self._requests[fetch, attempt])
            case Show():
                assert self._answering is not None
                self.shown.append(self._answering)

    def _send(self, now_ns: int, fetch: int, attempt: int) -> None:
        def ended(at_ns: int, request: Request) -> None:
            self._answering = request
            ok = request.status == 200
            self.feed(at_ns, lambda page, then_ns: page.answered(then_ns, fetch, attempt, ok))

        self._requests[fetch, attempt] = self._browser.send(now_ns, self.number, ended)
