"""Objectives: is each figure what the scenario says it must be? Each objective is a finding of its own."""

from collections.abc import Iterable, Mapping

from sim.checks.finding import Finding, Verdict
from sim.scenario import Objective


def conclude(objectives: Iterable[Objective], figures: Mapping[str, float | None]) -> list[Finding]:
    """A finding for each objective. `figures` has every path of OBJECTIVE_PATHS; None where nothing was measured."""
    return [_finding(objective, figures.get(objective.path)) for objective in objectives]


def _finding(objective: Objective, value: float | None) -> Finding:
    if value is None:
        verdict, text = Verdict.UNKNOWN, f"{objective.path} was not measured"
    else:
        held = objective.holds(value)
        verdict = Verdict.HELD if held else Verdict.FAILED
        text = f"{objective.path} is {value:,.6g}, {'as' if held else 'not as'} asked for ({objective})"
    return Finding(
        name=f"objective: {objective}",
        verdict=verdict,
        value=value,
        unit="ms" if objective.path.endswith("_ms") else "",
        count=0 if value is None else 1,
        bound=objective.bound,
        text=text,
    )
