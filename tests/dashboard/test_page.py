"""What holds for any page under any order of inputs at any times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.dashboard import (
    NEVER_NS,
    AbortFetch,
    Cause,
    CloseSocket,
    Connect,
    Dashboard,
    Effect,
    HealthPage,
    Page,
    PageRules,
    SendPing,
    Show,
    StartFetch,
)
from tests.dashboard.driving import Driver

Step = Callable[[Page, int], Sequence[Effect]]

_STEPS: Final[dict[str, Step]] = {
    "mount": lambda page, now_ns: page.mount(now_ns),
    "leave": lambda page, now_ns: page.leave(now_ns),
    "opened": lambda page, now_ns: page.opened(now_ns),
    "subscribed": lambda page, now_ns: page.subscribed(now_ns),
    "closed": lambda page, now_ns: page.closed(now_ns),
    "event": lambda page, now_ns: page.event(now_ns),
    "wake": lambda page, now_ns: page.wake(now_ns),
    "hidden": lambda page, now_ns: page.hidden(now_ns),
    "shown": lambda page, now_ns: page.shown(now_ns),
    "network_lost": lambda page, now_ns: page.network_lost(now_ns),
    "network_regained": lambda page, now_ns: page.network_regained(now_ns),
}
_ANSWERS: Final = ("answered", "failed")

_OFTEN: Final = ("event", "mount", "opened", *_ANSWERS)
_INPUTS = st.lists(
    st.tuples(
        st.integers(-5, 40) | st.sampled_from((9, 10, 11, 99, 100, 101, 1000)),
        st.sampled_from((*_STEPS, *_OFTEN, *_ANSWERS)),
        st.integers(0, 3),
    ),
    max_size=60,
)
_RULES = st.builds(
    PageRules,
    debounce_ns=st.sampled_from((0, 10)),
    max_wait_ns=st.sampled_from((None, 7, 25)),
    ping_interval_ns=st.sampled_from((None, 30)),
    poll_interval_ns=st.sampled_from((20, 100)),
    reconnect_ns=st.sampled_from((0, 50)),
    reconnect_jitter_ns=st.sampled_from((0, 5)),
    retry_delays_ns=st.sampled_from(((), (0,), (10, 20, 40))),
    abort=st.booleans(),
    hidden_timer_alignment_ns=st.sampled_from((0, 16)),
)
_PAGES = st.sampled_from((Dashboard, HealthPage))


@dataclass
class Witness:
    """Judges every effect as it comes."""

    asked: list[tuple[int, int]] = field(default_factory=list)
    ended: set[tuple[int, int]] = field(default_factory=set)
    good: set[int] = field(default_factory=set)
    mounted: bool = False
    has_socket: bool = False
    event_fetches: int = 0

    def judge(self, effect: Effect) -> None:
        match effect:
            case StartFetch(fetch, attempt, cause):
                assert self.mounted
                assert not self.asked or (fetch, attempt) > self.asked[-1]
                self.asked.append((fetch, attempt))
                self.event_fetches += cause is Cause.EVENT and attempt == 0
            case AbortFetch(fetch, attempt):
                assert (fetch, attempt) in self.asked
                assert (fetch, attempt) not in self.ended
                self.ended.add((fetch, attempt))
            case Show(fetch):
                assert self.mounted
                assert fetch in self.good
            case Connect():
                assert self.mounted
                assert not self.has_socket
                self.has_socket = True
            case CloseSocket():
                assert self.has_socket
                self.has_socket = False
            case SendPing():
                assert self.has_socket


def _apply(page: Page, now_ns: int, name: str, pick: int, witness: Witness) -> Sequence[Effect]:
    """One input; an answer is that of one of the newest requests, or of none."""
    if name not in _ANSWERS:
        return _STEPS[name](page, now_ns)
    fetch, attempt = witness.asked[-1 - pick] if pick < len(witness.asked) else (pick, pick)
    if (fetch, attempt) in witness.ended:
        return page.wake(now_ns)
    if (fetch, attempt) in witness.asked:
        witness.ended.add((fetch, attempt))
        witness.good |= {fetch} if name == "answered" else set()
    return page.answered(now_ns, fetch, attempt, name == "answered")


@given(_PAGES, _RULES, _INPUTS)
def test_any_order_of_inputs_at_any_times(
    kind: type[Page], rules: PageRules, inputs: list[tuple[int, str, int]]
) -> None:
    page, witness = kind(rules, np.random.default_rng(0)), Witness()
    now_ns = events = 0
    for gap_ns, name, pick in inputs:
        now_ns += gap_ns
        for effect in page.wake(now_ns):
            witness.judge(effect)
        assert page.deadline_ns > now_ns
        if name == "closed":
            witness.has_socket = False
        events += name == "event"
        if name == "mount":
            witness.mounted = True
        for effect in _apply(page, now_ns, name, pick, witness):
            witness.judge(effect)
        if name == "leave":
            witness.mounted = False
        assert witness.event_fetches <= events
    page.wake(now_ns + 10_000)
    assert page.deadline_ns > now_ns + 10_000


@given(
    _PAGES,
    _RULES,
    st.lists(st.tuples(st.integers(0, 250), st.sampled_from(("closed", "event", "failed", *_STEPS)))),
)
def test_a_driver_that_wakes_late_gets_the_same_effects(
    kind: type[Page], rules: PageRules, inputs: list[tuple[int, str]]
) -> None:
    prompt = Driver(kind(rules, np.random.default_rng(0))).mounted(0)
    late = Driver(kind(rules, np.random.default_rng(0))).mounted(0)
    now_ns = 0
    for gap_ns, name in inputs:
        now_ns += gap_ns
        prompt.until(now_ns)
        newest = prompt.starts()[-1][1]
        for driver in (prompt, late):
            driver.took(now_ns, _failed_or_stepped(driver.page, now_ns, name, newest))
        assert [effect for _, effect in prompt.log] == [effect for _, effect in late.log]
        assert prompt.page.deadline_ns == late.page.deadline_ns


def _failed_or_stepped(page: Page, now_ns: int, name: str, newest: StartFetch) -> Sequence[Effect]:
    if name == "failed":
        return page.answered(now_ns, newest.fetch, newest.attempt, False)
    return _STEPS[name](page, now_ns)


@pytest.mark.parametrize("kind", [Dashboard, HealthPage])
def test_mounting_and_leaving_twice_is_once(kind: type[Page]) -> None:
    page = kind(PageRules())
    assert page.leave(0) == ()
    assert page.mount(1) == (StartFetch(0, 0, Cause.LOAD), Connect())
    assert page.mount(2) == ()
    assert CloseSocket() in page.leave(3)
    assert page.leave(4) == ()


@pytest.mark.parametrize("kind", [Dashboard, HealthPage])
def test_a_page_is_small(kind: type[Page]) -> None:
    assert not hasattr(kind(PageRules()), "__dict__")


def test_timers_of_a_hidden_page_fire_on_the_grid_and_at_once_when_it_is_shown() -> None:
    page = Driver(Dashboard(PageRules(debounce_ns=500, hidden_timer_alignment_ns=1000))).mounted(0).page
    page.hidden(100)
    page.event(300)
    assert page.deadline_ns == 1000
    page.event(1700)
    assert page.deadline_ns == 3000
    page.answered(1800, 1, 0, True)
    page.event(2100)
    assert page.shown(2900) == (
        StartFetch(2, 0, Cause.REGAINED),
        AbortFetch(2, 0),
        StartFetch(3, 0, Cause.EVENT),
    )
    assert page.deadline_ns == NEVER_NS


def test_a_timer_that_ends_on_the_grid_fires_there() -> None:
    page = Driver(Dashboard(PageRules(debounce_ns=500, hidden_timer_alignment_ns=1000))).mounted(0).page
    page.hidden(100)
    page.event(1500)
    assert page.deadline_ns == 2000
    page.event(1501)
    assert page.deadline_ns == 3000


def test_a_tick_that_was_held_back_counts_from_when_the_page_is_shown() -> None:
    rules = PageRules(debounce_ns=500, poll_interval_ns=1200, reconnect_ns=10**6, hidden_timer_alignment_ns=1000)
    page = Driver(Dashboard(rules)).mounted(0).page
    page.closed(0)
    page.hidden(100)
    assert page.shown(1900) == (StartFetch(1, 0, Cause.REGAINED),)
    assert page.deadline_ns == 2400


def test_time_never_goes_back() -> None:
    page = Driver(Dashboard(PageRules(reconnect_ns=50))).mounted(0).page
    page.wake(1000)
    page.closed(900)
    assert page.deadline_ns == 1050


def test_a_debounce_that_ends_with_a_poll_tick_comes_first() -> None:
    rules = PageRules(debounce_ns=10, poll_interval_ns=100, reconnect_ns=10**6)
    page = Driver(Dashboard(rules)).mounted(0).page
    page.closed(0)
    page.event(90)
    assert page.wake(100) == (StartFetch(1, 0, Cause.EVENT),)
    assert page.deadline_ns == 110


def test_a_wait_counts_from_the_time_of_the_timer_that_began_it_not_from_a_late_wake() -> None:
    rules = PageRules(debounce_ns=10, poll_interval_ns=100, reconnect_ns=10**6)
    page = Driver(Dashboard(rules)).mounted(0).page
    page.closed(0)
    assert page.wake(105) == ()
    assert page.deadline_ns == 110
