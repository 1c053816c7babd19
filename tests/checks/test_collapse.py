from functools import reduce

from hypothesis import given

from sim.checks import Verdict
from sim.checks.collapse import Collapse, OrganisationCollapse, conclude, merge, observe, ratio
from sim.history import History
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.worlds import worlds
from tests.histories import history, ns

BURST = "e0.1+@100 e0.2+@300 e0.3+@700"


def test_a_burst_becomes_one_refetch() -> None:
    partial = observe(history(f"{BURST} r0@1200-1210"))
    finding = conclude(partial)
    assert (partial.deliveries, partial.refetches, ratio(partial)) == (3, 1, 3.0)
    assert (finding.verdict, finding.value, finding.unit) == (Verdict.HELD, 3.0, "deliveries per refetch")
    assert (finding.count, finding.bound) == (1, None)
    assert finding.text == "3 deliveries became 1 refetches, 3.00 to 1"


def test_how_much_is_saved_is_judged_by_nobody_here() -> None:
    assert conclude(observe(history(f"{BURST} r0@800-810 r0@801-811 r0@802-812 r0@803-813"))).verdict is Verdict.HELD


def test_first_loads_and_polls_are_not_in_the_ratio() -> None:
    partial = observe(history("load0@10-20 poll0@30-40 e0.1+@100 r0@600-610"))
    assert (partial.refetches, partial.all_refetches, ratio(partial)) == (1, 2, 1.0)


def test_the_warm_up_and_the_sockets_of_probes_are_not_in_it() -> None:
    told = history("e0.1+@-100 r0@-50--40 e0.1-@100 e0.2+@200 r0@700-710")
    assert ratio(observe(told)) == 2.0
    assert ratio(observe(seen_by_a_probe(history("e0.1+@100 e1.2+@200 r0@700-710"), 1))) == 1.0


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
    assert (dict(partial.deliveries_over_time), dict(partial.refetches_over_time)) == (
        {0: 2, 2: 1, 10: 1},
        {1: 2, 2: 1},
    )
    row = partial.by_organisation[4]
    assert (row.dashboards, row.deliveries, row.refetches) == (2, 4, 3)
    assert row.events_per_s == 3 / (2 * 10)  # three within the window, two dashboards, ten seconds


def test_an_organisations_parts_add_up_and_its_dashboards_count_once() -> None:
    first = history("e0.1+@100 r0@600-610", ended_ms=5_000, frame={"is_last": False})
    second = history("e0.1-@6000 e0.2-@6200 r0@6700-6710", frame={"from_ns": ns(5_000)})
    assert merge(observe(first), observe(second)).by_organisation == {
        0: OrganisationCollapse(dashboards=1, deliveries=3, deliveries_in_window=3, refetches=2, window_ns=ns(10_000))
    }


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Collapse())
    merged = reduce(merge, parts)
    assert merged.deliveries == sum(merged.deliveries_over_time.values())
    assert merged.all_refetches == sum(merged.refetches_over_time.values())
    assert merged.deliveries == sum(row.deliveries for row in merged.by_organisation.values())
    assert merged.debounce_ns == ns(500)
