"""docs/scenarios.md names exactly the keys and figures that exist, with their defaults and their meanings."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.scenario import OBJECTIVE_PATHS, json_schema, tables
from tests.scenario.files import loaded

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^##+ ", DOCUMENT, flags=re.MULTILINE)[1:]
ROW = re.compile(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$", re.MULTILINE)


def _rows() -> Iterator[tuple[str, tuple[str, str, str, str]]]:
    """Every row of a table of keys: the path of the key's table, and key, unit, default and meaning."""
    for section in SECTIONS:
        heading, _, body = section.partition("\n")
        names = [""] if heading == "Top level" else re.findall(r"`\[*([\w.]+)\]*`", heading)
        for name in names:
            for row in ROW.finditer(body):
                key, unit, default, meaning = (cell.strip() for cell in row.groups())
                yield name, (key, unit, default, meaning)


ROWS = list(_rows())


def test_it_names_exactly_the_keys_that_exist() -> None:
    named: dict[str, tuple[str, ...]] = {}
    for name, (key, *_) in ROWS:
        named[name] = (*named.get(name, ()), key)
    assert named == tables()


@pytest.mark.parametrize("definition", json.loads(json_schema())["$defs"].values(), ids=lambda d: str(d["title"]))
def test_defaults_and_meanings_are_those_of_the_schema(
    definition: dict[str, dict[str, dict[str, object]]],
) -> None:
    properties = definition["properties"]
    documented = [row for name, row in ROWS if tables()[name] == tuple(properties)]
    assert documented
    for key, _, default, meaning in documented:
        assert meaning == properties[key]["description"]
        required = key in definition.get("required", ())
        assert default == ("required" if required else f"`{json.dumps(properties[key]['default'])}`")


def test_units_are_those_of_the_names() -> None:
    for _, (key, unit, _, _) in ROWS:
        suffixes = {"_per_hour": "1/h", "per_s": "1/s", "_ms": "ms", "_us": "us", "_s": "s"}
        assert unit == next((name for suffix, name in suffixes.items() if key.endswith(suffix)), ""), key


def test_it_names_exactly_the_figures_that_an_objective_may_name() -> None:
    (section,) = (section for section in SECTIONS if section.startswith("Objectives"))
    lines = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    named = {
        f"{group}.{figure}"
        for groups, figures in lines
        for group in re.findall(r"`(\w+)`", groups)
        for figure in re.findall(r"`(\w+)`", figures)
    }
    assert named == set(OBJECTIVE_PATHS)


def test_its_smallest_scenario_and_its_overrides_are_taken(tmp_path: Path) -> None:
    (text,) = (block for block in re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL) if "name =" in block)
    overrides = [line.removeprefix("--set ").strip("'") for line in DOCUMENT.splitlines() if line.startswith("--set")]
    assert len(overrides) == 7
    text += '[[bursts]]\nkind = "wave"\nat_s = 1\n'
    scenario = loaded(tmp_path, text, overrides)
    assert (scenario.fleet.organisations, scenario.dashboard.page, scenario.bursts[0].at_s) == (
        50,
        "health",
        3,
    )
