from functools import reduce

import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.blind import Blind, conclude, merge, observe, share
from sim.history import History
from tests.checks.laws import assert_merges
from tests.checks.worlds import worlds
from tests.histories import history, ns


def test_a_dashboard_with_a_socket_all_the_time_is_never_blind() -> None:
    partial = observe(history("p0@-600.. s0@-500.."))
    finding = conclude(partial)
    assert (share(partial), finding.verdict, finding.value, finding.count) == (0.0, Verdict.HELD, 0.0, 1)


def test_an_eviction_makes_it_blind_until_it_is_subscribed_again() -> None:
    # Of ten seconds, those from 2 to 7: evicted, five seconds of waiting.
    partial = observe(history("p0@-600.. s0@-500..2000!4000 s0@7000.."))
    assert (share(partial), partial.evictions, partial.reconnects) == (0.5, 1, 1)
    finding = conclude(partial)
    assert finding.verdict is Verdict.HELD
    assert finding.text == "dashboards were blind 50.00% of the time (1 evictions, 1 reconnects)"


def test_only_the_measured_window_counts() -> None:
    partial = observe(history("p0@-600..15000 s0@9000..12000!4000 s0@13000.."))
    assert (partial.open_ns, partial.subscribed_ns) == (ns(10_000), ns(1_000))


def test_a_page_that_is_closed_is_not_blind() -> None:
    partial = observe(history("p0@-600..4000 s0@-500..4000"))
    assert (share(partial), partial.open_ns) == (0.0, ns(4_000))


def test_two_dashboards_are_added_up() -> None:
    partial = observe(history("p0@-600.. s0@-500.. p1@-600.. s1@-500..5000!4000"))
    assert (share(partial), partial.dashboards) == (0.25, 2)


def test_a_dashboard_without_any_socket_fails_and_is_named() -> None:
    finding = conclude(observe(history("p0@-600.. s0@-500.. p1@-600.. s1@100!403 s1@5100!403")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 2)
    assert "2 upgrades were refused" in finding.text
    assert str(finding.witnesses.worst) == (
        "0.000 s, organisation 0, dashboard 1: had no subscribed socket in the whole window"
    )


@pytest.mark.parametrize("words", ["", "s0@-500..", "p0@-600..-100", "p0@11000.."])
def test_where_no_page_was_open_it_is_unknown(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)


def test_a_socket_of_the_warm_up_alone_is_none() -> None:
    assert conclude(observe(history("p0@-600.. s0@-500..-100!4000"))).value == 1.0


def test_a_run_that_was_cut_short_ends_its_sockets_with_it() -> None:
    # Stopped at 3 s: the page is noted as open until then, the socket as open at the end.
    partial = observe(history("p0@-600..3000 s0@-500..1500!4000 s0@2000..", ended_ms=3_000))
    assert (partial.open_ns, partial.subscribed_ns) == (ns(3_000), ns(2_500))


def test_a_run_that_never_began_is_unknown() -> None:
    assert conclude(observe(history("p0@-600..-100 s0@-500..", ended_ms=-100))).verdict is Verdict.UNKNOWN
    assert conclude(Blind()).verdict is Verdict.UNKNOWN


@given(worlds)
def test_merging_is_associative_and_commutative_and_the_share_is_one(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Blind())
    merged = reduce(merge, parts)
    assert merged.open_ns == sum(part.open_ns for part in parts)
    assert merged.evictions == sum(part.evictions for part in parts)
    blind = share(merged)
    assert (blind is None) == (merged.open_ns == 0)
    assert blind is None or 0 <= blind <= 1
