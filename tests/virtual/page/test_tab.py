"""A tab carries out what its page wants, in order."""

from sim.dashboard import Dashboard, Page, PageRules
from sim.virtual.clock import Clock
from sim.virtual.page.browser import Browser
from sim.virtual.page.tab import Tab, event
from tests.virtual.page.scripts import trace


class _Sockets:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def connect(self, now_ns: int, tab: Tab) -> None:
        self.calls.append(f"connect {tab.number} at {now_ns}")

    def close(self, now_ns: int, tab: Tab) -> None:
        self.calls.append(f"close {tab.number} at {now_ns}")


def test_from_mounting_to_leaving() -> None:
    clock, sockets = Clock(), _Sockets()
    browser = Browser(clock, trace({"rpc_latency_ms": 800}).script, is_get=False)
    tab = Tab(3, Dashboard(PageRules()), clock, browser, sockets)
    tab.feed(0, Page.mount)
    tab.feed(1, Page.opened)
    clock.run(1_000_000_000)
    tab.feed(1_000_000_000, event)
    tab.feed(1_100_000_000, event)
    clock.run(1_700_000_000)
    tab.feed(1_700_000_000, Page.leave)
    clock.run(9_000_000_000)
    assert sockets.calls == ["connect 3 at 0", "close 3 at 1700000000"]
    assert [request.status for request in browser.arrived] == [200, None]
    assert browser.arrived[1].aborted_ns is not None
    assert tab.shown == browser.arrived[:1]
