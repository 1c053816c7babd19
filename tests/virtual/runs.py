"""Virtual runs for tests."""

from collections.abc import Sequence

from sim.actors import RunRules
from sim.checks import Finding, Verdict, judge
from sim.scenario import Scenario, load
from sim.virtual.executor import VirtualOutcome, VirtualRun
from sim.virtual.faults import Faults


def virtual(
    scenario: str | Scenario, *settings: str, seed: int = 1, faults: Sequence[str] = (), history: bool = False
) -> VirtualOutcome:
    """The outcome of a run of a shipped scenario, with `KEY=VALUE` settings."""
    loaded = load(scenario, settings) if isinstance(scenario, str) else scenario
    run = VirtualRun(RunRules(loaded, seed), Faults(faults), history)
    run.simulate(lambda _: None)
    return run.outcome()


def findings(outcome: VirtualOutcome) -> dict[str, Finding]:
    """By name."""
    return {finding.name: finding for finding in judge(outcome.partials)}


def failed(outcome: VirtualOutcome) -> set[str]:
    """Names of the checks that failed."""
    return {name for name, finding in findings(outcome).items() if finding.verdict is Verdict.FAILED}
