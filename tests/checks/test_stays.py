"""A stay that begins anywhere in the window is judged like a run of its own, and stays of one organisation add up."""

from functools import reduce
from typing import TypeVar

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from sim.checks import Partials, encode_partials, judge, merge
from sim.checks.collapse import OrganisationCollapse
from sim.checks.leakage import opportunities_over_time
from sim.checks.over_time import Counts
from sim.checks.partials import CHECKS
from sim.history import NEVER_NS, History
from sim.history.columns import Table, column_names
from tests.checks.worlds import BUCKET_NS, Ground, grounds, partials, parts, world
from tests.histories import history, ns

LATER_NS = 40 * BUCKET_NS
FAR_NS = NEVER_NS // 2
_T = TypeVar("_T", bound=Table)


def later(one: History, by_ns: int = LATER_NS) -> History:
    """The same facts in a stay that begins so long after the beginning of a longer window."""
    frame = one.frame
    moved = msgspec.structs.replace(
        frame,
        window_ns=5 * LATER_NS,
        ended_ns=frame.ended_ns + by_ns,
        from_ns=frame.from_ns + by_ns * (frame.from_ns > -FAR_NS),
        stay_from_ns=by_ns,
        stay_until_ns=by_ns + frame.window_ns,
    )
    return History(
        frame=moved,
        writes=_moved(one.writes, by_ns),
        deliveries=_moved(one.deliveries, by_ns),
        fetches=_moved(one.fetches, by_ns),
        answers=_moved(one.answers, by_ns),
        sessions=_moved(one.sessions, by_ns),
        mounts=_moved(one.mounts, by_ns),
        breaches=_moved(one.breaches, by_ns),
        states=_moved(one.states, by_ns),
        machines=_moved(one.machines, by_ns),
        probes=_moved(one.probes, by_ns),
    )


def _moved(table: _T, by_ns: int) -> _T:
    rows = table.rows()
    for column, name in enumerate(column_names(type(table))):
        if name.endswith("_ns"):
            rows[:, column] += by_ns * (np.abs(rows[:, column]) < FAR_NS)
    return type(table).from_rows(rows)


def _counts(of: Counts, by: int = 0) -> dict[int, int]:
    return {bucket - by: count for bucket, count in of.items() if bucket >= by}


@settings(max_examples=60)
@given(grounds)
def test_a_later_stay_is_judged_like_a_run_of_its_own(ground: Ground) -> None:
    for one in world(ground):
        run, stay = partials(one), partials(later(one))
        for before, after in zip(judge(run), judge(stay), strict=True):
            if before.name != "leakage":  # what its warm-up announces may leak to others that are there already
                assert (after.name, after.verdict, after.value, after.count, after.text) == (
                    before.name, before.verdict, before.value, before.count, before.text,
                )  # fmt: skip
        assert stay.latency.histograms == run.latency.histograms
        assert stay.collapse.by_organisation == run.collapse.by_organisation
        assert stay.staleness.by_organisation == run.staleness.by_organisation
        assert stay.load.sizes == run.load.sizes
        for name in ("writes", "writes_failed", "transitions", "unexplained_deliveries"):
            assert getattr(stay.load, name) == getattr(run.load, name)
        for name in ("open_ns", "subscribed_ns", "opened", "seeing", "sockets"):
            assert getattr(stay.blind, name) == getattr(run.blind, name)
        buckets = LATER_NS // BUCKET_NS
        assert _counts(stay.load.writes_over_time, buckets) == _counts(run.load.writes_over_time)
        assert _counts(stay.collapse.deliveries_over_time, buckets) == _counts(run.collapse.deliveries_over_time)


@settings(max_examples=30)
@given(grounds)
def test_what_it_offers_others_to_see_counts_from_its_warm_up_on(ground: Ground) -> None:
    runs, stays = ([partials(each) for each in histories] for histories in _both(ground))
    run, stay = reduce(merge, runs).leakage, reduce(merge, stays).leakage
    for name in ("leaks", "leaked_events", "leaked_rows", "leaked_counts", "leaked_requests"):
        assert getattr(stay, name) == getattr(run, name)
    finer = LATER_NS // (BUCKET_NS // 10)
    assert _counts(opportunities_over_time(stay), finer) == _counts(opportunities_over_time(run))


def _both(ground: Ground) -> tuple[list[History], list[History]]:
    whole = world(ground)
    return whole, [later(each) for each in whole]


@settings(max_examples=30)
@given(grounds)
def test_the_parts_of_a_later_stay_add_up_to_the_whole(ground: Ground) -> None:
    for whole, (first, second) in zip(world(ground), parts(ground), strict=True):
        together, expected = merge(partials(later(first)), partials(later(second))), partials(later(whole))
        for check in CHECKS:
            assert getattr(together, check.name) == getattr(expected, check.name), check.name
        assert together == expected


@settings(max_examples=30)
@given(grounds)
def test_two_stays_of_one_organisation_add_up_and_it_counts_once(ground: Ground) -> None:
    for one in world(ground):
        run, stay = partials(later(one, 0)), partials(later(one))
        both = merge(run, stay)
        assert both == merge(stay, run)
        assert both.load.sizes == run.load.sizes
        assert both.load.writes == 2 * run.load.writes
        assert both.blind.opened == run.blind.opened
        assert both.blind.open_ns == 2 * run.blind.open_ns
        (row,), (alone,) = both.collapse.by_organisation.values(), run.collapse.by_organisation.values()
        assert (row.dashboards, row.window_ns) == (alone.dashboards, 2 * alone.window_ns)
        assert row.events_per_s == alone.events_per_s
        assert both.staleness.by_organisation == {
            number: (2 * stale_ns, 2 * open_ns) for number, (stale_ns, open_ns) in run.staleness.by_organisation.items()
        }


STAY = {"stay_from_ns": ns(3_000), "stay_until_ns": ns(6_000)}


@pytest.mark.parametrize(
    ("due_ms", "writes"), [(2_999, 0), (3_000, 1), (5_999, 1), (6_000, 0)], ids=["before", "first", "last", "after"]
)
def test_only_what_is_due_in_the_stay_is_measured(due_ms: int, writes: int) -> None:
    words = f"p0@2000.. s0@2000.. w1+@{due_ms}-{due_ms + 4} e0.1+@{due_ms + 3} r0@{due_ms + 503}-{due_ms + 510}"
    found = partials(history(words, frame=STAY))
    assert (found.load.writes, found.loss.expected) == (writes, writes)
    assert found.latency.histograms["event_to_refetch"].count == writes
    assert found.collapse.by_organisation[0].window_ns == ns(3_000)


def test_a_stay_that_breaks_off_is_measured_until_then() -> None:
    words = "p0@2000.. s0@2000.."
    found = partials(history(words, ended_ms=4_000, frame=STAY))
    assert (found.blind.open_ns, found.blind.subscribed_ns) == (ns(1_000), ns(1_000))
    assert found.staleness.by_organisation == {0: (0, ns(1_000))}
    assert found.collapse.by_organisation[0].window_ns == ns(1_000)


def test_a_stay_that_is_over_before_it_was_ready_has_no_rate() -> None:
    found = partials(history("e0.1+@6100", frame={"stay_from_ns": ns(7_000), "stay_until_ns": ns(6_000)}))
    row = found.collapse.by_organisation[0]
    assert (row.window_ns, row.events_per_s) == (0, 0.0)


def test_the_part_of_a_stay_that_was_lost_leaves_no_trace_in_the_next_one() -> None:
    # The page still showed machine 1 online when its worker was lost: nothing of it is looked for later.
    lost = "p0@-600.. s0@-500.. m1-@-900 load0@-500--400 v0.1-@-400 w1+@100-104 e0.1+@103 r0@603-610 v0.1+@610"
    first = partials(history(lost, machines=2, ended_ms=1_000, frame={"is_last": False}))
    again = "p0@3000.. s0@3000.. m1-@2900 load0@3000-3005 v0.1-@3005 w1+@4000-4004 e0.1+@4003 r0@4503-4510 v0.1+@4510"
    second = partials(history(again, machines=2, frame={"stay_from_ns": ns(3_500)}))
    both = merge(first, second)
    assert {finding.name for finding in judge(both) if finding.verdict == "FAILED"} == set()
    assert both.load.sizes == {0: (2, 1)}
    assert both.collapse.by_organisation == {
        0: OrganisationCollapse(
            dashboards=1, deliveries=2, deliveries_in_window=2, refetches=2, window_ns=ns(1_000 + 6_500)
        )
    }


def test_partial_results_of_stays_are_sent_like_all_others() -> None:
    both = merge(partials(history("w1+@100-104")), partials(later(history("w1+@100-104"))))
    assert msgspec.json.decode(encode_partials(both), type=dict)["load"]["sizes"] == {"0": [10, 0]}
    assert isinstance(both, Partials)
