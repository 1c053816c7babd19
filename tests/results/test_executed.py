"""What an executor leaves is all that a summary is made of."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest

from sim.checks import observe
from sim.results.conclude import RunFacts, summarise
from sim.results.executed import Executed
from sim.results.summary import RunVerdict
from sim.scenario import load
from tests.checks.words import CLEAN
from tests.histories import history

EXECUTED = Executed(
    scenario=load("quick", ["seed=11"]),
    started=datetime(2026, 3, 1, 12, 30, 59, 999_999, tzinfo=UTC),
    executor="virtual",
    target="model",
    partials=observe(history(CLEAN), b"d" * 32),
)


def test_its_summary_is_that_of_its_facts_and_the_scenarios_objectives() -> None:
    scenario = EXECUTED.scenario
    facts = RunFacts(
        scenario="quick",
        question=scenario.question,
        seed=11,
        started_utc="2026-03-01T12:30:59Z",
        executor="virtual",
        target="model",
        reason=None,
        target_cpu_share=None,
    )
    assert EXECUTED.summary() == summarise(EXECUTED.partials, facts, scenario.objectives)
    names = [finding.name for finding in EXECUTED.summary().findings]
    assert [str(objective) for objective in scenario.objectives if str(objective) not in " ".join(names)] == []


def test_the_same_run_gives_the_same_summary() -> None:
    assert EXECUTED.summary() == replace(EXECUTED).summary()


def test_a_reason_makes_it_partial_and_the_targets_share_is_told() -> None:
    cut = replace(EXECUTED, reason="ended by the user", target_cpu_share=0.5).summary()
    assert (cut.partial, cut.reason, cut.verdict) == (True, "ended by the user", RunVerdict.UNKNOWN)
    assert cut.generator.target_cpu_share == 0.5
    assert (EXECUTED.summary().partial, EXECUTED.summary().generator.target_cpu_share) == (False, None)


def test_it_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        EXECUTED.reason = "another"  # type: ignore[misc]  # what is tried here
