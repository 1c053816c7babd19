import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.announcements import Announcements, conclude, merge, observe
from sim.history import History
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.worlds import worlds
from tests.histories import history

CLEAN = "s0@-500.. s1@-500.. w1+@100-104 e0.1+@103 e1.1+@103"
PATCH = f"{CLEAN} patch1@3000-3004~77"


def test_each_change_announced_once_holds() -> None:
    finding = conclude(observe(history(CLEAN)))
    assert (finding.verdict, finding.value, finding.count, finding.bound) == (Verdict.HELD, 0.0, 2, 0.0)
    assert finding.text == "all 2 deliveries announced something new"


def test_an_event_for_a_heartbeat_that_changed_nothing_counts_at_each_dashboard() -> None:
    partial = observe(history(f"{CLEAN} w1=+@2000-2004 e0.1+@2003 e1.1+@2003"))
    finding = conclude(partial)
    assert (partial.echoes, partial.duplicates, partial.unannounced) == (2, 0, 0)
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 2.0, 4)
    assert str(finding.witnesses.first) == (
        "2.003 s, organisation 0, dashboard 0: an event for a heartbeat of machine 1 without a change"
    )


@pytest.mark.parametrize(
    "words",
    [
        f"{CLEAN} w1=+@2000-2004",  # not announced
        f"{CLEAN} w1?+@2000-2004 e0.1+@2003",  # it may have changed something
        "w2+@50-52 e0.2+@51 w1+@100-104 w1=+@150-154 e0.1+@160~101",  # the transition's, after the next heartbeat
        f"{CLEAN} e0.1-@2000~",  # the cleanup job's
        "w2+@50-52 w2=+@700-704 e0.2+@800~0",  # a clock that counts whole seconds cannot say which: the change
        "w2+@50-52 w2=+@700-704 e0.2+@800~",  # nor can an event without `last_seen`
    ],
)
def test_other_events_announce_a_change(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value) == (Verdict.HELD, 0.0)


def test_repetitions_are_counted_per_dashboard() -> None:
    partial = observe(history(f"{CLEAN} e0.1+@2500~100 e0.1+@2600~100"))
    finding = conclude(partial)
    assert (partial.echoes, partial.duplicates) == (0, 2)
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 2.0)
    assert str(finding.witnesses.first) == (
        "2.500 s, organisation 0, dashboard 0: a change of machine 1 was received twice"
    )


def test_an_echo_that_comes_twice_is_an_echo_and_a_repetition() -> None:
    partial = observe(history(f"{CLEAN} w1=+@2000-2004 e0.1+@2003 e0.1+@2010"))
    assert (partial.echoes, partial.duplicates) == (1, 1)


def test_an_event_of_our_machine_that_no_write_explains_is_a_repetition_only_if_it_repeats() -> None:
    once = f"{CLEAN} e0.2-@3000~3000 e0.1-@5000~ e0.1-@9000~"
    assert conclude(observe(history(once))).verdict is Verdict.HELD
    assert observe(history(f"{once} e0.2-@3100~3000")).duplicates == 1


def test_events_of_others_are_the_matter_of_leakage() -> None:
    words = f"{CLEAN} e0.1+@200o7 e0.1+@201o7 e0.9+@300o? e0.9+@301o?"
    assert observe(history(words)) == observe(history(CLEAN))


def test_what_a_probe_received_is_nothing() -> None:
    words = "e2.1+@103 e2.1+@104~100 w1=+@2000-2004 e2.1+@2003"
    assert observe(seen_by_a_probe(history(f"{CLEAN} {words}", dashboards=2), 2)) == observe(history(CLEAN))


def test_a_patch_that_is_announced_to_nobody_is_named() -> None:
    partial = observe(history(PATCH))
    finding = conclude(partial)
    assert (partial.patches, partial.unannounced) == (1, 1)
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 3)
    assert str(finding.witnesses.worst) == (
        "3.000 s, organisation 0: a PATCH of machine 1 was answered with success and announced to nobody"
    )


def test_a_patch_that_one_dashboard_was_told_of_is_announced() -> None:
    partial = observe(history(f"{PATCH} e1.1+@3003~77"))
    finding = conclude(partial)
    assert (partial.patches, partial.unannounced, finding.verdict) == (1, 0, Verdict.HELD)
    assert finding.text.endswith(", and all 1 PATCHes were announced")
    # Even if it was not one of those that were expecting it.
    late = observe(history(f"{PATCH} s2@3002.. e2.1+@3003~77"))
    assert (late.patches, late.unannounced) == (1, 0)


@pytest.mark.parametrize(
    "words", ["patch1@3000-3004!500~77", "patch1@3000~77", "patch1@-200--190~77", "patch1@9999-10001~77"]
)
def test_a_patch_that_nobody_was_expecting_is_not_judged(words: str) -> None:
    assert observe(history(f"{CLEAN} {words}", ended_ms=10_002)).patches == 0


def test_where_patches_are_not_announced_none_is_missed() -> None:
    assert observe(history(PATCH, frame={"patch_announces": False})).patches == 0


def test_a_patch_alone_can_be_judged() -> None:
    finding = conclude(observe(history("s0@-500.. patch1@3000-3004~77")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 1)


def test_without_data_it_is_unknown() -> None:
    finding = conclude(observe(history("s0@-500.. w1+@100-104")))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)
    assert conclude(Announcements()).verdict is Verdict.UNKNOWN


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Announcements())
    for part in parts:
        assert part.echoes + part.duplicates <= part.deliveries
        assert part.unannounced <= part.patches
