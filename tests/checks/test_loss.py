from functools import reduce

import numpy as np
import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.loss import Loss, conclude, merge, observe
from sim.history import NEVER_NS, History, WriteKind
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.worlds import worlds
from tests.histories import history

OPEN = "s0@-500.. s1@-500.."
WRITES = "w1+@100-104 w1-@2000-2004 w1+@4000-4004"


def test_everything_arrived() -> None:
    words = f"{OPEN} {WRITES} e0.1+@103 e1.1+@105 e0.1-@2003 e1.1-@2003 e0.1+@4003 e1.1+@4003"
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 6)


def test_each_missing_delivery_is_lost_and_the_witnesses_say_which() -> None:
    partial = observe(history(f"{OPEN} {WRITES} e0.1+@103 e1.1+@105 e0.1-@2003 e0.1+@4003"))
    finding = conclude(partial)
    assert (partial.expected, partial.lost, partial.late) == (6, 2, 0)
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 2.0)
    assert str(finding.witnesses.first) == (
        "2.000 s, organisation 0, dashboard 1: the change of machine 1 was not received before the deadline"
    )
    assert finding.witnesses.last is not None
    assert finding.witnesses.last.at_ns == 4_000_000_000


def test_what_comes_after_the_deadline_is_lost_and_late() -> None:
    at_deadline, beyond = (observe(history(f"s0@-500.. w1+@100-104 e0.1+@{at}")) for at in ("5100", "5100.000001"))
    assert (at_deadline.expected, at_deadline.lost, at_deadline.late) == (1, 0, 0)
    assert (beyond.expected, beyond.lost, beyond.late) == (1, 1, 1)


def test_a_delivery_before_the_ack_is_no_fault() -> None:
    assert conclude(observe(history("s0@-500.. w1+@100-900 e0.1+@103"))).verdict is Verdict.HELD


@pytest.mark.parametrize(
    "write",
    ["w1=+@100-104", "w1?+@100-104", "w1+@100-104!500", "w1+@100", "w1+@100-104!0", "w1+@-1-5", "w1+@10000-10004"],
)
def test_only_an_acked_transition_of_the_window_is_expected(write: str) -> None:
    finding = conclude(observe(history(f"s0@-500.. {write}")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.UNKNOWN, None, 0)


@pytest.mark.parametrize(
    "socket",
    [
        "",
        "s0@101..",  # subscribed after the write was sent
        "s0@-500..5099!4000",  # closed before the deadline
        "s0@-500..50 s0@150..",  # blind while the write was sent
        "s0@50!403",
    ],
)
def test_only_a_dashboard_that_was_subscribed_throughout_is_expected_to_receive(socket: str) -> None:
    assert observe(history(f"{socket} w1+@100-104", dashboards=1)).expected == 0


def test_a_dashboard_that_was_subscribed_when_the_write_was_sent_is_expected_to_receive() -> None:
    assert observe(history("s0@100.. w1+@100-104")).lost == 1


def test_a_socket_that_closed_after_the_event_arrived_had_to_receive_it() -> None:
    partial = observe(history("s0@-500..200!4000 w1+@100-104 e0.1+@103"))
    assert (partial.expected, partial.lost) == (1, 0)


def test_after_a_reconnect_a_dashboard_is_expected_to_receive_again() -> None:
    words = "s0@-500..50!4000 s0@60.. w1+@100-104 s1@-500..50!4000 s1@60.. e1.1+@103"
    partial = observe(history(words))
    assert (partial.expected, partial.lost) == (2, 1)


def test_when_the_run_ends_before_the_deadline_nothing_is_expected() -> None:
    words = "s0@-500.. w1+@9000-9004"
    assert observe(history(words, ended_ms=13_999)).expected == 0
    assert observe(history(words, ended_ms=14_000)).lost == 1
    received = observe(history(f"{words} e0.1+@9003", ended_ms=10_000))
    assert (received.expected, received.lost) == (1, 0)


def test_what_else_goes_wrong_is_no_loss() -> None:
    words = f"{OPEN} w1+@100-104 w1-@2000-2004 e0.1-@2003 e0.1+@2500~100 e0.1+@2600~100 e1.1+@103 e1.1-@2003"
    assert (observe(history(words)).expected, observe(history(words)).lost) == (4, 0)


def test_what_a_probe_received_is_not_received_by_a_dashboard() -> None:
    told = history("s0@-500.. w1+@100-104 e1.1+@103", dashboards=1)
    assert observe(seen_by_a_probe(told, 1)).lost == 1


def test_a_patch_that_anybody_was_told_of_is_expected_everywhere() -> None:
    words = f"{OPEN} s2@200.. patch1@100-104~77 e0.1+@103~77"
    partial = observe(history(words))
    assert (partial.expected, partial.lost) == (2, 1)  # dashboard 2 was subscribed later
    witness = conclude(partial).witnesses.worst
    assert witness is not None
    assert (witness.at_ns, witness.dashboard) == (100_000_000, 1)
    assert observe(history(f"{words} e1.1+@105~77")).lost == 0


@pytest.mark.parametrize(
    "words",
    [
        "patch1@100-104~77",  # announced to nobody: not lost on the way
        "patch1@100-104!500~77 e0.1+@103~77",
        "patch1@100~77 e0.1+@103~77",
    ],
)
def test_other_patches_are_not_expected(words: str) -> None:
    assert observe(history(f"{OPEN} {words}")).expected == 0


def test_where_patches_are_not_announced_none_is_expected() -> None:
    words = f"{OPEN} patch1@100-104~77 e0.1+@103~77"
    assert observe(history(words, frame={"patch_announces": False})).expected == 0


def test_flapping_faster_than_the_delay_is_no_fault() -> None:
    writes = [f"w1{'+-'[k % 2]}@{100 + 60 * k}-{104 + 60 * k}" for k in range(20)]
    events = [f"e0.1{'+-'[k % 2]}@{1500 + 60 * k}~{101 + 60 * k}" for k in range(20)]
    finding = conclude(observe(history(" ".join(["s0@-500..", "w2+@50-53 e0.2+@52", *writes, *events]))))
    assert (finding.verdict, finding.count) == (Verdict.HELD, 21)


@pytest.mark.parametrize("clock_ms", [0, 1_700_000_000_000 + 3_600_000, -3_600_000])
def test_a_targets_wrong_clock_is_no_fault(clock_ms: int) -> None:
    words = f"s0@-500.. {WRITES} e0.1+@103 e0.1-@2003 e0.1+@4003"
    assert conclude(observe(history(words, clock_ms=clock_ms))).verdict is Verdict.HELD


def test_a_clock_of_whole_seconds_is_no_fault() -> None:
    words = f"s0@-500.. {WRITES} w1=+@4500-4504 e0.1+@103~0 e0.1-@2003~2000 e0.1+@4003~4000"
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.count) == (Verdict.HELD, 3)


def test_the_cleanup_jobs_events_and_those_of_others_are_no_fault() -> None:
    words = "s0@-500.. w1+@100-104 e0.1+@103 e0.1-@5000~ e0.1-@9000~ e0.1+@200o7 e0.1+@201o7 e0.9+@300o? e0.9+@301o?"
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.count) == (Verdict.HELD, 1)


def test_without_data_it_is_unknown() -> None:
    assert conclude(observe(history())).verdict is Verdict.UNKNOWN
    assert conclude(Loss()).verdict is Verdict.UNKNOWN


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Loss())
    merged = reduce(merge, parts)
    for name in ("expected", "lost", "late"):
        assert getattr(merged, name) == sum(getattr(part, name) for part in parts)


@given(worlds)
def test_expected_and_lost_equal_a_plain_loop(organisations: list[History]) -> None:
    for each in organisations:
        partial = observe(each)
        assert (partial.expected, partial.lost) == _naive(each)


def _naive(each: History) -> tuple[int, int]:
    """Pair by pair."""
    expected = lost = 0
    sockets = [
        *zip(*(getattr(each.sessions, n).tolist() for n in ("dashboard", "subscribed_ns", "closed_ns")), strict=True)
    ]
    is_patch = each.writes.kind == WriteKind.PATCH
    announced = is_patch & np.isin(np.arange(len(each.writes)), each.deliveries.write[each.deliveries.dashboard >= 0])
    judged = each.writes.acked() & (each.writes.transitions() | announced)
    for write in np.flatnonzero(judged).tolist():
        sent_ns, due_ns = int(each.writes.sent_ns[write]), int(each.writes.due_ns[write])
        if not 0 <= due_ns < each.frame.window_ns:
            continue
        deadline_ns = sent_ns + each.frame.loss_deadline_ns
        for dashboard in range(each.frame.dashboards):
            mine = (each.deliveries.dashboard == dashboard) & (each.deliveries.write == write)
            arrived_ns = min(each.deliveries.arrived_ns[mine].tolist(), default=NEVER_NS)
            needed_ns = min(arrived_ns, deadline_ns)
            if needed_ns <= each.frame.ended_ns and any(
                d == dashboard and subscribed <= sent_ns and needed_ns <= closed for d, subscribed, closed in sockets
            ):
                expected += 1
                lost += arrived_ns > deadline_ns
    return expected, lost
