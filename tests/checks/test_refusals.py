from functools import reduce

import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.refusals import CONTROLS, MUST_BE_REFUSED, Outcomes, Refusals, conclude, merge, observe, outcomes
from sim.history import History
from sim.schedule import ProbeKind
from tests.checks.laws import assert_merges
from tests.checks.worlds import worlds
from tests.histories import history

GRANTED = " ".join(f"q{int(kind)}@100-104g:200" for kind in CONTROLS)
REFUSED = " ".join(f"q{int(kind)}@200-204r:403o7" for kind in MUST_BE_REFUSED)


def test_what_is_refused_while_controls_are_granted_holds_with_the_numbers() -> None:
    finding = conclude(observe(history(f"{GRANTED} {REFUSED} q1@300-304r:403o2")))
    assert (finding.verdict, finding.value, finding.count, finding.bound) == (Verdict.HELD, 0.0, 10, 0.0)
    assert "2 x FOREIGN_RPC, 1 x FOREIGN_ROWS" in finding.text
    assert finding.text.endswith("all 4 that must be granted were granted")


def test_kinds_that_were_not_tried_are_told() -> None:
    finding = conclude(observe(history("q0@100-104g:200 q1@200-204r:403o7")))
    assert finding.verdict is Verdict.HELD
    assert "EXPIRED_RPC" in finding.text.partition("; not tried: ")[2]
    assert "not tried" not in conclude(observe(history(f"{GRANTED} {REFUSED}"))).text


@pytest.mark.parametrize("kind", MUST_BE_REFUSED)
def test_each_that_is_granted_fails_and_is_named(kind: ProbeKind) -> None:
    finding = conclude(observe(history(f"{GRANTED} {REFUSED} q{int(kind)}@5000-5004g:200o7")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 10)
    assert finding.text == f"1 of 10 probes that must be refused were granted: 1 x {kind.name}"
    whom = " after organisation 7" if kind.is_foreign else ""
    assert str(finding.witnesses.worst) == f"5.000 s, organisation 0: {kind.name}{whom} was granted with 200"


def test_what_is_granted_fails_even_where_controls_are_refused() -> None:
    assert conclude(observe(history("q0@100-104r:403 q1@200-204g:200o7"))).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("controls", "doubt"),
    [
        ("q0@100-104r:403", "so were 1 of 1 that must be granted"),
        ("q0@100-104g:200 q2@100-104r:403", "so were 1 of 2 that must be granted"),
        ("q0@100-104u", "none that must be granted was answered"),
        ("", "none that must be granted was answered"),
    ],
)
def test_a_target_that_refuses_everybody_does_not_pass(controls: str, doubt: str) -> None:
    finding = conclude(observe(history(f"{REFUSED} {controls}")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.UNKNOWN, 0.0, 9)
    assert doubt in finding.text
    assert "refuses everybody" in finding.text


@pytest.mark.parametrize("words", ["", GRANTED, f"{GRANTED} q1@100-104uo7 q1@200uo7"])
def test_where_nothing_that_must_be_refused_was_answered_it_is_unknown(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.UNKNOWN, None, 0)


def test_outcomes_are_counted_by_kind() -> None:
    partial = observe(history("q0@1-2g:200 q0@3-4r:500 q0@5u q1@6-7r:403o7"))
    assert partial.by_kind == {
        "OWN_RPC": Outcomes(granted=1, refused=1, unanswered=1),
        "FOREIGN_RPC": Outcomes(refused=1),
    }
    assert outcomes(partial, CONTROLS).tried == 3
    assert outcomes(partial, ProbeKind).answered == 3


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Refusals())
    assert outcomes(reduce(merge, parts), ProbeKind).tried == sum(len(each.probes) for each in organisations)
