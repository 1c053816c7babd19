from collections.abc import Sequence
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.checks import Verdict
from sim.checks.leakage import BUCKET_NS, Leakage, announced_at_ns, conclude, merge, observe, opportunities_over_time
from sim.history import History
from sim.schedule import ProbeKind
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.worlds import Ground, world, worlds
from tests.histories import history


def _all(*organisations: History) -> Leakage:
    return reduce(merge, map(observe, organisations))


def _opportunities(partial: Leakage) -> int:
    return sum(opportunities_over_time(partial).values())


def test_opportunities_are_events_times_dashboards_of_others() -> None:
    # Organisation 0 announces two events and has one dashboard; organisation 1 announces one event and has three.
    zero = history("s0@-500.. w1+@1000-1010 w2+@3000-3010 e0.1+@1005 e0.2+@3005 a0@1600:10")
    one = history("s0@-500.. s1@-500.. s2@-500.. w1+@5000-5010 a0@5600:10", organisation=1)
    finding = conclude(_all(zero, one))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 2 * 3 + 1 * 1)
    # Clopper and Pearson without a success: 1 - 0.05^(1/7) = 0.348, which is less than one in two.
    assert "0 leaks in 7 opportunities" in finding.text
    assert "1 in 2" in finding.text
    assert "none in 2 answers with 20 rows, and none of 0 requests" in finding.text


def test_each_leaked_event_is_counted_and_named() -> None:
    zero = history("s0@-500.. s1@-500.. e0.4+@1005~99o1 e1.4+@1006~99o1 e0.5-@2000~77o1")
    one = history("w4+@1000-1010", organisation=1)
    partial = _all(zero, one)
    finding = conclude(partial)
    assert (partial.leaks, len(partial.leaked_events), partial.inspected_events) == (3, 2, 3)
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 3.0)
    assert str(finding.witnesses.first) == (
        "1.005 s, organisation 0, dashboard 0: an event of machine 4 of organisation 1"
    )
    assert finding.witnesses.last is not None
    assert finding.witnesses.last.text == "an event of machine 5 of organisation 1"
    assert partial.leaks_over_time == {10: 2, 20: 1}


def test_leaked_rows_and_counts_fail_without_any_event() -> None:
    rows = conclude(observe(history("a0@100:25+3o7 a0@200:25")))
    assert (rows.verdict, rows.value) == (Verdict.FAILED, 3.0)
    assert str(rows.witnesses.worst) == "0.100 s, organisation 0, dashboard 0: 3 rows of organisation 7 in an answer"
    counts = conclude(observe(history("a0@100:25#2 a0@300:25#9 a0@200:25")))
    assert (counts.verdict, counts.value) == (Verdict.FAILED, 2.0)
    assert counts.witnesses.worst is not None
    assert counts.witnesses.worst.text == "an answer that counts 9 machines more than it shows"


@pytest.mark.parametrize("kind", [ProbeKind.FOREIGN_RPC, ProbeKind.FOREIGN_ROWS, ProbeKind.FOREIGN_SOCKET])
def test_a_request_for_another_organisation_that_is_granted_is_a_leak(kind: ProbeKind) -> None:
    number = int(kind)
    partial = observe(history(f"q{number}@1100-1104g:200o7 q{number}@1200-1204r:403o7 q{number}@1300-1304uo7"))
    finding = conclude(partial)
    assert (partial.leaked_requests, partial.inspected_requests) == (1, 2)
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 1.0)
    assert finding.text.endswith("and 1 of 2 requests for another organisation were granted")
    assert str(finding.witnesses.first) == (
        f"1.100 s, organisation 0: {kind.name} after organisation 7 was granted with 200"
    )
    assert partial.leaks_over_time == {11: 1}


def test_a_filter_for_another_organisation_may_be_granted_and_what_it_brings_counts() -> None:
    words = f"q{int(ProbeKind.FOREIGN_FILTER)}@1100-1104go1"
    assert observe(history(words)).leaked_requests == 0
    widened = observe(seen_by_a_probe(history(f"{words} e0.4+@1105~99o1"), 0))
    assert (widened.leaks, widened.leaked_requests, conclude(widened).value) == (1, 0, 1.0)
    assert conclude(widened).witnesses.worst is not None


def test_other_probes_are_no_leaks() -> None:
    words = " ".join(f"q{int(kind)}@1100-1104g:200" for kind in ProbeKind if not kind.is_foreign)
    assert (observe(history(words)).leaked_requests, observe(history(words)).inspected_requests) == (0, 0)


def test_what_a_probe_receives_is_a_leak_only_if_it_is_anothers() -> None:
    partial = observe(seen_by_a_probe(history("e0.4+@1005~99o1 e0.4+@1100~1100 e0.9+@1200o?"), 0))
    assert (partial.leaks, partial.unknown_events, dict(partial.announced)) == (1, 1, {})


def test_a_leak_in_the_warm_up_or_the_drain_is_a_leak() -> None:
    assert conclude(observe(history("e0.4+@-400o1"))).value == 1.0
    assert conclude(observe(history("e0.4+@15000o1"))).value == 1.0


def test_machines_that_nobody_told_us_of_are_told_apart_and_said() -> None:
    zero = history("s0@-500.. e0.9+@1005o? a0@1600:10+4o?")
    one = history("w1+@1000-1010", organisation=1)
    partial = _all(zero, one)
    finding = conclude(partial)
    assert (partial.unknown_events, partial.unknown_rows, partial.leaks, partial.leaked_rows) == (1, 4, 0, 0)
    assert finding.verdict is Verdict.HELD
    assert finding.text.endswith("1 events and 4 rows were of machines unknown to us")


@pytest.mark.parametrize(
    ("zero", "one"),
    [
        ("", ""),
        ("s0@-500.. w1+@1000-1010 e0.1+@1005", ""),  # nobody else is there
        ("w1+@1000-1010", "s0@2000.."),  # nobody else was subscribed then
        ("w1=+@1000-1010", "s0@-500.."),  # nothing was announced
        ("w1+@1000-1010!500", "s0@-500.."),
        ("w1+@1000", "s0@-500.."),
    ],
)
def test_where_nothing_could_leak_it_is_unknown(zero: str, one: str) -> None:
    finding = conclude(_all(history(zero), history(one, organisation=1)))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.UNKNOWN, None, 0)


def test_an_event_that_no_write_explains_is_announced_once_though_two_dashboards_saw_it() -> None:
    each = history("s0@-500.. s1@-500.. e0.1-@3000~ e1.1-@3001~ e0.2-@4000~")
    assert announced_at_ns(each).tolist() == [3_000_000_000, 4_000_000_000]


def test_an_event_of_its_machine_that_comes_after_the_deadline_is_another_one() -> None:
    each = history("e0.1-@1000~ e1.1-@3000~ e0.1-@9000~", deadline_ms=5_000)
    assert announced_at_ns(each).tolist() == [1_000_000_000, 9_000_000_000]


def test_a_patch_is_announced_where_it_was_seen() -> None:
    seen = history("w2+@50-52 e0.2+@51 patch1@100-104~77 e0.1+@103~77 e1.1+@108~77 patch3@200-204~99")
    assert announced_at_ns(seen).tolist() == [52_000_000, 103_000_000]


def test_what_is_announced_in_the_warm_up_is_not_counted() -> None:
    measured = "w3+@20-30 e0.4-@250~"
    assert observe(history(measured)).announced == {0: 1, 2: 1}
    assert observe(history(f"w1+@-300--290 e0.2-@-100~ {measured}")).announced == {0: 1, 2: 1}


def test_a_dashboard_counts_in_the_buckets_through_which_it_was_subscribed() -> None:
    # Subscribed from 150 to 420 ms: throughout [200, 300) and [300, 400), not throughout those at the ends.
    assert observe(history("s0@150..420!4000")).subscribed == {2: 1, 3: 1}
    assert observe(history("s0@200..400 s1@-50..300")).subscribed == {0: 1, 1: 1, 2: 2, 3: 1}
    assert observe(history("s0@210..290 s1@100!403")).subscribed == {}
    assert observe(history("s0@9700..", ended_ms=10_050)).subscribed == {97: 1, 98: 1, 99: 1}
    assert observe(history("s0@-900..-200 s1@-200..", ended_ms=-100)).subscribed == {}


def test_a_part_has_its_own_buckets_and_no_others() -> None:
    first = observe(history("s0@-500..", ended_ms=300, frame={"is_last": False}))
    second = observe(history("s0@-500..550", ended_ms=900, frame={"from_ns": 300_000_000}))
    assert (dict(first.subscribed), dict(second.subscribed)) == ({0: 1, 1: 1, 2: 1}, {3: 1, 4: 1})


def test_without_data_it_is_unknown() -> None:
    assert conclude(Leakage()).verdict is Verdict.UNKNOWN


@given(worlds)
def test_opportunities_are_never_more_than_there_were(organisations: list[History]) -> None:
    assert _opportunities(_all(*organisations)) <= _naive(organisations)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_opportunities_are_exact_where_sockets_live_whole_buckets(seed: int, organisations: int) -> None:
    told = world(Ground(seed, organisations, grid_ms=BUCKET_NS // 1_000_000, max_wait_ns=None))
    assert _opportunities(_all(*told)) == _naive(told)


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Leakage())
    merged = reduce(merge, parts)
    for name in ("leaks", "leaked_rows", "leaked_counts", "inspected_rows", "inspected_answers", "unknown_events"):
        assert getattr(merged, name) == sum(getattr(part, name) for part in parts)
    leaked = merged.leaks + merged.leaked_rows + merged.leaked_counts + merged.leaked_requests
    assert (conclude(merged).verdict is Verdict.FAILED) == (leaked > 0)


def _naive(organisations: Sequence[History]) -> int:
    """Event by event, dashboard by dashboard, at the very time of the event."""
    pairs = 0
    for announcing in organisations:
        for at_ns in announced_at_ns(announcing).tolist():
            for other in organisations:
                if at_ns >= 0 and other is not announcing:
                    sessions, ended_ns = other.sessions, other.frame.ended_ns
                    until_ns = np.minimum(sessions.closed_ns, ended_ns)
                    pairs += int(np.count_nonzero((sessions.subscribed_ns <= at_ns) & (at_ns < until_ns)))
    return pairs
