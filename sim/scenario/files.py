"""Scenarios as files: the shipped ones, a user's own, and a scenario as TOML and as JSON Schema."""

import json
import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import tomli_w
from pydantic import ValidationError

from sim.errors import ScenarioError
from sim.scenario.base import NONE_WORD
from sim.scenario.model import Scenario
from sim.scenario.overrides import overridden
from sim.scenario.problems import nearest, problems_of

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_FOLDERS: Final = (_PACKAGE / "shipped" / "scenarios", _PACKAGE.parent / "scenarios")
"""Where the shipped scenarios are in an installed wheel, and in a checkout."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TOML_PLACE: Final = re.compile(r"(?P<what>.*) \(at (?P<where>line \d+, column \d+)\)", re.DOTALL)


def load(name_or_path: str, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of a shipped name, or of a file, with overrides such as `fleet.organisations=50` put in.

    Raises `ScenarioError` with every problem at once: an unknown name, a file that cannot be read or is not
    TOML, unknown keys, values that are not allowed, overrides that reach nothing.
    """
    text = _read(_located(name_or_path), name_or_path)
    return parse(text, name_or_path, overrides)


def parse(text: str, source: str, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of a TOML text that came from `source`. Raises `ScenarioError` as `load` does."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(source, [_toml_problem(str(error))]) from None
    changed, problems = overridden(data, overrides)
    try:
        scenario = Scenario.model_validate(changed)
    except ValidationError as error:
        raise ScenarioError(source, [*problems, *problems_of(error, changed)]) from None
    if problems:
        raise ScenarioError(source, problems)
    return scenario


def shipped() -> tuple[Scenario, ...]:
    """Every scenario that comes with the project, by name."""
    return tuple(load(name) for name in shipped_names())


def shipped_names() -> tuple[str, ...]:
    """The names of the shipped scenarios, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.toml")))


def resolved(scenario: Scenario) -> str:
    """The scenario as TOML with every key; `load` reads an equal scenario from it."""
    return tomli_w.dumps(_plain(scenario.model_dump(mode="json", by_alias=True)))


def json_schema() -> str:
    """The JSON Schema of a scenario file, for editors: indented JSON."""
    return json.dumps({"$schema": _DIALECT, **Scenario.model_json_schema()}, indent=2)


def _plain(table: dict[str, object]) -> dict[str, object]:
    return {key: _plain_value(value) for key, value in table.items()}


def _plain_value(value: object) -> object:
    if isinstance(value, dict):
        return value["value"] if value.get("distribution") == "fixed" else _plain(value)
    return NONE_WORD if value is None else value


def _folder() -> Path:
    return next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])


def _located(name_or_path: str) -> Path:
    if name_or_path in shipped_names():
        return _folder() / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if path.suffix == ".toml" or os.sep in name_or_path or path.is_file():
        return path
    near = nearest(name_or_path, shipped_names())
    meant = f"did you mean {near}? " if near else ""
    listed = ", ".join(shipped_names())
    raise ScenarioError(name_or_path, [f"no such file or shipped scenario; {meant}Shipped are {listed}"])


def _read(path: Path, source: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(source, [f"the file cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ScenarioError(source, [f"the file is not UTF-8 text: byte {error.start}"]) from None


def _toml_problem(text: str) -> str:
    place = _TOML_PLACE.fullmatch(text)
    return f"{place['where']}: {place['what']}" if place else text
