"""The query: cancelling, joining, retrying, pausing, and being left."""

import pytest

from sim.dashboard import (
    NEVER_NS,
    AbortFetch,
    Cause,
    CloseSocket,
    Connect,
    Dashboard,
    PageRules,
    Show,
    StartFetch,
)
from tests.dashboard.driving import Driver

_RULES = PageRules(debounce_ns=10, retry_delays_ns=(100, 200))
_NO_SIGNAL = PageRules(debounce_ns=10, retry_delays_ns=(100, 200), abort=False)


def _fetching(rules: PageRules = _RULES) -> Dashboard:
    """A page at 20 ns, with data, whose fetch 1 is under way."""
    page = Dashboard(rules)
    Driver(page).mounted(0).events(10).until(20)
    return page


def test_an_invalidation_aborts_the_request_under_way_and_starts_another() -> None:
    page = _fetching()
    page.event(30)
    assert page.wake(40) == (AbortFetch(1, 0), StartFetch(2, 0, Cause.EVENT))
    assert page.answered(41, 1, 0, True) == ()
    assert page.answered(42, 2, 0, True) == (Show(2),)


def test_without_the_signal_the_old_request_runs_on_and_its_answer_is_dropped() -> None:
    page = _fetching(_NO_SIGNAL)
    page.event(30)
    assert page.wake(40) == (StartFetch(2, 0, Cause.EVENT),)
    assert page.answered(41, 1, 0, True) == ()
    assert page.answered(42, 2, 0, True) == (Show(2),)


def test_answers_slower_than_the_invalidations_are_never_shown() -> None:
    driver = Driver(_fetching(_NO_SIGNAL))
    for fetch, at_ns in enumerate(range(30, 1000, 20), start=1):
        driver.events(at_ns)
        driver.until(at_ns + 15)
        driver.took(at_ns + 15, driver.page.answered(at_ns + 15, fetch, 0, True))
    assert not [effect for _, effect in driver.log if isinstance(effect, Show)]


def test_an_invalidation_joins_the_first_load() -> None:
    page = Dashboard(_RULES)
    page.mount(0)
    page.event(1)
    assert page.wake(11) == ()
    assert page.answered(12, 0, 0, True) == (Show(0),)
    assert page.deadline_ns == NEVER_NS


def test_an_invalidation_joins_the_retry_wait_of_the_first_load() -> None:
    page = Dashboard(_RULES)
    page.mount(0)
    assert page.answered(5, 0, 0, False) == ()
    page.event(50)
    assert page.wake(60) == ()
    assert page.wake(105) == (StartFetch(0, 1, Cause.LOAD),)


def test_retries_after_each_delay_and_then_gives_up() -> None:
    page = _fetching()
    page.answered(25, 1, 0, False)
    assert page.wake(124) == ()
    assert page.wake(125) == (StartFetch(1, 1, Cause.EVENT),)
    page.answered(130, 1, 1, False)
    assert page.wake(330) == (StartFetch(1, 2, Cause.EVENT),)
    assert page.answered(340, 1, 2, False) == ()
    assert page.deadline_ns == NEVER_NS


def test_an_invalidation_drops_a_retry_wait_and_counts_from_0() -> None:
    page = _fetching()
    page.answered(25, 1, 0, False)
    page.event(30)
    assert page.wake(40) == (StartFetch(2, 0, Cause.EVENT),)
    page.answered(41, 2, 0, False)
    assert page.deadline_ns == 141


def test_a_debounce_that_ends_with_a_retry_wait_comes_first() -> None:
    page = _fetching()
    page.answered(25, 1, 0, False)
    page.event(115)
    assert page.wake(125) == (StartFetch(2, 0, Cause.EVENT),)


def test_a_retry_is_paused_while_the_page_is_hidden() -> None:
    page = _fetching()
    page.hidden(21)
    page.answered(25, 1, 0, False)
    assert page.wake(500) == ()
    assert page.shown(600) == (StartFetch(1, 1, Cause.EVENT),)


def test_an_invalidation_of_a_hidden_page_does_not_wait() -> None:
    page = _fetching()
    page.hidden(21)
    page.answered(25, 1, 0, False)
    page.wake(200)
    page.event(300)
    assert page.wake(310) == (StartFetch(2, 0, Cause.EVENT),)


def test_a_page_shown_in_its_retry_wait_waits_on() -> None:
    page = _fetching()
    page.hidden(21)
    page.answered(25, 1, 0, False)
    assert page.shown(50) == ()
    assert page.wake(125) == (StartFetch(1, 1, Cause.EVENT),)


def test_offline_fetches_are_paused_and_only_the_last_one_is_sent() -> None:
    page = _fetching()
    page.answered(21, 1, 0, True)
    page.network_lost(22)
    for arrived_ns in (30, 50, 70):
        page.event(arrived_ns)
        assert page.wake(arrived_ns + 10) == ()
    assert page.network_regained(100) == (StartFetch(4, 0, Cause.EVENT),)


def test_an_invalidation_offline_aborts_what_runs() -> None:
    page = _fetching()
    page.network_lost(22)
    page.event(30)
    assert page.wake(40) == (AbortFetch(1, 0),)
    assert page.network_regained(50) == (StartFetch(2, 0, Cause.EVENT),)


def test_a_network_that_returns_to_a_hidden_page_starts_only_what_does_not_wait_for_it() -> None:
    page = _fetching()
    page.network_lost(21)
    page.hidden(22)
    page.answered(25, 1, 0, False)
    assert page.network_regained(500) == ()
    assert page.shown(600) == (StartFetch(1, 1, Cause.EVENT),)


@pytest.mark.parametrize("lost_first", [False, True])
def test_regained_visibility_and_network_refetch_once_each_and_only_after_a_loss(lost_first: bool) -> None:
    page = _fetching()
    page.answered(21, 1, 0, True)
    assert page.shown(22) == page.network_regained(23) == ()
    if lost_first:
        page.network_lost(24)
        assert page.network_regained(25) == (StartFetch(2, 0, Cause.REGAINED),)
    else:
        page.hidden(24)
        assert page.shown(25) == (StartFetch(2, 0, Cause.REGAINED),)


def test_regained_visibility_joins_what_runs() -> None:
    page = _fetching()
    page.hidden(21)
    assert page.shown(22) == ()
    assert page.answered(23, 1, 0, True) == (Show(1),)


def test_leaving_aborts_the_request_and_coming_back_asks_anew() -> None:
    page = _fetching()
    assert page.leave(30) == (AbortFetch(1, 0), CloseSocket())
    assert page.mount(40) == (StartFetch(2, 0, Cause.LOAD), Connect())
    assert page.answered(41, 1, 0, True) == ()


def test_without_the_signal_coming_back_joins_the_request_that_still_runs() -> None:
    page = _fetching(_NO_SIGNAL)
    assert page.leave(30) == (CloseSocket(),)
    assert page.mount(40) == (Connect(),)
    assert page.answered(41, 1, 0, True) == (Show(1),)


@pytest.mark.parametrize("ok", [False, True])
def test_a_page_that_was_left_neither_shows_nor_retries(ok: bool) -> None:
    page = _fetching(_NO_SIGNAL)
    page.leave(30)
    assert page.answered(40, 1, 0, ok) == ()
    assert page.deadline_ns == NEVER_NS
    assert page.mount(50) == (StartFetch(2, 0, Cause.LOAD), Connect())


def test_leaving_in_a_retry_wait_sends_no_retry_unless_the_page_is_back_in_time() -> None:
    late, early = _fetching(_NO_SIGNAL), _fetching(_NO_SIGNAL)
    for page in (late, early):
        page.answered(25, 1, 0, False)
        page.leave(30)
    assert late.wake(1000) == ()
    assert early.mount(40) == (Connect(),)
    assert early.wake(125) == (StartFetch(1, 1, Cause.EVENT),)


def test_leaving_with_the_signal_drops_a_retry_wait() -> None:
    page = _fetching()
    page.answered(25, 1, 0, False)
    assert page.leave(30) == (CloseSocket(),)
    assert page.deadline_ns == NEVER_NS


def test_answers_of_other_requests_are_ignored() -> None:
    page = _fetching()
    for fetch, attempt in ((0, 0), (1, 1), (2, 0), (-1, 0)):
        assert page.answered(21, fetch, attempt, True) == ()
    assert page.answered(22, 1, 0, True) == (Show(1),)
    assert page.answered(23, 1, 0, True) == ()


def test_a_page_that_is_mounted_offline_loads_when_the_network_is_there() -> None:
    page = Dashboard(_RULES)
    page.network_lost(0)
    assert page.mount(10) == (Connect(),)
    assert page.network_regained(20) == (StartFetch(0, 0, Cause.LOAD),)


def test_a_page_that_is_shown_offline_refetches_when_the_network_is_there() -> None:
    page = _fetching()
    page.answered(21, 1, 0, True)
    page.hidden(22)
    page.network_lost(23)
    assert page.shown(24) == ()
    assert page.network_regained(25) == (StartFetch(2, 0, Cause.REGAINED),)


def test_a_fetch_that_waits_for_the_network_is_dropped_when_its_page_is_left() -> None:
    page = Dashboard(_RULES)
    page.network_lost(0)
    page.mount(10)
    page.leave(20)
    assert page.network_regained(30) == ()
