"""Replays a recording: the page under test, between the recorded inputs and a model of browser and server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sim.dashboard import (
    HIDDEN_TIMER_ALIGNMENT_NS,
    AbortFetch,
    Connect,
    Dashboard,
    Effect,
    HealthPage,
    Page,
    PageRules,
    Show,
    StartFetch,
)
from tests.dashboard.agenda import Agenda
from tests.dashboard.browser import MS_NS, Browser, Request
from tests.dashboard.traces import Event, PageEntry, Trace

Step = Callable[[Page, int], Sequence[Effect]]
"""An input of a page, as its unbound method."""

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
    """What the simulated page did: its requests in order of arrival; by tab its connects and the answers shown."""

    requests: Sequence[Request]
    connects_ns: Mapping[int, Sequence[int]]
    shown: Mapping[int, Sequence[Request]]


class Replay:
    """One run of a recording."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._agenda = Agenda()
        self._log = trace.observed.page or _log_of_closed_tab(trace)
        tabs = sorted({entry.tab for entry in self._log})
        self._pages = {tab: _page_of(trace) for tab in tabs}
        self._alarms_ns: dict[int, int] = {}
        self._requests: dict[tuple[int, int, int], Request] = {}
        self._connects_ns: dict[int, list[int]] = {tab: [] for tab in tabs}
        self._shown: dict[int, list[Request]] = {tab: [] for tab in tabs}
        self._answering: Request | None = None
        first_ns: dict[int, int] = {}
        for request in trace.observed.refetch_requests:
            first_ns.setdefault(request.tab, self.ns(request.arrived_ms))
        self._browser = Browser(self._agenda, trace.script, trace.page == "health", first_ns)

    def run(self) -> Outcome:
        """Play all inputs to the end of the script."""
        for entry in self._log:
            if (step := _STEPS.get((entry.kind, entry.arg if entry.kind in _TOLD_BY_ARG else None))) is not None:
                self._plan(entry.at_ms, entry.tab, step)
        for socket in self._trace.observed.sockets:
            if socket.subscribed_ms is not None:
                self._plan(socket.subscribed_ms, socket.tab, Page.subscribed)
        for event in self._trace.observed.events:
            self._plan_event(event)
        for action in self._trace.observed.actions:
            if action.do == "close_tab":
                self._agenda.add(self.ns(action.started_ms), self._close_tabs)
        self._agenda.run(self.ns(self._trace.script.duration_ms))
        return Outcome(self._browser.arrived, self._connects_ns, self._shown)

    def ns(self, at_ms: float) -> int:
        """A time of the recording on the machine's monotonic clock."""
        return round((self._trace.t0_monotonic_ms + at_ms) * MS_NS)

    def _plan(self, at_ms: float, tab: int, step: Step) -> None:
        self._agenda.add(self.ns(at_ms), lambda at_ns: self._feed(at_ns, tab, step))

    def _plan_event(self, event: Event) -> None:
        tab_of_socket = {socket.n: socket.tab for socket in self._trace.observed.sockets}
        for socket in event.sockets:
            self._plan(self._delivered_ms(event.sent_ms), tab_of_socket[socket], _event)

    def _delivered_ms(self, sent_ms: float) -> float:
        """An event that is sent while the network is away arrives when it is back."""
        actions = self._trace.observed.actions
        for lost, back in pairwise(action for action in actions if action.do in ("offline", "online")):
            if lost.do == "offline" and lost.started_ms <= sent_ms < back.started_ms:
                return back.started_ms
        return sent_ms

    def _close_tabs(self, at_ns: int) -> None:
        for tab in self._pages:
            self._browser.close_tab(at_ns, tab)
            self._feed(at_ns, tab, Page.leave)

    def _feed(self, at_ns: int, tab: int, step: Step) -> None:
        page = self._pages[tab]
        for effect in step(page, at_ns):
            self._carry_out(at_ns, tab, effect)
        if page.deadline_ns != self._alarms_ns.get(tab):
            self._alarms_ns[tab] = page.deadline_ns
            self._agenda.add(page.deadline_ns, lambda due_ns: self._feed(due_ns, tab, Page.wake))

    def _carry_out(self, at_ns: int, tab: int, effect: Effect) -> None:
        match effect:
            case Connect():
                self._connects_ns[tab].append(at_ns)
            case StartFetch(fetch, attempt):
                self._send(at_ns, tab, fetch, attempt)
            case Show():
                assert self._answering is not None
                self._shown[tab].append(self._answering)
            case AbortFetch(fetch, attempt):
                self._browser.abort(at_ns, self._requests[tab, fetch, attempt])

    def _send(self, at_ns: int, tab: int, fetch: int, attempt: int) -> None:
        def ended(now_ns: int, request: Request) -> None:
            self._answering = request
            ok = request.status == 200
            self._feed(now_ns, tab, lambda page, then_ns: page.answered(then_ns, fetch, attempt, ok))

        is_first = all(sent_by != tab for sent_by, _, _ in self._requests)
        self._requests[tab, fetch, attempt] = self._browser.send(at_ns, tab, ended, is_first)


def _page_of(trace: Trace) -> Page:
    rules = PageRules(
        debounce_ns=PageRules().debounce_ns if trace.page == "dashboard" else 0,
        abort=trace.variant == "signal",
        hidden_timer_alignment_ns=HIDDEN_TIMER_ALIGNMENT_NS,
    )
    return HealthPage(rules) if trace.variant == "plain" else Dashboard(rules)


def _event(page: Page, at_ns: int) -> Sequence[Effect]:
    return page.event(at_ns)


def _log_of_closed_tab(trace: Trace) -> Sequence[PageEntry]:
    """A tab that was closed took its log with it; the server's view of the same inputs."""
    opened_ms = trace.observed.sockets[0].opened_ms
    assert opened_ms is not None
    return [
        PageEntry(trace.observed.refetch_requests[0].arrived_ms, 0, "mounted"),
        PageEntry(opened_ms, 0, "ws_open"),
    ]
