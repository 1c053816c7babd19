"""The health page: one request per event, side by side, none cancelled, none retried."""

from hypothesis import given
from hypothesis import strategies as st

from sim.dashboard import NEVER_NS, Cause, CloseSocket, Connect, HealthPage, PageRules, Show, StartFetch
from tests.dashboard.driving import Driver


@given(st.lists(st.integers(0, 10**9)))
def test_one_request_per_event_at_its_time(gaps_ns: list[int]) -> None:
    driver = Driver(HealthPage(PageRules())).mounted(0)
    arrivals_ns = [sum(gaps_ns[: count + 1]) for count in range(len(gaps_ns))]
    driver.events(*arrivals_ns)
    assert driver.starts() == [
        (0, StartFetch(0, 0, Cause.LOAD)),
        *((at_ns, StartFetch(number, 0, Cause.EVENT)) for number, at_ns in enumerate(arrivals_ns, start=1)),
    ]


def test_answers_are_shown_as_they_arrive_the_older_after_the_newer() -> None:
    page = Driver(HealthPage(PageRules())).mounted(0).events(10, 11, 12).page
    assert page.answered(20, 3, 0, True) == (Show(3),)
    assert page.answered(21, 1, 0, True) == (Show(1),)
    assert page.answered(22, 2, 0, False) == ()
    assert page.deadline_ns == NEVER_NS


def test_answers_to_a_page_that_was_left_are_not_shown_even_after_a_return() -> None:
    page = Driver(HealthPage(PageRules())).mounted(0).events(10).page
    assert page.leave(11) == (CloseSocket(),)
    assert page.mount(12) == (StartFetch(2, 0, Cause.LOAD), Connect())
    assert page.answered(13, 1, 0, True) == ()
    assert page.answered(14, 2, 0, True) == (Show(2),)
    assert page.answered(15, 7, 0, True) == ()


def test_no_event_counts_while_the_page_is_not_mounted() -> None:
    page = HealthPage(PageRules())
    assert page.event(1) == ()
    page.mount(2)
    page.leave(3)
    assert page.event(4) == ()


def test_a_poll_tick_asks_at_once() -> None:
    driver = Driver(HealthPage(PageRules(poll_interval_ns=100, reconnect_ns=10**6))).mounted(0)
    driver.page.closed(50)
    driver.until(260)
    assert driver.starts()[1:] == [(150, StartFetch(1, 0, Cause.POLL)), (250, StartFetch(2, 0, Cause.POLL))]


def test_visibility_and_network_cause_no_request() -> None:
    page = Driver(HealthPage(PageRules())).mounted(0).page
    page.hidden(1)
    page.network_lost(2)
    assert page.shown(3) == ()
    assert page.network_regained(4) == ()
