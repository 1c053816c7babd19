"""The debounce, against formulas of its own and to the nanosecond."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.dashboard import NEVER_NS, Cause, Dashboard, PageRules, StartFetch
from tests.dashboard.driving import Driver

_WINDOW_NS = PageRules().debounce_ns
_GAPS_NS = st.lists(
    st.integers(0, 3 * _WINDOW_NS) | st.sampled_from((_WINDOW_NS - 1, _WINDOW_NS, _WINDOW_NS + 1)), min_size=1
)


def _start_times_ns(rules: PageRules, arrivals_ns: list[int]) -> list[int]:
    driver = Driver(Dashboard(rules)).mounted(0).events(*arrivals_ns).until(10**15)
    return driver.start_times_ns()[1:]


@given(_GAPS_NS)
def test_a_refetch_leaves_one_window_after_each_event_that_no_other_follows_in_time(gaps_ns: list[int]) -> None:
    arrivals_ns = np.cumsum(gaps_ns)
    ends_burst = np.append(np.diff(arrivals_ns) >= _WINDOW_NS, True)
    assert _start_times_ns(PageRules(), arrivals_ns.tolist()) == (arrivals_ns[ends_burst] + _WINDOW_NS).tolist()


@given(_GAPS_NS, st.integers(1, 4 * _WINDOW_NS))
def test_no_event_waits_longer_than_the_maximum(gaps_ns: list[int], max_wait_ns: int) -> None:
    arrivals_ns = np.cumsum(gaps_ns)
    starts_ns = np.array(_start_times_ns(PageRules(max_wait_ns=max_wait_ns), arrivals_ns.tolist()))
    ends = np.searchsorted(starts_ns, arrivals_ns, side="right")
    waits_ns = starts_ns[ends] - arrivals_ns
    assert (waits_ns > 0).all()
    assert (waits_ns <= max_wait_ns).all()
    for number, start_ns in enumerate(starts_ns.tolist()):
        burst_ns = arrivals_ns[ends == number]
        assert start_ns == min(burst_ns[-1] + _WINDOW_NS, burst_ns[0] + max_wait_ns)


@pytest.mark.parametrize(
    ("gap_ns", "starts_ns"),
    [
        (_WINDOW_NS - 1, [2 * _WINDOW_NS - 1]),
        (_WINDOW_NS, [_WINDOW_NS, 2 * _WINDOW_NS]),
        (_WINDOW_NS + 1, [_WINDOW_NS, 2 * _WINDOW_NS + 1]),
    ],
)
def test_an_event_at_the_very_end_of_the_window_is_too_late(gap_ns: int, starts_ns: list[int]) -> None:
    assert _start_times_ns(PageRules(), [0, gap_ns]) == starts_ns


def test_an_event_handled_late_counts_from_its_arrival() -> None:
    page = Driver(Dashboard(PageRules())).mounted(0).page
    page.event(1_000)
    page.event(700)
    assert page.deadline_ns == 1_000 + _WINDOW_NS
    page.wake(2_000)
    page.event(1_500)
    assert page.deadline_ns == 2_000 + _WINDOW_NS


def test_an_event_fires_what_was_due_before_it() -> None:
    page = Driver(Dashboard(PageRules())).mounted(0).page
    page.event(10)
    assert page.event(10 + _WINDOW_NS) == (StartFetch(1, 0, Cause.EVENT),)
    assert page.deadline_ns == 10 + 2 * _WINDOW_NS


def test_an_event_that_fires_nothing_allocates_nothing() -> None:
    page = Driver(Dashboard(PageRules())).mounted(0).page
    assert page.event(1) is page.event(2) is page.wake(3)


def test_a_burst_of_events_and_ticks_is_one_of_events() -> None:
    rules = PageRules(debounce_ns=10, poll_interval_ns=100, reconnect_ns=10**6)
    driver = Driver(Dashboard(rules)).mounted(0)
    driver.page.closed(0)
    driver.events(95).until(300)
    assert driver.starts()[1:] == [(110, StartFetch(1, 0, Cause.EVENT)), (210, StartFetch(2, 0, Cause.POLL))]


def test_a_close_does_not_stop_the_debounce_and_leaving_does() -> None:
    closed, left = Dashboard(PageRules()), Dashboard(PageRules())
    for page in (closed, left):
        Driver(page).mounted(0).events(10)
    closed.closed(20)
    left.leave(20)
    assert closed.wake(10 + _WINDOW_NS) == (StartFetch(1, 0, Cause.EVENT),)
    assert left.deadline_ns == NEVER_NS


def test_no_debounce_is_one_refetch_per_event() -> None:
    assert _start_times_ns(PageRules(debounce_ns=0), [5, 5, 6]) == [5, 5, 6]
