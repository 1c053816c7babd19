from functools import reduce

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from sim.checks import Verdict
from sim.checks.convergence import Convergence, conclude, merge, observe
from sim.contract import StatusCode
from sim.history import NEVER_NS, History, Outcome
from tests.checks.instants import Fetch, Instants
from tests.checks.laws import assert_merges
from tests.checks.worlds import Ground, grounds, parts, world, worlds
from tests.histories import history, ns

OPEN = "p0@-600.. s0@-500.. m1-@-900 v0.1-@-400 load0@-450--400"


def _counts(words: str, **frame: int | bool) -> tuple[int, int, int, int]:
    """Judged answers, contradicted, diverged, unseen."""
    partial = observe(history(words, frame=frame))
    return partial.judged_answers, partial.contradicted, partial.diverged, partial.unseen


def test_what_is_shown_in_time_has_converged() -> None:
    partial = observe(history(f"{OPEN} w1+@100-104 e0.1+@103 r0@603-610 v0.1+@610"))
    finding = conclude(partial)
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 2)
    assert (partial.judged_answers, partial.judged_dashboards, partial.unseen) == (2, 1, 0)
    assert finding.text == (
        "none of 2 answers contradicted the writes, and the 1 dashboards that could be judged at the end showed them"
    )


def test_an_answer_that_shows_the_old_status_contradicts_the_write() -> None:
    finding = conclude(observe(history(f"{OPEN} w1+@100-104 e0.1+@103 r0@603-610 r0@900-910 v0.1+@910")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 3)
    assert str(finding.witnesses.worst) == (
        "0.610 s, organisation 0, dashboard 0: an answer asked for at 0.603 s showed machine 1 offline, which was"
        " online since 0.103 s"
    )


@pytest.mark.parametrize(
    ("refetch", "expected"),
    [
        ("r0@99-103", (1, 0)),  # was being written
        ("r0@103-110", (1, 0)),  # asked for before it was certain
        ("r0@104-110", (2, 1)),
        ("r0@104x110", (1, 0)),
        ("r0@104!110", (1, 0)),
        ("r0@104", (1, 0)),
        ("r0@50-110*2@104", (2, 1)),  # what counts is the last attempt
        ("r0@50-110*2@103", (1, 0)),
        ("r0@50-90", (2, 0)),
        ("r0@104-300", (1, 0)),  # the next write was under way when it was shown
        ("r0@104-299", (2, 1)),
    ],
)
def test_only_what_was_certain_all_the_time_can_be_contradicted(refetch: str, expected: tuple[int, int]) -> None:
    assert _counts(f"{OPEN} w1+@100-104 w1-@300-304 {refetch}")[:2] == expected


def test_an_answer_is_counted_once_for_all_machines_it_has_wrong() -> None:
    words = f"{OPEN} m2-@-900 m3-@-900 v0.2-@-400 v0.3-@-400 w1+@100-104 w2+@100-104 r0@603-610 v0.3x@610"
    partial = observe(history(words))
    assert (partial.judged_answers, partial.contradicted) == (2, 1)
    assert partial.witnesses.worst is not None
    assert partial.witnesses.worst.size == 3.0
    assert partial.witnesses.worst.text.endswith("and 2 others wrongly")


@pytest.mark.parametrize(("shown", "contradicted"), [("x", 1), ("?", 0), ("+", 1), ("-", 0)])
def test_a_missing_machine_contradicts_and_one_that_may_be_left_out_does_not(shown: str, contradicted: int) -> None:
    assert _counts(f"{OPEN} r0@603-610 v0.1{shown}@610")[1] == contradicted


def test_a_change_that_is_announced_before_it_is_written_is_caught() -> None:
    # The event arrives at 102, the refetch without a debounce does not see it, and the answer to the write is late.
    assert _counts(f"{OPEN} w1+@100-900 e0.1+@102 r0@102-110 r0@950-960 v0.1+@960")[1] == 1


def test_an_answer_that_overtakes_another_is_judged_by_itself() -> None:
    # The health page: both run side by side; the one sent at 50 is shown last and may be old.
    words = f"{OPEN} w1+@100-104 e0.1+@103 r0@105-300 v0.1+@300 r0@50-400 v0.1-@400"
    assert _counts(words)[:2] == (2, 0)
    assert _counts(words.replace("r0@50-", "r0@104-"))[:2] == (3, 1)


def test_of_answers_of_one_instant_the_oldest_is_judged() -> None:
    words = f"{OPEN} w1+@100-104 r0@105-300 r0@50-300 v0.1+@300 v0.1-@300 r0@350-360 v0.1+@360"
    assert _counts(words)[:2] == (2, 0)


# At the end.


def test_a_dashboard_that_was_told_and_shows_the_old_status_for_good_has_diverged() -> None:
    finding = conclude(observe(history(f"{OPEN} w1+@100-104")))
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 1.0)
    assert "at the end 1 machines were shown otherwise than they were, on 1 dashboards" in finding.text
    assert str(finding.witnesses.last) == (
        "0.104 s, organisation 0, dashboard 0: from here to the end it showed machine 1 otherwise than it was"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("w1+@100-104 s0@-500..5104", (1, 0)),
        ("w1+@100-104 s0@-500..5103", (0, 1)),  # its event might have come later
        ("w1+@100-104 s0@-500..50 s0@101..", (0, 1)),
        ("w1+@100-104", (0, 1)),
        ("w1+@100-104 s0@101.. r0@6000-6010", (1, 0)),  # the answer is wrong, whoever was told
        ("w1+@14990-15000 s0@-500..", (1, 0)),
        ("w1+@14991-15001 s0@-500..", (0, 0)),  # less than the deadline before the end
        ("w1+@100-104!500 s0@-500..", (0, 0)),
    ],
)
def test_who_has_diverged_and_who_cannot_have_seen(words: str, expected: tuple[int, int]) -> None:
    page = "p0@-600.. m1-@-900 v0.1-@-400 load0@-450--400"
    assert _counts(f"{page} {words}")[2:] == expected


def test_what_was_missed_while_blind_is_told_and_no_fault() -> None:
    finding = conclude(observe(history("p0@-600.. m1-@-900 v0.1-@-400 load0@-450--400 w1+@100-104")))
    assert finding.verdict is Verdict.HELD
    assert finding.text.endswith("; 1 old statuses were shown at the end whose changes came while blind")


@pytest.mark.parametrize(
    ("words", "judged"),
    [
        ("", 1),
        ("r0@19000", 0),  # a refetch is under way
        ("r0@19000-19010", 1),
        ("r0@19000!19010", 1),
        ("e0.1+@19000", 0),  # the debounce is under way
        ("e0.1+@19000 r0@19500-19510", 1),
        ("e0.2+@-420", 1),  # while the first load was under way, which it does not restart
        ("e0.1+@19000 r0@18900-19010", 0),
        ("e0.1+@19000 r0@18900-19010*2@19000", 1),
    ],
)
def test_only_calm_dashboards_are_judged_at_the_end(words: str, judged: int) -> None:
    partial = observe(history(f"{OPEN} w1+@100-104 {words}"))
    assert (partial.judged_dashboards, partial.diverged) == (judged, judged)


@pytest.mark.parametrize(("page", "judged"), [("p0@-600..", 1), ("p0@-600..20000", 1), ("p0@-600..19999", 0), ("", 0)])
def test_only_open_dashboards_are_judged_at_the_end(page: str, judged: int) -> None:
    partial = observe(history(f"{page} s0@-500.. m1-@-900 v0.1-@-400 w1+@100-104"))
    assert (partial.judged_dashboards, partial.diverged) == (judged, judged)


def test_a_dashboard_with_nothing_to_compare_is_not_judged() -> None:
    assert observe(history("p0@-600.. s0@-500.. m1?@-900 v0.1-@-400")).judged_dashboards == 0
    assert observe(history("p0@-600.. s0@-500.. m1-@-900")).judged_dashboards == 0


# Counts.


def test_answers_whose_counts_do_not_fit_their_rows_fail() -> None:
    finding = conclude(observe(history(f"{OPEN} a0@100:5 a0@200:5%2 a0@300:5%1")))
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 2.0)
    assert str(finding.witnesses.worst) == (
        "0.200 s, organisation 0, dashboard 0: the counts of an answer were 2 off from its rows"
    )


# Nothing to judge, parts, merging.


@pytest.mark.parametrize(
    "words", ["", "p0@-600.. s0@-500..", "p0@-600.. m1-@-900 v0.1-@-400", f"{OPEN} w1+@-450".replace("m1-", "m1?")]
)
def test_where_no_answer_can_be_judged_it_is_unknown(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)


def test_a_difference_is_followed_from_part_to_part() -> None:
    first = observe(history(f"{OPEN} w1+@100-104", ended_ms=9_000, frame={"is_last": False}))
    middle = observe(
        history("p0@-600.. m1+@104 v0.1-@-400", ended_ms=12_000, frame={"from_ns": ns(9_000), "is_last": False})
    )
    last = observe(history("p0@-600.. m1+@104 v0.1-@-400", frame={"from_ns": ns(12_000)}))
    whole = observe(history(f"{OPEN} w1+@100-104"))
    assert (first.diverged, middle.diverged, last.diverged, last.unseen, whole.diverged) == (0, 0, 0, 0, 1)
    assert merge(merge(last, first), middle) == merge(merge(first, middle), last) == whole
    assert_merges([first, middle, last], merge, Convergence())


def test_one_that_ended_in_a_later_part_is_forgotten() -> None:
    first = observe(history(f"{OPEN} w1+@100-104", ended_ms=9_000, frame={"is_last": False}))
    last = observe(history("p0@-600.. m1+@104 v0.1-@-400 v0.1+@9500", frame={"from_ns": ns(9_000)}))
    merged = merge(first, last)
    assert (merged.diverged, merged.unseen, merged.loose) == (0, 0, ())


@given(worlds)
def test_merging_is_associative_and_commutative(organisations: list[History]) -> None:
    assert_merges([observe(each) for each in organisations], merge, Convergence())


@settings(max_examples=50)
@given(grounds)
def test_parts_add_up_to_the_whole(ground: Ground) -> None:
    for whole, (first, second) in zip(world(ground), parts(ground), strict=True):
        assert merge(observe(second), observe(first)) == observe(whole)


@settings(max_examples=50)
@given(worlds)
def test_the_counts_are_those_of_looking_at_each_answer(organisations: list[History]) -> None:
    for each in organisations:
        partial, expected = observe(each), _naive(each)
        names = ("judged_answers", "judged_dashboards", "contradicted", "diverged", "unseen")
        assert tuple(getattr(partial, name) for name in names) == expected
        assert partial.miscounted == int(np.count_nonzero(each.answers.miscount))
        assert (conclude(partial).verdict is Verdict.FAILED) == (expected[2] + expected[3] + partial.miscounted > 0)


@given(worlds)
def test_it_goes_through_json(organisations: list[History]) -> None:
    whole = reduce(merge, map(observe, organisations))
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Convergence) == whole


def _naive(each: History) -> tuple[int, ...]:
    """Judged answers and dashboards, contradicted, diverged, unseen."""
    instants, counts = Instants(each), np.zeros(5, np.int64)
    for dashboard in instants.dashboards:
        for answer in instants.answers(dashboard):
            judged, contradicted = _judgement(instants, dashboard, answer)
            counts += (judged, 0, contradicted, 0, 0)
        counts[1:] += _at_end(instants, dashboard)
    return tuple(counts.tolist())


def _judgement(instants: Instants, dashboard: int, answer: Fetch) -> tuple[bool, bool]:
    judged = contradicted = False
    for machine in instants.machines:
        shown = instants.shown(dashboard, machine, answer.ended_ns)
        certain = instants.certain(machine, answer.asked_ns, answer.ended_ns)
        if certain is not None and shown != StatusCode.UNKNOWN:
            judged = True
            contradicted |= shown != certain.status
    return judged, contradicted


def _at_end(instants: Instants, dashboard: int) -> tuple[int, int, int, int]:
    """Judged dashboards, nothing, diverged, unseen."""
    ended_ns, each = instants.frame.ended_ns, instants.history
    fetches, answers = instants.fetches(dashboard), instants.answers(dashboard)
    first_answer_ns = min((answer.ended_ns for answer in answers), default=NEVER_NS)
    refetched_ns = max([-NEVER_NS, *(fetch.asked_ns for fetch in fetches)])
    arrived = each.deliveries.arrived_ns[each.deliveries.dashboard == dashboard].tolist()
    pending = any(at_ns > refetched_ns and at_ns > first_answer_ns for at_ns in arrived)
    is_open = any(from_ns <= ended_ns <= until_ns for from_ns, until_ns in instants.visits(dashboard))
    if not is_open or pending or any(fetch.outcome == Outcome.OPEN for fetch in fetches):
        return 0, 0, 0, 0
    compared = diverged = unseen = 0
    for machine in instants.machines:
        certain, shown = instants.certain(machine, ended_ns), instants.shown(dashboard, machine, ended_ns)
        old = certain is not None and certain.from_ns + instants.frame.loss_deadline_ns <= ended_ns
        if certain is None or not old or shown == StatusCode.UNKNOWN:
            continue
        compared = 1
        if shown != certain.status:
            ought = instants.stretches(dashboard, machine)[-1].ought
            diverged, unseen = diverged + ought, unseen + (not ought)
    return compared, 0, diverged, unseen
