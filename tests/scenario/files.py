"""Scenario files for the tests: a smallest one, and what `load` says to a changed one."""

from collections.abc import Sequence
from pathlib import Path

from sim.errors import ScenarioError
from sim.scenario import Scenario, load

SMALLEST = """
name = "smallest"
duration_s = 10
[fleet]
organisations = 3
machines = 5
dashboards = 1
"""


def loaded(folder: Path, text: str, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of a file with this text."""
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return load(str(path), overrides)


def problems(folder: Path, text: str, overrides: Sequence[str] = ()) -> list[str]:
    """The problems that `load` finds in a file with this text; fails where it finds none."""
    try:
        scenario = loaded(folder, text, overrides)
    except ScenarioError as error:
        return list(error.problems)
    raise AssertionError(f"nothing was refused: {scenario}")
