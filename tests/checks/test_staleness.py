from functools import reduce
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings

from sim.checks import Verdict
from sim.checks.staleness import Staleness, conclude, merge, observe, share, worst_organisation
from sim.contract import StatusCode
from sim.history import NEVER_NS, History
from tests.checks.instants import Instants
from tests.checks.laws import assert_merges
from tests.checks.worlds import Ground, grounds, parts, world, worlds
from tests.histories import history, ns

OPEN = "p0@-600.. s0@-500.. m1-@-900 v0.1-@-400"
LONG = {"ended_ns": ns(50_000)}


def test_what_was_shown_soon_is_fresh_and_its_share_is_told() -> None:
    partial = observe(history(f"{OPEN} w1+@100-104 v0.1+@604"))
    finding = conclude(partial)
    assert (partial.stale_ns, partial.open_ns, partial.longest_ns) == (ns(500), ns(10_000), ns(500))
    assert (finding.verdict, finding.value, finding.count, finding.unit) == (Verdict.HELD, 0.0, 1, "stretches")
    assert finding.text == (
        "dashboards showed something outdated 5.00% of the time, 0.500 s at most at a stretch;"
        " the worst was organisation 0 with 5.00%"
    )


def test_two_stale_machines_at_once_count_once_and_two_dashboards_twice() -> None:
    words = f"{OPEN} m2-@-900 v0.2-@-400 w1+@100-104 w2+@300-304 v0.1+@604 v0.2+@804"
    assert observe(history(words)).stale_ns == ns(700)
    assert observe(history(f"{words} p1@-600.. v1.1-@-400 v1.1+@604")).stale_ns == ns(1_200)


def test_only_the_window_counts_into_the_share() -> None:
    assert observe(history("p0@-600.. m1-@-900 v0.1x@-400 v0.1-@200")).stale_ns == ns(200)
    partial = observe(history(f"{OPEN} w1+@9900-9904"))
    assert (partial.stale_ns, partial.longest_ns) == (ns(96), ns(10_096))


def test_only_open_pages_count() -> None:
    partial = observe(history(f"{OPEN.replace('..', '..1000', 1)} w1+@100-104 p0@2000.. v0.1+@2500"))
    assert (partial.stale_ns, partial.open_ns) == (ns(896 + 500), ns(9_000))


@pytest.mark.parametrize(
    ("words", "overlong"),
    [
        (f"{OPEN} w1+@100-104 v0.1+@30104", 0),
        (f"{OPEN} w1+@100-104 v0.1+@30105", 1),
        (f"{OPEN} w1+@100-104", 1),
        (f"{OPEN} w1+@100-104 w1-@20000-20004 v0.1-@35000", 0),  # as it is again
        (f"{OPEN} w1+@100-104".replace("s0@-500..", "s0@-500..50 s0@200.."), 0),  # missed while blind
        (f"{OPEN} w1+@100-104 r0@40000-40010".replace("s0@-500..", ""), 1),  # the answer should have shown it
        (f"{OPEN} w1+@100-104".replace("p0@-600..", "p0@-600..20000 p0@20001.."), 0),
    ],
)
def test_a_change_that_a_dashboard_was_told_of_must_be_shown_soon(words: str, overlong: int) -> None:
    finding = conclude(observe(history(words, frame=LONG)))
    assert (finding.value, finding.verdict) == (float(overlong), Verdict.FAILED if overlong else Verdict.HELD)


def test_what_is_overlong_is_named() -> None:
    finding = conclude(observe(history(f"{OPEN} w1+@100-104 v0.1+@40000", frame=LONG)))
    assert finding.text == (
        "1 times a dashboard showed an old status of a machine for more than 30 s, though it was told of the change,"
        " or had an answer since"
    )
    assert str(finding.witnesses.worst) == (
        "0.104 s, organisation 0, dashboard 0: showed an old status of machine 1 for 39.896 s"
    )


def test_how_soon_is_for_the_run_to_say() -> None:
    words = f"{OPEN} w1+@100-104 v0.1+@700"
    assert observe(history(words, frame={"fresh_within_ns": ns(595)})).overlong == 1
    assert observe(history(words, frame={"fresh_within_ns": ns(596)})).overlong == 0


@pytest.mark.parametrize(
    "words",
    [
        "",
        "p0@-600..",
        "p0@-600.. v0.1-@-400",
        "p0@-600.. m1-@-900",
        "p0@-600.. m1-@-900 v0.1?@-400",
        "m1-@-900 v0.1-@-400",
        "p0@-600..-100 m1-@-900 v0.1-@-400",
        "p0@-600..500 m1-@-900 v0.1-@500",
    ],
)
def test_where_nothing_can_be_compared_it_is_unknown(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)


def test_the_worst_organisation_is_the_one_with_the_largest_share() -> None:
    words = (f"{OPEN} w1+@100-104 v0.1+@604", f"{OPEN} w1+@100-104 v0.1+@1104", "p0@-600..")
    observed = [observe(history(text, organisation=number)) for number, text in enumerate(words)]
    whole = reduce(merge, observed)
    assert worst_organisation(whole) == (1, 0.1)
    assert share(whole.stale_ns, whole.open_ns) == 0.05
    assert whole.by_organisation == {0: (ns(500), ns(10_000)), 1: (ns(1_000), ns(10_000)), 2: (0, ns(10_000))}
    assert worst_organisation(Staleness(by_organisation={3: (0, 0), 4: (1, 2), 7: (2, 4)})) == (4, 0.5)
    assert worst_organisation(Staleness()) is None
    assert share(0, 0) is None


def test_a_stretch_is_followed_from_part_to_part() -> None:
    first = observe(history(f"{OPEN} w1+@100-104", ended_ms=9_000, frame={"is_last": False}))
    middle = observe(
        history("p0@-600.. m1+@104 v0.1-@-400", ended_ms=12_000, frame={"from_ns": ns(9_000), "is_last": False})
    )
    last = observe(history("p0@-600.. m1+@104 v0.1-@-400 v0.1+@40000", frame={"from_ns": ns(12_000), **LONG}))
    whole = observe(history(f"{OPEN} w1+@100-104 v0.1+@40000", frame=LONG))
    assert (first.overlong, first.longest_ns, last.overlong, whole.overlong) == (0, 0, 0, 1)
    assert merge(merge(last, first), middle) == merge(merge(first, middle), last) == whole
    assert_merges([first, middle, last], merge, Staleness())


@given(worlds)
def test_merging_is_associative_and_commutative_and_the_share_is_one(organisations: list[History]) -> None:
    observed = [observe(each) for each in organisations]
    assert_merges(observed, merge, Staleness())
    whole = reduce(merge, observed)
    assert 0 <= whole.stale_ns <= whole.open_ns


@settings(max_examples=50)
@given(grounds)
def test_parts_add_up_to_the_whole(ground: Ground) -> None:
    for whole, (first, second) in zip(world(ground), parts(ground), strict=True):
        assert merge(observe(second), observe(first)) == observe(whole)


@settings(max_examples=50)
@given(worlds)
def test_the_figures_are_those_of_looking_at_each_instant(organisations: list[History]) -> None:
    for each in organisations:
        partial, instants = observe(each), Instants(each)
        stretches = [
            stale
            for dashboard in instants.dashboards
            for machine in instants.machines
            for stale in instants.stretches(dashboard, machine)
        ]
        lengths = [stale.until_ns - stale.from_ns for stale in stretches]
        within_ns = each.frame.fresh_within_ns
        overlong = [stale for stale, ns_ in zip(stretches, lengths, strict=True) if stale.ought and ns_ > within_ns]
        assert partial.longest_ns == max(lengths, default=0)
        assert partial.overlong == len(overlong)
        assert (partial.stale_ns, partial.open_ns) == _naive_times(instants)
        assert partial.was_compared == _naive_compared(instants)
        assert partial.by_organisation == {each.frame.organisation: (partial.stale_ns, partial.open_ns)}


@given(worlds)
def test_it_goes_through_json(organisations: list[History]) -> None:
    whole = reduce(merge, map(observe, organisations))
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Staleness) == whole


def _in_window(instants: Instants) -> list[tuple[int, int]]:
    """The stretches of time in which nothing changes."""
    edges = [time for time in instants.edges if 0 <= time <= instants.frame.window_ns]
    return list(pairwise(edges))


def _naive_times(instants: Instants) -> tuple[int, int]:
    stale_ns = open_ns = 0
    for dashboard in instants.dashboards:
        spans = [(s.from_ns, s.until_ns) for m in instants.machines for s in instants.stretches(dashboard, m)]
        for from_ns, until_ns in _in_window(instants):
            if instants.visit(dashboard, from_ns) is not None:
                open_ns += until_ns - from_ns
                is_stale = any(since <= from_ns < until for since, until in spans)
                stale_ns += (until_ns - from_ns) * is_stale
    return stale_ns, open_ns


def _naive_compared(instants: Instants) -> bool:
    return any(
        instants.visit(dashboard, from_ns) is not None
        and instants.shown(dashboard, machine, from_ns) != StatusCode.UNKNOWN
        and instants.certain(machine, from_ns) is not None
        for dashboard in instants.dashboards
        for machine in instants.machines
        for from_ns, _ in _in_window(instants)
    )


def test_never_is_later_than_any_window() -> None:
    partial = observe(history(f"{OPEN} w1+@100-104", window_ms=1_000))
    assert (partial.open_ns, partial.stale_ns) == (ns(1_000), ns(896))
    assert partial.longest_ns < NEVER_NS // 2
