"""What the test of a trace does to the browser: its tabs, and its network."""

from collections.abc import Callable
from typing import Final

from sim.dashboard import Page
from sim.virtual.clock import Clock
from sim.virtual.page.browser import Browser
from sim.virtual.page.delays import (
    CLOSE_TAB_NS,
    DISPATCH_NS,
    EARLY_MS,
    HIDE_NS,
    LONG_HIDDEN_NS,
    MOUNT_NS,
    OFFLINE_NS,
    ONLINE_NS,
    OPEN_EARLY_TAB_NS,
    OPEN_TAB_NS,
    RELEASE_NS,
    SHOW_LONG_HIDDEN_NS,
    SHOW_NS,
    UNMOUNT_NS,
)
from sim.virtual.page.pages import page_of
from sim.virtual.page.realtime import Realtime
from sim.virtual.page.script import Action
from sim.virtual.page.tab import Step, Tab
from sim.virtual.page.trace import Trace

_DISPATCHED: Final[dict[str | None, Step]] = {"offline": Page.network_lost, "online": Page.network_regained}
"""What a page makes of an event that it is told. Focus and blur are nothing to it."""


class User:
    """Opens and closes tabs, and does the rest to those that are open.

    Tabs of one window are in front of each other: the one that is opened or shown hides the others. Closing one
    shows that which was opened before it.
    """

    def __init__(self, trace: Trace, clock: Clock, browser: Browser, realtime: Realtime) -> None:
        self._trace = trace
        self._clock = clock
        self._browser = browser
        self._realtime = realtime
        self._tabs: dict[int, Tab] = {}
        self._hidden_ns: dict[int, int] = {}

    def open_tab(self, number: int, loaded_ns: int) -> None:
        """Open a tab, which will have loaded its page then."""
        tab = self._tabs[number] = Tab(number, page_of(self._trace), self._clock, self._browser, self._realtime)
        self._later(loaded_ns, self._load, tab)

    def do(self, now_ns: int, action: Action) -> None:
        """Begin an action."""
        if action.do == "open_tab":
            self._hide_others(now_ns, action.number)
            delay_ns = OPEN_EARLY_TAB_NS if action.at_ms < EARLY_MS else OPEN_TAB_NS
            self.open_tab(action.number, now_ns + delay_ns)
        elif action.do in ("offline", "online"):
            self._switch_network(now_ns, action.do == "offline")
        elif (tab := self._tabs.get(action.number)) is not None:
            self._do_to(tab, now_ns, action)

    def _do_to(self, tab: Tab, now_ns: int, action: Action) -> None:
        match action.do:
            case "hide":
                self._later(now_ns + HIDE_NS, self._hide, tab)
            case "show":
                self._show(now_ns, tab)
            case "unmount" | "leave":
                self._later(now_ns + UNMOUNT_NS, _feeding(Page.leave), tab)
            case "mount" | "return":
                self._later(now_ns + MOUNT_NS, _feeding(Page.mount), tab)
            case "dispatch":
                self._later(now_ns + DISPATCH_NS, self._told(action.event), tab)
            case "close_tab":
                self._close_tab(now_ns, tab)

    def _later(self, at_ns: int, deed: Callable[[int, Tab], None], tab: Tab) -> None:
        self._clock.at(at_ns, lambda now_ns: deed(now_ns, tab))

    def _load(self, now_ns: int, tab: Tab) -> None:
        if self._tabs.get(tab.number) is not tab:
            return
        if self._browser.offline:
            tab.feed(now_ns, Page.network_lost)
        tab.feed(now_ns, Page.mount)

    def _hide(self, now_ns: int, tab: Tab) -> None:
        self._hidden_ns.setdefault(tab.number, now_ns)
        tab.feed(now_ns, Page.hidden)

    def _reveal(self, now_ns: int, tab: Tab) -> None:
        self._hidden_ns.pop(tab.number, None)
        tab.feed(now_ns, Page.shown)

    def _show(self, now_ns: int, tab: Tab) -> None:
        self._hide_others(now_ns, tab.number)
        hidden_for_ns = now_ns - self._hidden_ns.get(tab.number, now_ns)
        delay_ns = SHOW_LONG_HIDDEN_NS if hidden_for_ns >= LONG_HIDDEN_NS else SHOW_NS
        self._later(now_ns + delay_ns, self._reveal, tab)

    def _hide_others(self, now_ns: int, number: int) -> None:
        for other in self._tabs.values():
            if other.number != number and not self._trace.script.new_window:
                self._later(now_ns + HIDE_NS, self._hide, other)

    def _told(self, event: str | None) -> Callable[[int, Tab], None]:
        """The page takes `visibilitychange` for regained visibility if the tab is visible."""

        def tell(now_ns: int, tab: Tab) -> None:
            if event in _DISPATCHED:
                tab.feed(now_ns, _DISPATCHED[event])
            elif event == "visibilitychange" and tab.number not in self._hidden_ns:
                self._hide(now_ns, tab)
                self._reveal(now_ns, tab)

        return tell

    def _switch_network(self, now_ns: int, offline: bool) -> None:
        if offline:
            self._realtime.go_offline()
        else:
            self._clock.at(now_ns + RELEASE_NS, self._realtime.go_online)
        self._browser.offline = offline
        delay_ns, step = (OFFLINE_NS, Page.network_lost) if offline else (ONLINE_NS, Page.network_regained)
        for tab in self._tabs.values():
            self._later(now_ns + delay_ns, _feeding(step), tab)

    def _close_tab(self, now_ns: int, tab: Tab) -> None:
        del self._tabs[tab.number]
        self._browser.close_tab(now_ns, tab.number, CLOSE_TAB_NS)
        self._realtime.close_tab(now_ns + CLOSE_TAB_NS, tab)
        tab.feed(now_ns, Page.leave)
        if self._tabs and not self._trace.script.new_window:
            self._show(now_ns, self._tabs[max(self._tabs)])


def _feeding(step: Step) -> Callable[[int, Tab], None]:
    return lambda now_ns, tab: tab.feed(now_ns, step)
