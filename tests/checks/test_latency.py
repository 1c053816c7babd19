from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from sim.checks import Verdict
from sim.checks.latency import Latency, conclude, merge, observe, shown_deliveries
from sim.history import NEVER_NS, UNEXPLAINED, Fetches, History, Outcome
from sim.stats import CoarseHistogram, Histogram
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.worlds import worlds
from tests.histories import history, ns

SEGMENTS = ("delivery", "debounce", "refetch")


def _times_ms(partial: Latency, name: str) -> tuple[int, float, float]:
    """Count, sum and maximum in milliseconds: the exact figures of a histogram."""
    histogram = partial.histograms[name]
    return histogram.count, histogram.total / 1e6, (histogram.maximum or 0) / 1e6


def test_the_segments_of_one_event() -> None:
    partial = observe(history("w1+@90:100-104 e0.1+@103 r0@603-610"))
    assert _times_ms(partial, "delivery") == (1, 3, 3)
    assert _times_ms(partial, "debounce") == (1, 500, 500)
    assert _times_ms(partial, "refetch") == (1, 7, 7)
    assert _times_ms(partial, "event_to_refetch") == (1, 510, 510)
    assert _times_ms(partial, "event_to_refetch_from_due") == (1, 520, 520)
    finding = conclude(partial)
    assert (finding.verdict, finding.count, partial.unshown) == (Verdict.HELD, 1, 0)
    assert str(finding.witnesses.worst) == (
        "0.100 s, organisation 0, dashboard 0: the change of machine 1 was shown after 510.0 ms"
    )


def test_a_burst_waits_for_its_last_event() -> None:
    partial = observe(history("w1+@100-104 w2+@400-404 e0.1+@103 e0.2+@403 r0@903-910"))
    assert _times_ms(partial, "debounce") == (2, 800 + 500, 800)
    assert _times_ms(partial, "event_to_refetch") == (2, 810 + 510, 810)


def test_cancelled_refetches_count_into_the_refetch_segment() -> None:
    partial = observe(history("w1+@100-104 e0.1+@103 r0@603x900 r0@900x1000 r0@1000-1050"))
    assert _times_ms(partial, "debounce") == (1, 500, 500)
    assert _times_ms(partial, "refetch") == (1, 447, 447)


def test_an_earlier_refetch_that_is_answered_later_shows_nothing_of_the_event() -> None:
    # The health page: requests run side by side; the one sent at 50 knows nothing of the write at 100.
    partial = observe(history("w1+@100-104 e0.1+@103 r0@50-400 r0@103-300"))
    assert _times_ms(partial, "event_to_refetch") == (1, 200, 200)


def test_a_refetch_of_the_very_moment_of_the_arrival_shows_it() -> None:
    assert _times_ms(observe(history("w1+@100-104 e0.1+@103 r0@103-110")), "debounce") == (1, 0, 0)


def test_the_answer_that_overtakes_is_the_one_that_counts() -> None:
    partial = observe(history("w1+@100-104 e0.1+@103 r0@110-400 r0@120-300"))
    assert (_times_ms(partial, "debounce"), _times_ms(partial, "refetch")) == ((1, 7, 7), (1, 190, 190))


def test_each_dashboard_counts_and_a_duplicate_does_not() -> None:
    words = "w1+@100-104 e0.1+@103 e0.1+@120 e1.1+@109 r0@620-630 r1@609-640"
    assert _times_ms(observe(history(words)), "delivery") == (2, 3 + 9, 9)


@pytest.mark.parametrize("rest", ["", "r0@603", "r0@603x700", "r0@603!9000", "r0@50-60", "r1@603-610"])
def test_what_was_delivered_and_never_shown_is_counted_and_unknown(rest: str) -> None:
    partial = observe(history(f"w1+@100-104 e0.1+@103 {rest}"))
    finding = conclude(partial)
    assert (partial.unshown, finding.verdict, finding.value) == (1, Verdict.UNKNOWN, None)
    assert "1 were delivered" in finding.text


def test_unshown_events_are_told_beside_those_that_were_shown() -> None:
    finding = conclude(observe(history("w1+@100-104 w2+@5000-5004 e0.1+@103 e0.2+@5003 r0@603-610")))
    assert finding.verdict is Verdict.HELD
    assert finding.text.endswith("1 delivered events were never shown and are in no latency")


def test_the_slowest_event_of_all_is_the_witness() -> None:
    fast, slow = "w1+@100-104 e0.1+@103 r0@603-610", "w2+@5000-5004 e0.2+@5003 r0@5503-5700"
    finding = conclude(merge(observe(history(fast)), observe(history(slow, organisation=1))))
    assert (finding.witnesses.first, finding.witnesses.last) == (None, None)
    assert finding.witnesses.worst is not None
    assert (finding.witnesses.worst.organisation, finding.witnesses.worst.size) == (1, 700)


def test_what_a_probe_received_and_patches_are_in_no_latency() -> None:
    on_a_probe = observe(seen_by_a_probe(history("w1+@100-104 e0.1+@103^5 r0@603-610"), 0))
    assert {on_a_probe.histograms[name].count for name in ("delivery", "handling", "event_to_refetch")} == {0}
    assert on_a_probe.unshown == 0
    patched = observe(history("patch1@100-104~77 e0.1+@103~77 r0@603-610"))
    assert {patched.histograms[name].count for name in ("delivery", "write", "lateness", "blocked")} == {0}


def test_without_data_it_is_unknown() -> None:
    assert conclude(observe(history())).verdict is Verdict.UNKNOWN
    assert conclude(Latency()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("write", ["w1+@-1:100-104", "w1+@10000:10001-10004", "w1=+@100-104", "w1?+@100-104"])
def test_what_was_due_outside_the_window_or_is_no_sure_transition_is_not_measured(write: str) -> None:
    sent_ms = 10_001 if "10001" in write else 100
    words = f"{write} e0.1+@{sent_ms + 5} r0@{sent_ms + 600}-{sent_ms + 700}"
    partial = observe(history(words))
    assert (partial.histograms["event_to_refetch"].count, partial.unshown) == (0, 0)


def test_a_negative_segment_fails_and_its_witness_is_shown_before_slower_events() -> None:
    # Shown before it was sent: only a defect of the harness makes such a row.
    bad = history("w1+@100-104 e0.1+@103 r0@603-580", organisation=1)
    slow = history("w1+@100-104 e0.1+@103 r0@603-9000", organisation=2)
    partial = merge(observe(bad), observe(slow))
    finding = conclude(partial)
    assert (partial.mismatches, finding.verdict) == (1, Verdict.FAILED)
    assert partial.histograms["refetch"].count == 1
    assert finding.witnesses.first == finding.witnesses.worst == finding.witnesses.last
    assert finding.witnesses.first is not None
    assert (finding.witnesses.first.organisation, finding.witnesses.first.size) == (1, 480)


def test_the_times_of_writes() -> None:
    # Due at 100: the agent was free at 130, the request left at 137 and was answered at 150.
    partial = observe(history("w1+@100:130:137-150"))
    assert _times_ms(partial, "blocked") == (1, 30, 30)
    assert _times_ms(partial, "lateness") == (1, 7, 7)
    assert _times_ms(partial, "write") == (1, 13, 13)
    assert _times_ms(partial, "write_from_due") == (1, 50, 50)


def test_failed_and_unanswered_writes_have_lateness_but_no_write_time() -> None:
    partial = observe(history("w1+@100:105-110!500 w2+@100:103 w3+@100:101-104!0"))
    assert _times_ms(partial, "lateness") == (3, 9, 5)
    assert _times_ms(partial, "write") == (0, 0, 0)


def _ns(milliseconds: float) -> NDArray[np.int64]:
    return np.array([ns(milliseconds)], np.int64)


def test_handling_is_that_of_all_deliveries_from_the_window_on() -> None:
    partial = observe(history("e0.1+@-500^900 e0.1+@200^3 e0.2+@1500^4o9"))
    assert _times_ms(partial, "handling") == (2, 7, 4)
    assert partial.over_time["handling"] == {0: CoarseHistogram.of(_ns(3)), 1: CoarseHistogram.of(_ns(4))}


def test_over_time_an_event_stands_in_the_bucket_of_its_write() -> None:
    words = "w1+@900-904 w2+@2000-2004 e0.1+@1203 e0.2+@2003 r0@1703-1710 r0@2503-2600"
    over_time = observe(history(words)).over_time["event_to_refetch"]
    assert over_time == {0: CoarseHistogram.of(_ns(810)), 2: CoarseHistogram.of(_ns(600))}


@given(worlds)
def test_segments_add_up_exactly_for_every_event(organisations: list[History]) -> None:
    for each in organisations:
        shown, unshown = shown_deliveries(each)
        assert (_naive(each), len(shown.row) + unshown) == (
            set(zip(shown.row.tolist(), shown.fetch_sent_ns.tolist(), shown.shown_ns.tolist(), strict=True)),
            len(_naive_deliveries(each)),
        )
        partial = observe(each)
        assert partial.mismatches == 0
        assert sum(partial.histograms[name].total for name in SEGMENTS) == partial.histograms["event_to_refetch"].total
        assert {partial.histograms[name].count for name in SEGMENTS} == {len(shown.row)}
        assert partial.unshown == unshown


@settings(max_examples=40)
@given(worlds)
def test_merging_is_associative_and_commutative(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Latency())
    merged = reduce(merge, parts)
    assert merged.histograms["delivery"] == sum((part.histograms["delivery"] for part in parts), Histogram())
    assert merged.unshown == sum(part.unshown for part in parts)


def _naive_deliveries(each: History) -> list[int]:
    """Rows of the first delivery of each transition of the window at each dashboard, by a plain loop."""
    found: dict[tuple[int, int], int] = {}
    for row in range(len(each.deliveries)):
        write = int(each.deliveries.write[row])
        if each.deliveries.dashboard[row] < 0:
            continue
        if write == UNEXPLAINED or each.writes.before[write] in (0, each.writes.status[write]):
            continue
        if 0 <= each.writes.due_ns[write] < each.frame.window_ns:
            found.setdefault((int(each.deliveries.dashboard[row]), write), row)
    return list(found.values())


def _naive(each: History) -> set[tuple[int, int, int]]:
    """(row, refetch sent, shown) of each that was shown, by a plain loop."""
    found = set()
    for row in _naive_deliveries(each):
        after = _after(each, int(each.deliveries.dashboard[row]), int(each.deliveries.arrived_ns[row]))
        shown_ns = min(after.ended_ns[after.outcome == Outcome.SHOWN].tolist(), default=NEVER_NS)
        if shown_ns < NEVER_NS:
            found.add((row, int(after.sent_ns[0]), shown_ns))
    return found


def _after(each: History, dashboard: int, arrived_ns: int) -> Fetches:
    fetches = each.fetches
    return fetches.where(np.flatnonzero((fetches.dashboard == dashboard) & (fetches.sent_ns >= arrived_ns)))
