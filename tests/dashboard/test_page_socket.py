"""The socket: reconnects, polls while it is away, pings if told to."""

import numpy as np
import pytest

from sim.dashboard import NEVER_NS, Cause, CloseSocket, Connect, Dashboard, HealthPage, PageRules, SendPing
from tests.dashboard.driving import Driver

_RULES = PageRules(debounce_ns=5, poll_interval_ns=300, reconnect_ns=50)


def _times_ns(driver: Driver, kind: type[Connect] | type[SendPing] | type[CloseSocket]) -> list[int]:
    return [at_ns for at_ns, effect in driver.log if isinstance(effect, kind)]


def test_reconnects_one_wait_after_each_close() -> None:
    driver = Driver(Dashboard(_RULES)).mounted(0)
    for closed_ns in (100, 160, 215):
        driver.until(closed_ns).page.closed(closed_ns)
    driver.until(1000)
    assert _times_ns(driver, Connect) == [0, 150, 210, 265]


def test_polls_while_away_and_keeps_its_rhythm_through_refusals() -> None:
    driver = Driver(Dashboard(_RULES)).mounted(0)
    driver.page.closed(100)
    for refused_ns in range(151, 1100, 51):
        driver.until(refused_ns).page.closed(refused_ns)
    assert driver.start_times_ns() == [0, 405, 705, 1005]
    assert [start.cause for _, start in driver.starts()] == [Cause.LOAD, Cause.POLL, Cause.POLL, Cause.POLL]


def test_polling_stops_when_a_socket_opens() -> None:
    driver = Driver(Dashboard(_RULES)).mounted(0)
    driver.page.closed(100)
    driver.until(399).page.opened(399)
    driver.until(5000)
    assert driver.start_times_ns() == [0]
    assert driver.page.deadline_ns == NEVER_NS


def test_pings_from_opening_until_closing() -> None:
    rules = PageRules(ping_interval_ns=20, reconnect_ns=500)
    driver = Driver(Dashboard(rules)).mounted(0).until(70)
    driver.page.closed(70)
    driver.until(400)
    assert _times_ns(driver, SendPing) == [20, 40, 60]


def test_the_product_never_pings() -> None:
    driver = Driver(Dashboard(PageRules())).mounted(0)
    assert driver.page.deadline_ns == NEVER_NS


def test_jitter_is_uniform_and_the_seed_decides() -> None:
    rules = PageRules(reconnect_ns=1000, reconnect_jitter_ns=9)

    def waits_ns(seed: int) -> list[int]:
        page = HealthPage(rules, np.random.default_rng(seed))
        page.mount(0)
        waits_ns = []
        for closed_ns in range(0, 4_000_000, 2000):
            page.closed(closed_ns)
            waits_ns.append(page.deadline_ns - closed_ns)
            page.wake(page.deadline_ns)
        return waits_ns

    assert waits_ns(1) == waits_ns(1) != waits_ns(2)
    assert set(waits_ns(1)) == set(range(1000, 1010))


def test_jitter_needs_a_generator() -> None:
    with pytest.raises(ValueError, match="needs a random generator"):
        Dashboard(PageRules(reconnect_jitter_ns=1))


@pytest.mark.parametrize("opened", [False, True])
def test_leaving_closes_the_socket_and_clears_its_timers(opened: bool) -> None:
    driver = Driver(Dashboard(PageRules(ping_interval_ns=20)))
    driver.page.mount(0)
    if opened:
        driver.page.opened(1)
    driver.took(2, driver.page.leave(2))
    assert _times_ns(driver, CloseSocket) == [2]
    assert driver.page.deadline_ns == NEVER_NS


def test_leaving_in_the_reconnect_wait_has_no_socket_to_close() -> None:
    driver = Driver(Dashboard(PageRules())).mounted(0)
    driver.page.closed(1)
    driver.took(2, driver.page.leave(2))
    assert _times_ns(driver, CloseSocket) == []
    assert driver.page.deadline_ns == NEVER_NS


def test_reports_that_come_late_change_nothing() -> None:
    driver = Driver(Dashboard(PageRules())).mounted(0)
    driver.page.closed(10)
    deadline_ns = driver.page.deadline_ns
    for late in (driver.page.closed, driver.page.opened, driver.page.subscribed):
        assert late(20) == ()
    assert driver.page.deadline_ns == deadline_ns
    driver.page.leave(30)
    for late in (driver.page.closed, driver.page.opened, driver.page.subscribed):
        assert late(40) == ()
    assert driver.page.deadline_ns == NEVER_NS
