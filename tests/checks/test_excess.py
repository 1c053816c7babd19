import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.checks import Verdict
from sim.checks.debounce import BOUNDARY_NS
from sim.checks.excess import Excess, conclude, merge, observe
from sim.history import History
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.timers import naive_due
from tests.checks.worlds import worlds
from tests.histories import history, ns

BURST = "e0.1+@100 e0.2+@300 e0.3+@700"


def test_a_burst_explains_one_refetch() -> None:
    finding = conclude(observe(history(f"{BURST} r0@1200-1210")))
    assert (finding.verdict, finding.value, finding.count, finding.bound) == (Verdict.HELD, 0.0, 1, 0.0)
    assert finding.text == "the debounce rule explains each of 1 refetches"


def test_every_refetch_beyond_the_rule_is_counted_and_a_witness() -> None:
    finding = conclude(observe(history(f"{BURST} r0@1200-1210 r0@1300-1310 r0@1400-1410 e0.1-@5000 r0@5500-5510")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 2.0, 4)
    assert str(finding.witnesses.first) == (
        "1.300 s, organisation 0, dashboard 0: a refetch that the debounce rule does not explain"
    )
    assert finding.witnesses.last is not None
    assert finding.witnesses.last.at_ns == ns(1_400)


def test_a_refetch_before_its_time_is_excess_though_the_number_is_right() -> None:
    assert conclude(observe(history(f"{BURST} r0@800-810"))).value == 1.0


def test_a_refetch_without_any_delivery_is_excess() -> None:
    finding = conclude(observe(history("r0@800-810")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 1)


def test_a_delivery_at_one_dashboard_or_a_probe_explains_no_refetch_at_another() -> None:
    finding = conclude(observe(history("e0.1+@100 r0@600-610 r1@600-610")))
    assert finding.value == 1.0
    assert finding.witnesses.first is not None
    assert finding.witnesses.first.dashboard == 1
    assert observe(seen_by_a_probe(history("e0.1+@100 r0@600-610"), 0)).excess == 1


def test_first_loads_and_polls_need_no_delivery() -> None:
    partial = observe(history("load0@10-20 poll0@30-40 e0.1+@100 r0@600-610"))
    assert (partial.excess, partial.refetches) == (0, 1)


def test_a_refetch_too_few_is_no_excess_and_excuses_no_later_one() -> None:
    few = "e0.1+@100 e0.1-@2000 r0@2500-2510"
    assert conclude(observe(history(few))).verdict is Verdict.HELD
    assert conclude(observe(history(f"{few} r0@4000-4010"))).value == 1.0


def test_a_poll_takes_the_due_times_before_it() -> None:
    assert conclude(observe(history("e0.1+@100 poll0@700-710 r0@800-810"))).value == 1.0


def test_leaving_the_page_ends_the_wait() -> None:
    words = "p0@-600..400 p0@500.. e0.1+@100 e0.1-@2000 r0@2500-2510"
    assert conclude(observe(history(words))).verdict is Verdict.HELD
    assert conclude(observe(history(f"{words} r0@700-710"))).value == 1.0


def test_a_generator_that_was_late_sends_two_refetches_in_one_turn() -> None:
    words = "e0.1+@100 e0.2+@700"
    assert conclude(observe(history(f"{words} r0@1300x1300.001 r0@1300.001-1400"))).verdict is Verdict.HELD
    assert conclude(observe(history(f"{words} r0@1300x1303 r0@1303-1400"))).value == 1.0
    assert conclude(observe(history(f"{words} r0@1300x1301 r0@1301x1302 r0@1302-1400"))).value == 1.0


def test_an_events_own_time_may_be_due_as_well_as_not() -> None:
    # The second event comes 1 ms before the first one's refetch is due: which callback ran first is chance.
    either = conclude(observe(history("e0.1+@100 e0.2+@599 r0@600-610 r0@1099-1110")))
    assert either.verdict is Verdict.HELD
    assert either.text.endswith("; 1 deliveries came so close to the end of a wait that either may be right")
    assert conclude(observe(history("e0.1+@100 e0.2+@597 r0@600-610 r0@1097-1110"))).verdict is Verdict.FAILED


def test_the_same_tolerance_holds_for_the_maximum_wait() -> None:
    words = "e0.1+@100 e0.2+@500 e0.3+@899 r0@900-910 r0@1399-1410"
    assert conclude(observe(history(words, max_wait_ms=800))).verdict is Verdict.HELD
    assert conclude(observe(history(words, max_wait_ms=10_000))).verdict is Verdict.FAILED


def test_with_a_maximum_wait_refetches_of_the_warm_up_are_explained_too() -> None:
    words = "e0.1+@-3000 e0.2+@-2700 r0@-2200--2190 e0.1-@-900 r0@-400--390 e0.2-@100 r0@600-610"
    finding = conclude(observe(history(words, max_wait_ms=800)))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 3)


def test_a_tick_just_before_the_socket_opened_may_have_begun_the_longest_wait() -> None:
    # The poll timer ticked at 0: the wait is over 600 ms later, though the delivery came at 300 only.
    words = "e0.1+@300 r0@600-610"
    assert observe(history(f"s0@50.. {words}", max_wait_ms=600)).excess == 0
    assert observe(history(f"s0@-1.. {words}", max_wait_ms=600)).excess == 1
    assert observe(history(f"s0@50.. {words}")).excess == 1
    assert observe(history(f"s0@50.. {words} r0@640-650", max_wait_ms=600)).excess == 1


def test_the_health_page_asks_once_per_event() -> None:
    words = "e0.1+@100 e0.2+@101 r0@100-110 r0@101-111"
    assert conclude(observe(history(words, debounce_ms=0))).verdict is Verdict.HELD
    finding = conclude(observe(history(f"{words} r0@102-112 poll0@103-113", debounce_ms=0)))
    assert (finding.value, finding.count) == (1.0, 3)
    assert finding.witnesses.first is not None
    assert finding.witnesses.first.at_ns == ns(102)


def test_the_health_page_may_ask_late_and_never_early() -> None:
    assert observe(history("e0.1+@100 e0.2+@101 r0@150-160 r0@151-161", debounce_ms=0)).excess == 0
    assert observe(history("e0.1+@100 e0.2+@155 r0@150-160 r0@151-161", debounce_ms=0)).excess == 1


def test_foreign_events_restart_the_debounce_as_well() -> None:
    assert conclude(observe(history("e0.1+@100o7 r0@600-610"))).verdict is Verdict.HELD


def test_without_a_refetch_that_deliveries_caused_it_is_unknown() -> None:
    finding = conclude(observe(history("e0.1+@100 poll0@300-310")))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)
    assert conclude(Excess()).verdict is Verdict.UNKNOWN


def test_parts_of_a_health_page_add_up() -> None:
    first, second = "e0.1+@100 r0@100-110 r0@200-210", "e0.1-@6000 r0@6000-6010 e0.2-@7000 r0@7000-7010 r0@7001-7010"
    whole = observe(history(f"{first} {second}", debounce_ms=0))
    one = observe(history(first, debounce_ms=0, ended_ms=5_000, frame={"is_last": False}))
    other = observe(history(second, debounce_ms=0, frame={"from_ns": ns(5_000)}))
    assert merge(one, other) == whole
    assert whole.excess == 2


arrivals = st.lists(st.integers(-5_000, 5_000), max_size=30).map(sorted)


@given(arrivals, st.integers(3, 700), st.none() | st.integers(3, 2_000), st.integers(0, 29))
def test_what_the_rule_says_has_no_excess_and_one_more_has_one(
    arrived: list[int], window: int, max_wait: int | None, extra: int
) -> None:
    due = naive_due(arrived, window, max_wait)
    words = [*(f"e0.1+@{at}" for at in arrived), *(f"r0@{at}-{at + 1}" for at in due)]
    assert observe(history(" ".join(words), debounce_ms=window, max_wait_ms=max_wait)).excess == 0
    before_any = min(arrived, default=0) - 1 - extra
    more = f"r0@{before_any}-{before_any + 1}"
    told = history(" ".join([*words, more]), debounce_ms=window, max_wait_ms=max_wait)
    assert observe(told).excess == 1


@pytest.mark.parametrize("gap_ns", [BOUNDARY_NS - 1, BOUNDARY_NS, BOUNDARY_NS + 1])
def test_the_tolerance_is_two_milliseconds(gap_ns: int) -> None:
    second = 600 - gap_ns / 1e6
    words = f"e0.1+@100 e0.2+@{second:.6f} r0@600-610 r0@{second + 500:.6f}-1200"
    within = gap_ns <= BOUNDARY_NS
    partial = observe(history(words))
    assert (partial.excess, partial.boundary) == ((0, 1) if within else (1, 0))


@given(worlds)
def test_merging_is_associative_and_commutative(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Excess())
    assert all(part.excess <= part.refetches for part in parts)


def test_a_refetch_that_leaves_late_may_leave_after_the_next_one_is_due() -> None:
    words = "e0.1+@100 e0.2+@106 r0@109x111 r0@111.5-120"
    assert conclude(observe(history(words, debounce_ms=5))).verdict is Verdict.HELD
