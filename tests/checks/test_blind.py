from collections.abc import Mapping
from functools import reduce

import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.blind import Blind, conclude, merge, never_subscribed, observe, reconnects, share
from sim.checks.protocol import FATAL_CLOSE_CODES
from sim.history import History
from tests.checks.laws import assert_merges
from tests.checks.worlds import worlds
from tests.histories import history, ns

SOON: Mapping[str, int] = {"evict_after_ns": ns(3_000), "evict_sweep_ns": ns(1_000)}
"""Evicted after 3 to 4 s of silence; the mini language's deadline is 5 s."""


def test_a_dashboard_with_a_socket_all_the_time_is_never_blind() -> None:
    partial = observe(history("p0@-600.. s0@-500.."))
    finding = conclude(partial)
    assert (share(partial), finding.verdict, finding.value, finding.count) == (0.0, Verdict.HELD, 0.0, 1)


def test_an_eviction_makes_it_blind_until_it_is_subscribed_again() -> None:
    # Of ten seconds, those from 3 to 8: evicted, five seconds of waiting.
    partial = observe(history("p0@-600.. s0@-500..3000!4000 s0@8000..^15000", frame=SOON))
    assert (share(partial), partial.evictions, reconnects(partial)) == (0.5, 1, 1)
    finding = conclude(partial)
    assert (finding.verdict, finding.count) == (Verdict.HELD, 2)
    assert finding.text == "dashboards were blind 50.00% of the time (1 evictions, 1 reconnects)"


def test_only_the_measured_window_counts() -> None:
    partial = observe(history("p0@-600..15000 s0@9000..12000!4000 s0@13000..", frame=SOON))
    assert (partial.open_ns, partial.subscribed_ns) == (ns(10_000), ns(1_000))


def test_a_page_that_is_closed_is_not_blind() -> None:
    partial = observe(history("p0@-600..4000 s0@-500..4000"))
    assert (share(partial), partial.open_ns) == (0.0, ns(4_000))


def test_two_dashboards_are_added_up() -> None:
    partial = observe(history("p0@-600.. s0@-500.. p1@-600.. s1@-500..5000!4000"))
    assert (share(partial), len(partial.opened)) == (0.25, 2)


def test_a_dashboard_without_any_socket_fails_and_is_named() -> None:
    finding = conclude(observe(history("p0@-600.. s0@-500.. p1@-600.. s1@100!403 s1@5100!403")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 2)
    assert finding.text.startswith("1 of 2 dashboards had no subscribed socket at all (2 upgrades were refused)")
    assert str(finding.witnesses.worst) == (
        "0.000 s, organisation 0, dashboard 1: had no subscribed socket in the whole window"
    )
    assert finding.witnesses.worst is not None
    assert finding.witnesses.worst.size == 10.0


@pytest.mark.parametrize("words", ["", "s0@-500..", "p0@-600..-100", "p0@11000.."])
def test_where_no_page_was_open_it_is_unknown(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)


def test_a_socket_of_the_warm_up_alone_is_none() -> None:
    assert never_subscribed(observe(history("p0@-600.. s0@-500..-100"))) == 1


@pytest.mark.parametrize(
    ("socket", "early", "overdue"),
    [
        ("s0@-500..1499!4000", 1, 0),  # 3 s, less one for a clock of whole seconds
        ("s0@-500..1500!4000", 0, 0),
        ("s0@-500..8499!4000", 0, 0),  # 3 s, a sweep of 1 s, the deadline of 5 s
        ("s0@-500..8501!4000", 0, 1),
        ("s0@-500..8501", 0, 1),  # closed by us at last
        ("s0@-500..8499", 0, 0),
        ("s0@-500..", 0, 1),
        ("s0@-500..^11000", 0, 0),  # open at 20 s, and pinged 9 s before
        ("s0@-500..^10999", 0, 1),
        ("s0@-500..5000!4000^4000", 1, 0),
        ("s0@-500..5000!4000^2000", 0, 0),
    ],
)
def test_an_eviction_is_neither_early_nor_overdue(socket: str, early: int, overdue: int) -> None:
    partial = observe(history(f"p0@-600.. {socket}", frame=SOON))
    assert (partial.early, partial.overdue, partial.cut) == (early, overdue, 0)
    assert (conclude(partial).verdict is Verdict.FAILED) == (early + overdue > 0)


def test_witnesses_say_how_long_the_silence_was() -> None:
    early = conclude(observe(history("p0@-600.. s0@-500..5000!4000^4000", frame=SOON)))
    assert str(early.witnesses.worst) == (
        "5.000 s, organisation 0, dashboard 0: evicted after a silence of 1.0 s: too early"
    )
    overdue = conclude(observe(history("p0@-600.. s0@-500..^1000", frame=SOON)))
    assert str(overdue.witnesses.worst) == (
        "20.000 s, organisation 0, dashboard 0: not evicted in time: silent for 19.0 s"
    )


def test_where_nothing_is_evicted_an_eviction_is_early_and_none_is_overdue() -> None:
    frame = {**SOON, "evicts": False}
    assert observe(history("p0@-600.. s0@-500..", frame=frame)).overdue == 0
    assert observe(history("p0@-600.. s0@-500..5000!4000", frame=frame)).early == 1


@pytest.mark.parametrize(
    ("code", "how"), [(0, "without a close frame"), (1006, "without a close frame"), (1001, "with 1001")]
)
def test_any_other_close_by_the_other_side_is_a_cut(code: int, how: str) -> None:
    finding = conclude(observe(history(f"p0@-600.. s0@-500..5000!{code} s0@5100..")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 2)
    assert finding.text.endswith("and 1 were cut")
    assert str(finding.witnesses.worst) == f"5.000 s, organisation 0, dashboard 0: closed by the other side {how}"


@pytest.mark.parametrize(
    "words",
    [
        "s0@-500..5000 s0@5100..",  # by us
        "s0@1!1006 s0@100..",  # it was not subscribed: the matter of availability
        *(f"s0@-500..5000!{code} s0@5100.." for code in FATAL_CLOSE_CODES),  # the matter of protocol
    ],
)
def test_other_ends_are_no_cuts(words: str) -> None:
    assert conclude(observe(history(f"p0@-600.. {words}"))).verdict is Verdict.HELD


def test_a_socket_that_is_cut_is_told_of_even_where_no_page_was_open() -> None:
    finding = conclude(observe(history("s0@-500..5000!1006")))
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 1.0)


def test_a_run_that_was_cut_short_ends_its_sockets_with_it() -> None:
    # Stopped at 3 s: the page is noted as open until then, the socket as open at the end.
    partial = observe(history("p0@-600..3000 s0@-500..1500!4000 s0@2000..", ended_ms=3_000))
    assert (partial.open_ns, partial.subscribed_ns) == (ns(3_000), ns(2_500))


def test_a_run_that_never_began_is_unknown() -> None:
    assert conclude(observe(history("p0@-600..-100 s0@-500..", ended_ms=-100))).verdict is Verdict.UNKNOWN
    assert conclude(Blind()).verdict is Verdict.UNKNOWN


def test_what_lasts_into_several_parts_counts_once() -> None:
    words = "p0@-600.. s0@-500..2000 p1@-600.."
    first = observe(history(f"{words} s0@2100..", ended_ms=4_000, frame={"is_last": False}))
    second = observe(
        history("p0@-600.. s0@2100..5000!1001 s0@5100.. p1@-600..", dashboards=2, frame={"from_ns": ns(4_000)})
    )
    whole = observe(history(f"{words} s0@2100..5000!1001 s0@5100.."))
    assert merge(first, second) == whole
    assert (len(whole.opened), whole.sockets, reconnects(whole), never_subscribed(whole), whole.cut) == (2, 3, 2, 1, 1)


@pytest.mark.parametrize(("opened_ms", "missed"), [(-600, 1), (4_999, 1), (5_000, 0), (9_900, 0)])
def test_a_page_that_opens_near_the_end_has_no_time_for_a_socket(opened_ms: int, missed: int) -> None:
    assert never_subscribed(observe(history(f"p0@{opened_ms}.."))) == missed  # the deadline is 5 s


def test_of_a_stay_the_pages_that_were_open_from_its_beginning_had_time() -> None:
    frame = {"stay_from_ns": ns(3_000), "stay_until_ns": ns(4_000)}
    assert never_subscribed(observe(history("p0@2500.. p1@3500..", frame=frame))) == 1


@given(worlds)
def test_merging_is_associative_and_commutative_and_the_share_is_one(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Blind())
    merged = reduce(merge, parts)
    for figure in (reconnects, never_subscribed):
        assert figure(merged) == sum(figure(part) for part in parts) >= 0
    blind = share(merged)
    assert (blind is None) == (merged.open_ns == 0)
    assert blind is None or 0 <= blind <= 1
