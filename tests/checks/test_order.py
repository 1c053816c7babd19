import numpy as np
import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.announcements import duplicates
from sim.checks.order import CAUSAL_NS, Order, conclude, merge, observe
from sim.history import UNEXPLAINED, History
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.worlds import worlds
from tests.histories import history

OPEN = "s0@-500.. s1@-500.."
SWAPPED = "s0@-500.. w1+@100-104 w1-@200-204 e0.1-@203 e0.1+@300~100"


def test_deliveries_in_the_order_of_their_writes_hold() -> None:
    words = "w1+@100-104 w1-@2000-2004 w2+@4000-4004 e0.1+@103 e1.1+@105 e0.1-@2003 e1.1-@2003 e0.2+@4003 e1.2+@4003"
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value, finding.count, finding.bound) == (Verdict.HELD, 0.0, 6, 0.0)


def test_what_comes_after_a_later_one_of_its_machine_is_out_of_order() -> None:
    partial = observe(history(f"{SWAPPED} w2+@150-154 e0.2+@250"))
    finding = conclude(partial)
    assert (partial.deliveries, partial.out_of_order) == (3, 1)
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 1.0)
    assert str(finding.witnesses.worst) == (
        "0.300 s, organisation 0, dashboard 0: a change of machine 1 was received after a later one"
    )


def test_each_delivery_counts_once_however_many_it_must_precede() -> None:
    words = "w1+@100-104 w1-@500-504 w2+@900-904 w3+@950-954 e0.2+@1000 e0.3+@1001 e0.1-@1002~500 e0.1+@1003~100"
    assert observe(history(words)).out_of_order == 2


@pytest.mark.parametrize(("sent", "out_of_order"), [("203.999999", 0), ("204", 1), ("5000", 1)])
def test_different_machines_are_in_order_where_one_was_answered_long_before(sent: str, out_of_order: int) -> None:
    assert CAUSAL_NS == 100_000_000
    words = f"w1+@100-104 w2+@{sent}-6000 e0.2+@6000~{sent} e0.1+@6001~100"
    assert observe(history(words)).out_of_order == out_of_order


def test_order_is_kept_dashboard_by_dashboard() -> None:
    # Dashboard 1 gets the first event after dashboard 0 got the second.
    words = f"{OPEN} w1+@100-104 w2+@1000-1004 e0.1+@120 e0.2+@1005 e1.1+@1100~100 e1.2+@1101"
    assert conclude(observe(history(words))).verdict is Verdict.HELD


def test_writes_that_were_under_way_together_have_no_order() -> None:
    assert observe(history("w1+@100-300 w2+@250-254 e0.2+@253 e0.1+@299~100")).out_of_order == 0
    # A PATCH runs beside the agent's heartbeats of the same machine.
    assert observe(history("patch1@100-300~77 w1+@250-254 e0.1+@253 e0.1+@299~77")).out_of_order == 0
    assert observe(history("patch1@100-200~77 w1+@250-254 e0.1+@253 e0.1+@299~77")).out_of_order == 1


def test_a_write_without_an_answer_may_be_carried_out_later() -> None:
    assert observe(history(SWAPPED.replace("100-104", "100-104!0"))).out_of_order == 0


def test_repetitions_are_not_out_of_order() -> None:
    words = "w1+@100-104 w1-@2000-2004 e0.1+@103 e0.1-@2003 e0.1+@2500~100 e0.1+@2600~100"
    partial = observe(history(words))
    assert (partial.deliveries, partial.out_of_order) == (2, 0)


def test_a_probe_has_no_order() -> None:
    assert observe(seen_by_a_probe(history(SWAPPED), 0)) == Order()


@pytest.mark.parametrize("words", ["", "e0.1+@100~ e0.1-@200o7"])
def test_without_an_explained_delivery_it_is_unknown(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)


@given(worlds)
def test_out_of_order_equals_a_plain_loop(organisations: list[History]) -> None:
    for each in organisations:
        partial = observe(each)
        assert (partial.deliveries, partial.out_of_order) == _naive(each)


@given(worlds)
def test_merging_is_associative_and_commutative(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Order())
    assert all(part.out_of_order <= part.deliveries for part in parts)


def _naive(each: History) -> tuple[int, int]:
    """Pair by pair."""
    writes, deliveries = each.writes, each.deliveries
    rows = np.flatnonzero((deliveries.write != UNEXPLAINED) & (deliveries.dashboard >= 0)).tolist()
    rows = [row for row in rows if row not in set(duplicates(each).tolist())]
    out_of_order = 0
    for k, row in enumerate(rows):
        acked_ns = writes.acked_ns[deliveries.write[row]]
        earlier = [at for at in rows[:k] if deliveries.dashboard[at] == deliveries.dashboard[row]]
        sent_ns = {at: writes.sent_ns[deliveries.write[at]] for at in earlier}
        of_machine = [at for at in earlier if deliveries.machine[at] == deliveries.machine[row]]
        overtaken = any(acked_ns <= sent_ns[at] for at in of_machine)
        out_of_order += overtaken or any(acked_ns + CAUSAL_NS <= sent_ns[at] for at in earlier)
    return len(rows), out_of_order
