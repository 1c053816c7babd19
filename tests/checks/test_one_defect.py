"""A sound run fails no check; with one defect in it, the check that exists for it fails, and no other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.checks import Verdict, judge, merge
from sim.checks.partials import CHECKS
from tests.checks.defects import DEFECTS, Defect
from tests.checks.sound import Organisation

seeds = st.integers(0, 2**32 - 1)


def _verdicts(seed: int, defect: Defect | None = None) -> dict[str, Verdict]:
    house, other = Organisation(0, seed), Organisation(1, seed)
    if defect is not None and defect.told is not None:
        defect.told(house, other)
    notes = house.notes()
    if defect is not None and defect.noted is not None:
        defect.noted(house, notes)
    return {finding.name: finding.verdict for finding in judge(merge(notes.partials(), other.notes().partials()))}


@settings(max_examples=15)
@given(seeds)
def test_a_sound_run_holds(seed: int) -> None:
    verdicts = _verdicts(seed)
    assert verdicts.pop("generator") is Verdict.UNKNOWN  # no worker reported on itself
    assert set(verdicts.values()) == {Verdict.HELD}


@pytest.mark.parametrize("name", DEFECTS)
@settings(max_examples=4)
@given(seed=seeds)
def test_one_defect_fails_its_own_check_and_no_other(name: str, seed: int) -> None:
    defect = DEFECTS[name]
    failed = {name for name, verdict in _verdicts(seed, defect).items() if verdict is Verdict.FAILED}
    assert failed == defect.findings


def test_every_check_that_can_fail_has_a_defect() -> None:
    failing = {finding for defect in DEFECTS.values() for finding in defect.findings}
    assert failing == {check.name for check in CHECKS} - {"collapse"}
