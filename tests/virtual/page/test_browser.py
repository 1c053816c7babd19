"""The browser's network, one rule at a time."""

from collections.abc import Sequence

import msgspec
import pytest

from sim.virtual.clock import Clock
from sim.virtual.page.browser import CONNECTIONS, LOCK_NS, Browser
from sim.virtual.page.delays import MS_NS
from sim.virtual.page.request import Request
from sim.virtual.page.script import Script

_SECOND_NS = 1_000 * MS_NS


class _Net:
    """A browser whose server takes a second, and the ends that were told to the page."""

    def __init__(self, is_get: bool = False, **script: object) -> None:
        whole = {"duration_ms": 100_000, "rpc_latency_ms": 1_000} | script
        self.clock = Clock()
        self.browser = Browser(self.clock, msgspec.convert(whole, type=Script), is_get)
        self.told: list[Request] = []

    def send(self, now_ns: int = 0, tab: int = 0) -> Request:
        return self.browser.send(now_ns, tab, lambda _, request: self.told.append(request))

    def run(self, seconds: float) -> None:
        self.clock.run(round(seconds * _SECOND_NS))

    def arrived_s(self) -> Sequence[int]:
        """The second in which each request arrived."""
        return [(request.arrived_ns or 0) // _SECOND_NS for request in self.browser.arrived]


def test_a_request_is_answered_and_its_connection_used_again() -> None:
    net = _Net()
    first = net.send()
    net.run(2)
    second = net.send(2 * _SECOND_NS)
    net.run(4)
    assert net.told == [first, second]
    assert [(request.fetch, request.connection, request.status) for request in net.told] == [(0, 0, 200), (1, 0, 200)]


@pytest.mark.parametrize(("protocol", "at_once"), [("http/1.1", CONNECTIONS), ("h2", 9)])
def test_requests_beyond_the_connections_wait(protocol: str, at_once: int) -> None:
    net = _Net(protocol=protocol)
    for _ in range(9):
        net.send()
    net.run(5)
    assert net.arrived_s() == [0] * at_once + [1] * (9 - at_once)


@pytest.mark.parametrize(("cache", "seconds"), [("", [0, 1, 2]), ("no-store", [0, 0, 0])])
def test_gets_of_one_url_follow_each_other_unless_the_cache_is_left_out(cache: str, seconds: list[int]) -> None:
    net = _Net(is_get=True, page_options={"fetch_cache": cache})
    for _ in range(3):
        net.send()
    net.run(5)
    assert net.arrived_s() == seconds


def test_the_lock_of_the_cache_is_waited_for_20_seconds() -> None:
    net = _Net(is_get=True, rpc_latency_ms=60_000)
    net.send()
    net.send()
    net.run(59)
    assert net.arrived_s() == [0, LOCK_NS // _SECOND_NS]


def test_an_aborted_request_ends_nothing_and_frees_the_lock() -> None:
    net = _Net(is_get=True)
    first, second = net.send(), net.send()
    net.run(0.5)
    net.browser.abort(_SECOND_NS // 2, first)
    net.run(5)
    assert net.told == [second]
    assert first.finished_ns is None
    assert first.aborted_ns is not None
    assert second.connection != first.connection


def test_an_answer_that_is_on_its_way_is_not_aborted_any_more() -> None:
    net = _Net()
    request = net.send()
    net.run(1.003)
    assert request.finished_ns is None
    net.browser.abort(1_003 * MS_NS, request)
    net.run(2)
    assert (request.status, request.aborted_ns, net.told) == (200, None, [])


def test_a_request_that_is_aborted_before_it_left_never_arrives() -> None:
    net = _Net()
    net.browser.abort(0, net.send())
    net.run(5)
    assert net.browser.arrived == []


@pytest.mark.parametrize("is_get", [False, True])
def test_a_reset_of_a_used_connection_is_hidden_from_the_page_once(is_get: bool) -> None:
    net = _Net(is_get=is_get, failures=[{"request": 1, "kind": "reset"}])
    net.send()
    net.run(2)
    net.send(2 * _SECOND_NS)
    net.run(6)
    assert [request.status for request in net.browser.arrived] == [200, "reset", 200]
    assert [request.status for request in net.told] == [200, 200]
    assert [request.fetch for request in net.browser.arrived] == [0, 1, 1]


def test_a_reset_of_a_new_connection_and_a_second_one_fail() -> None:
    net = _Net(failures=[{"request": number, "kind": "reset"} for number in (0, 2, 3)])
    net.send()
    net.run(2)
    net.send(2 * _SECOND_NS)
    net.run(4)
    net.send(4 * _SECOND_NS)
    net.run(8)
    assert [request.status for request in net.told] == ["reset", 200, "reset"]


def test_what_is_sent_again_can_be_aborted() -> None:
    net = _Net(failures=[{"request": 1, "kind": "reset"}])
    net.send()
    net.run(2)
    request = net.send(2 * _SECOND_NS)
    net.run(3.5)
    net.browser.abort(3_500 * MS_NS, request)
    net.run(9)
    assert net.browser.arrived[2].aborted_ns is not None
    assert len(net.told) == 1


def test_latencies_and_statuses_by_number() -> None:
    net = _Net(
        first_latency_ms=3_000,
        slow=[{"request": 1, "latency_ms": 5_000}],
        failures=[{"request": 2, "kind": "503"}],
        protocol="h2",
    )
    for _ in range(3):
        net.send()
    net.run(9)
    seconds = [(request.finished_ns or 0) // _SECOND_NS for request in net.browser.arrived]
    assert seconds == [3, 5, 1]
    assert net.browser.arrived[2].status == 503


def test_offline_nothing_leaves_but_what_has_left_is_answered() -> None:
    net = _Net()
    before = net.send()
    net.run(0.5)
    net.browser.offline = True
    during = net.send(_SECOND_NS // 2)
    net.run(5)
    assert net.told == [during, before]
    assert (before.status, during.status) == (200, None)
    assert net.browser.arrived == [before]


def test_closing_a_tab_aborts_its_requests_only() -> None:
    net = _Net()
    mine, other = net.send(tab=1), net.send(tab=0)
    net.run(0.5)
    net.browser.close_tab(_SECOND_NS // 2, 1, MS_NS)
    net.run(5)
    assert mine.aborted_ns == _SECOND_NS // 2 + MS_NS
    assert net.told == [other]
