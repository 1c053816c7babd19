from functools import reduce

from hypothesis import given

from sim.checks.load import LoadCounts, merge, observe
from sim.history import History
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.worlds import worlds
from tests.histories import history, ns

WRITES = "w1+@-200--190 w1=+@100-104 w2+@1200-1204 w2-@2000-2004!500 w3-@9999:10500-10504"


def test_the_load_is_counted() -> None:
    load = observe(history(f"{WRITES} patch1@300-304~77 e0.3+@50~ e0.9+@60o? e0.1-@-90~"))
    assert (load.organisations, load.machines, load.dashboards) == (1, 10, 1)
    assert (load.writes, load.writes_failed, load.transitions, load.unexplained_deliveries) == (4, 1, 2, 1)
    assert load.writes_over_time == {0: 1, 1: 1, 2: 1, 10: 1}


def test_what_a_probe_received_is_no_delivery() -> None:
    assert observe(seen_by_a_probe(history("e0.3+@50~"), 0)).unexplained_deliveries == 0


def test_an_organisation_counts_once_however_many_parts_and_stays_it_has() -> None:
    part = observe(history("w1+@100-104 s0@-500..", frame={"is_last": False}))
    stay = observe(history("w1+@5000-5004 s0@4900..", frame={"stay_from_ns": ns(5_000)}))
    other = observe(history("", organisation=7, machines=3))
    load = merge(merge(part, other), stay)
    assert (load.organisations, load.machines, load.dashboards, load.writes) == (2, 13, 1, 2)


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, LoadCounts())
    merged = reduce(merge, parts)
    assert merged.organisations == len(parts)
    assert merged.writes == sum(merged.writes_over_time.values())
