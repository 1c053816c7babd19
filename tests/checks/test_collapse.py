from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.checks import Verdict
from sim.checks.collapse import BOUNDARY_NS, Collapse, conclude, due_refetches, merge, observe, ratio
from sim.history import History
from tests.checks.laws import assert_merges
from tests.checks.worlds import worlds
from tests.histories import history, ns

BURST = "e0.1+@100 e0.2+@300 e0.3+@700"


def test_a_burst_becomes_one_refetch() -> None:
    partial = observe(history(f"{BURST} r0@1200-1210"))
    finding = conclude(partial)
    assert (partial.deliveries, partial.refetches, ratio(partial)) == (3, 1, 3.0)
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 1)


def test_every_refetch_beyond_the_rule_is_counted_and_the_first_is_the_witness() -> None:
    finding = conclude(observe(history(f"{BURST} r0@1200-1210 r0@1300-1310 r0@1400-1410 e0.1-@5000 r0@5500-5510")))
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 2.0)
    assert str(finding.witnesses.worst) == (
        "1.300 s, organisation 0, dashboard 0: 2 refetches more than the debounce rule explains, the first of them here"
    )


def test_a_refetch_before_its_time_is_excess_though_the_number_is_right() -> None:
    finding = conclude(observe(history(f"{BURST} r0@800-810")))
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 1.0)


def test_a_refetch_without_any_delivery_is_excess() -> None:
    finding = conclude(observe(history("r0@800-810")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 1)


def test_a_delivery_at_one_dashboard_explains_no_refetch_at_another() -> None:
    finding = conclude(observe(history("e0.1+@100 r0@600-610 r1@600-610")))
    assert finding.value == 1.0
    assert finding.witnesses.first is not None
    assert finding.witnesses.first.dashboard == 1


def test_first_loads_and_polls_need_no_delivery_and_are_not_in_the_ratio() -> None:
    partial = observe(history("load0@10-20 poll0@30-40 e0.1+@100 r0@600-610"))
    assert (partial.excess_refetches, partial.refetches, partial.all_refetches, ratio(partial)) == (0, 1, 2, 1.0)


def test_a_refetch_too_few_is_no_excess() -> None:
    assert conclude(observe(history("e0.1+@100 e0.1-@2000 r0@2500-2510"))).verdict is Verdict.HELD


def test_an_events_own_time_may_be_due_as_well_as_not() -> None:
    # The second event comes 1 ms before the first one's refetch is due: which callback ran first is chance.
    assert conclude(observe(history("e0.1+@100 e0.2+@599 r0@600-610 r0@1099-1110"))).verdict is Verdict.HELD
    assert conclude(observe(history("e0.1+@100 e0.2+@597 r0@600-610 r0@1097-1110"))).verdict is Verdict.FAILED


def test_the_same_tolerance_holds_for_the_maximum_wait() -> None:
    words = "e0.1+@100 e0.2+@500 e0.3+@899 r0@900-910 r0@1399-1410"
    assert conclude(observe(history(words, max_wait_ms=800))).verdict is Verdict.HELD
    assert conclude(observe(history(words, max_wait_ms=10_000))).verdict is Verdict.FAILED


def test_with_a_maximum_wait_refetches_of_the_warm_up_are_explained_too() -> None:
    words = "e0.1+@-3000 e0.2+@-2700 r0@-2200--2190 e0.1-@-900 r0@-400--390 e0.2-@100 r0@600-610"
    finding = conclude(observe(history(words, max_wait_ms=800)))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 1)


def test_the_health_page_asks_once_per_event() -> None:
    words = "e0.1+@100 e0.2+@101 r0@100-110 r0@101-111"
    assert conclude(observe(history(words, debounce_ms=0))).verdict is Verdict.HELD
    assert conclude(observe(history(f"{words} r0@102-112", debounce_ms=0))).value == 1.0


def test_foreign_events_restart_the_debounce_as_well() -> None:
    assert conclude(observe(history("e0.1+@100o7 r0@600-610"))).verdict is Verdict.HELD


def test_without_a_refetch_there_is_no_ratio() -> None:
    finding = conclude(observe(history("e0.1+@100")))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)
    assert conclude(Collapse()).verdict is Verdict.UNKNOWN


def test_how_refetches_ended_is_counted() -> None:
    partial = observe(history("e0.1+@100 e0.1-@2000 e0.1+@4000 r0@600x700 r0@2500!9000*4 r0@4500-4510*2"))
    assert (partial.cancelled, partial.failed, partial.retries) == (1, 1, 4)


def test_counts_over_time_and_per_organisation() -> None:
    words = "e0.1+@-500 e0.1+@100 e1.1+@900 e0.1-@2000 r0@1400-1410 r1@1400-1410 r0@2500-2510 e0.2+@10500"
    partial = observe(history(words, organisation=4))
    assert (partial.deliveries_over_time, partial.refetches_over_time) == ({0: 2, 2: 1, 10: 1}, {1: 2, 2: 1})
    row = partial.by_organisation[4]
    assert (row.dashboards, row.deliveries, row.refetches) == (2, 4, 3)
    assert row.events_per_s == 3 / (2 * 10)  # three within the window, two dashboards, ten seconds


@pytest.mark.parametrize(
    ("arrived", "window", "max_wait", "due"),
    [
        ([], 500, None, []),
        ([0], 500, None, [500]),
        ([0, 499, 998], 500, None, [1498]),
        ([0, 500], 500, None, [500, 1000]),  # an event at the very time comes after the refetch
        ([0, 0, 0], 500, None, [500]),
        ([0, 0, 7], 0, None, [0, 0, 7]),
        ([0, 400, 800, 1200], 500, 1000, [1000, 1700]),
        ([0, 400, 800, 1000], 500, 1000, [1000, 1500]),
        ([0, 500], 500, 1000, [500, 1000]),
        ([-900, -500, -100, 300], 500, 1000, [100, 800]),
        ([0, 100], 500, 50, [50, 150]),
    ],
)
def test_due_refetches_by_hand(arrived: list[int], window: int, max_wait: int | None, due: list[int]) -> None:
    assert due_refetches(np.array(arrived, np.int64), window, max_wait).tolist() == due


arrivals = st.lists(st.integers(-5_000, 5_000), max_size=30).map(sorted)


@given(arrivals, st.integers(0, 700), st.none() | st.integers(1, 2_000))
def test_due_refetches_equal_a_plain_loop(arrived: list[int], window: int, max_wait: int | None) -> None:
    due = due_refetches(np.array(arrived, np.int64), window, max_wait)
    assert due.tolist() == _naive_due(arrived, window, max_wait)


@given(arrivals, st.integers(1, 700), st.none() | st.integers(1, 2_000), st.integers(1, 100))
def test_shorter_waits_never_make_a_refetch_due_later(
    arrived: list[int], window: int, max_wait: int | None, less: int
) -> None:
    at = np.array(arrived, np.int64)
    due = due_refetches(at, window, max_wait)
    sooner = due_refetches(at, max(window - less, 0), None if max_wait is None else max(max_wait - less, 0))
    assert len(sooner) >= len(due)
    assert (sooner[: len(due)] <= due).all()


@given(arrivals, st.integers(3, 700), st.none() | st.integers(3, 2_000), st.integers(0, 29))
def test_what_the_rule_says_has_no_excess_and_one_more_has_one(
    arrived: list[int], window: int, max_wait: int | None, extra: int
) -> None:
    due = _naive_due(arrived, window, max_wait)
    words = [*(f"e0.1+@{at}" for at in arrived), *(f"r0@{at}-{at + 1}" for at in due)]
    assert observe(history(" ".join(words), debounce_ms=window, max_wait_ms=max_wait)).excess_refetches == 0
    before_any = min(arrived, default=0) - 1 - extra
    more = f"r0@{before_any}-{before_any + 1}"
    told = history(" ".join([*words, more]), debounce_ms=window, max_wait_ms=max_wait)
    assert observe(told).excess_refetches == 1


@pytest.mark.parametrize("gap_ns", [BOUNDARY_NS - 1, BOUNDARY_NS, BOUNDARY_NS + 1])
def test_the_tolerance_is_two_milliseconds(gap_ns: int) -> None:
    second = 600 - gap_ns / 1e6
    words = f"e0.1+@100 e0.2+@{second:.6f} r0@600-610 r0@{second + 500:.6f}-1200"
    expected = Verdict.HELD if gap_ns <= BOUNDARY_NS else Verdict.FAILED
    assert conclude(observe(history(words))).verdict is expected


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Collapse())
    merged = reduce(merge, parts)
    assert merged.deliveries == sum(merged.deliveries_over_time.values())
    assert merged.all_refetches == sum(merged.refetches_over_time.values())
    assert merged.deliveries == sum(row.deliveries for row in merged.by_organisation.values())
    assert merged.excess_refetches == sum(part.excess_refetches for part in parts)
    assert merged.debounce_ns == ns(500)


def _naive_due(arrived: list[int], window: int, max_wait: int | None) -> list[int]:
    """The debounce as a page has it: a timer, moved by each event, that fires before an event of its own time."""
    if window == 0:
        return arrived
    due: list[int] = []
    first: int | None = None
    timer = 0
    for at in arrived:
        if first is not None and timer <= at:
            due.append(timer)
            first = None
        first = at if first is None else first
        timer = at + window if max_wait is None else min(at + window, first + max_wait)
    return due if first is None else [*due, timer]
