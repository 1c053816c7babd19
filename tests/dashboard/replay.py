"""Replays a recording: the page under test, fed with what was recorded to have happened to it.

Only the network and the server's answers are modelled. The page's own log says when it was mounted, hidden or told of
its sockets, the server's log when events were sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sim.dashboard import Page
from sim.virtual.clock import Clock
from sim.virtual.page import Observed
from sim.virtual.page.browser import Browser
from sim.virtual.page.delays import CALL_NS, CLOSE_TAB_NS, DELIVERY_NS, MS_NS, REQUEST_NS
from sim.virtual.page.observed import Observer
from sim.virtual.page.pages import page_of
from sim.virtual.page.request import Request
from sim.virtual.page.tab import Step, Tab, event
from tests.dashboard import traces
from tests.dashboard.traces import Event, PageEntry

_STEPS: Final[Mapping[tuple[str, object], Step]] = {
    ("mounted", None): Page.mount,
    ("route", "away"): Page.leave,
    ("visibility", "hidden"): Page.hidden,
    ("visibility", "visible"): Page.shown,
    ("offline", None): Page.network_lost,
    ("online", None): Page.network_regained,
    ("ws_open", None): Page.opened,
    ("ws_close", None): Page.closed,
}
"""What the recorded page's log says that happened to it: the inputs, never what it did about them."""

_TOLD_BY_ARG: Final = ("route", "visibility")


@dataclass(frozen=True)
class Outcome:
    """What the page did: what the server saw; by tab its connects and the numbers of the requests it showed."""

    observed: Observed
    connects_ms: Mapping[int, Sequence[float]]
    shown: Mapping[int, Sequence[int]]


class RecordedSockets:
    """Opens none: what became of those of the recording is in its log."""

    def __init__(self) -> None:
        self.connects: list[tuple[int, int]] = []

    def connect(self, now_ns: int, tab: Tab) -> None:
        self.connects.append((tab.number, now_ns))

    def close(self, now_ns: int, tab: Tab) -> None:
        del now_ns, tab


class Replay:
    """One run of a recording."""

    def __init__(self, name: str) -> None:
        self._trace = traces.script_only(name)
        self._recorded = traces.observed(name)
        self._zero_ns = round(self._trace.t0_monotonic_ms * MS_NS)
        self._clock = Clock()
        self._browser = Browser(self._clock, self._trace.script, is_get=self._trace.page == "health")
        self._sockets = RecordedSockets()
        self._log = self._recorded.page or _log_of_closed_tab(self._recorded)
        self._tabs = {
            number: Tab(number, page_of(self._trace), self._clock, self._browser, self._sockets)
            for number in sorted({entry.tab for entry in self._log})
        }

    def run(self) -> Outcome:
        """Play all inputs to the end of the script."""
        starts_ns = self._starts_ns()
        for number, start_ns in starts_ns.items():
            self._plan(start_ns, number, Page.mount)
        for entry in self._log:
            if (step := _STEPS.get((entry.kind, entry.arg if entry.kind in _TOLD_BY_ARG else None))) is not None:
                self._plan(max(self._ns(entry.at_ms), starts_ns[entry.tab]), entry.tab, step)
        for socket in self._recorded.sockets:
            if socket.subscribed_ms is not None:
                self._plan(self._ns(socket.subscribed_ms), socket.tab, Page.subscribed)
        for sent in self._recorded.events:
            self._plan_event(sent)
        for action in self._recorded.actions:
            if action.do == "close_tab":
                self._clock.at(self._ns(action.started_ms), self._close_tabs)
        until_ns = self._ns(self._trace.script.duration_ms)
        self._clock.run(until_ns)
        return self._outcome(until_ns)

    def _starts_ns(self) -> dict[int, int]:
        """When each page began to load, so that its first request arrives when it really did: a tab that was just
        opened is slow by up to 150 ms, which is no matter of the page.
        """
        starts_ns: dict[int, int] = {}
        for request in self._recorded.in_order:
            starts_ns.setdefault(request.tab, self._ns(request.arrived_ms) - CALL_NS - REQUEST_NS)
        return starts_ns

    def _outcome(self, until_ns: int) -> Outcome:
        observer = Observer(self._zero_ns, until_ns, self._trace.script.protocol == "h2")
        numbers = {request: number for number, request in enumerate(self._browser.arrived)}
        return Outcome(
            observer.observe(self._browser.arrived, (), ()),
            {number: self._connects_ms(number) for number in self._tabs},
            {number: _numbers(tab.shown, numbers) for number, tab in self._tabs.items()},
        )

    def _connects_ms(self, number: int) -> Sequence[float]:
        return [(at_ns - self._zero_ns) / MS_NS for tab, at_ns in self._sockets.connects if tab == number]

    def _ns(self, at_ms: float) -> int:
        return self._zero_ns + round(at_ms * MS_NS)

    def _plan(self, at_ns: int, number: int, step: Step) -> None:
        self._clock.at(at_ns, lambda now_ns: self._tabs[number].feed(now_ns, step))

    def _plan_event(self, sent: Event) -> None:
        tab_of_socket = {socket.n: socket.tab for socket in self._recorded.sockets}
        for number in sent.sockets:
            delivered_ns = self._ns(self._delivered_ms(sent.sent_ms)) + DELIVERY_NS
            self._plan(delivered_ns, tab_of_socket[number], event)

    def _delivered_ms(self, sent_ms: float) -> float:
        """An event that is sent while the network is away arrives when it is back."""
        switches = [action for action in self._recorded.actions if action.do in ("offline", "online")]
        for lost, back in pairwise(switches):
            if lost.do == "offline" and lost.started_ms <= sent_ms < back.started_ms:
                return back.started_ms
        return sent_ms

    def _close_tabs(self, at_ns: int) -> None:
        for number, tab in self._tabs.items():
            self._browser.close_tab(at_ns, number, CLOSE_TAB_NS)
            tab.feed(at_ns, Page.leave)


def _numbers(shown: Sequence[Request], numbers: Mapping[Request, int]) -> Sequence[int]:
    return [numbers[request] for request in shown]


def _log_of_closed_tab(recorded: traces.Observed) -> Sequence[PageEntry]:
    """A tab that was closed took its log with it; the server's view of the same input."""
    opened_ms = recorded.sockets[0].opened_ms
    assert opened_ms is not None
    return [PageEntry(opened_ms, 0, "ws_open")]
