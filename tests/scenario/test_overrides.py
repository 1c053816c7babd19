import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.scenario import load, resolved
from sim.scenario.overrides import overridden
from tests.scenario.files import SMALLEST, loaded, problems


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        for number, child in enumerate(value):
            yield from _leaves(child, f"{path}.{number}")
    else:
        yield path, value


@pytest.mark.parametrize("name", ["busy-tenant", "mass-reconnect", "site-outage", "flapping"])
def test_every_key_of_every_table_and_every_item_of_every_list_can_be_reached(name: str, tmp_path: Path) -> None:
    text = resolved(load(name))
    paths = [path for path, _ in _leaves(tomllib.loads(text), "")]
    assert len(paths) >= 60
    for path in paths:
        (found,) = problems(tmp_path, text, [f"{path}={{}}"])
        assert found.startswith(path), (path, found)


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("a.b=3", ("a", "b"), 3),
        ("a.b=3.5", ("a", "b"), 3.5),
        ("a.b=true", ("a", "b"), True),
        ('a.b="3"', ("a", "b"), "3"),
        ("a.b=health", ("a", "b"), "health"),
        ("a.b=How fast is it?", ("a", "b"), "How fast is it?"),
        ("a.b=x=y", ("a", "b"), "x=y"),
        ("a.b=[1, 2]", ("a", "b"), [1, 2]),
        ("a.b={c = 1}", ("a", "b"), {"c": 1}),
        (" a.b = 3 ", ("a", "b"), 3),
        ("new.b=1", ("new", "b"), 1),
        ("a.b=1\nc=2", ("a", "b"), "1\nc=2"),
    ],
)
def test_a_value_is_toml_or_else_a_text(override: str, path: tuple[str, str], value: object) -> None:
    data: dict[str, object] = {"a": {"b": 0}}
    changed, found = overridden(data, [override])
    table = changed[path[0]]
    assert found == []
    assert isinstance(table, dict)
    assert table[path[1]] == value
    assert data == {"a": {"b": 0}}


def test_list_items_are_reached_by_number_and_the_last_override_holds(tmp_path: Path) -> None:
    text = SMALLEST + "[[bursts]]\nkind = 'wave'\nat_s = 1\n[[bursts]]\nkind = 'wave'\nat_s = 2\n"
    scenario = loaded(tmp_path, text, ["bursts.1.at_s=3", "bursts.1.at_s=4"])
    assert [burst.at_s for burst in scenario.bursts] == [1, 4]


def test_a_size_may_be_set_as_a_number_or_a_table(tmp_path: Path) -> None:
    wanted = 'fleet.machines={distribution="zipf",exponent=1,largest=7}'
    assert str(loaded(tmp_path, SMALLEST, [wanted]).fleet.machines) == "7 falling to 1 (Zipf)"
    assert str(loaded(tmp_path, SMALLEST, [wanted, "fleet.machines=9"]).fleet.machines) == "9"


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("seed", "seed: it must be key.path=value, such as fleet.organisations=50"),
        ("=3", "=3: it must be key.path=value, such as fleet.organisations=50"),
        ("fleet..x=3", "fleet..x=3: it must be key.path=value, such as fleet.organisations=50"),
        ("seed=[1", "seed: [1 is not allowed; it must be a value as in TOML"),
        ("seed.x=1", "seed.x: seed is a plain value here and has no parts; set seed as a whole"),
        (
            "fleet.machines.value=1",
            "fleet.machines.value: fleet.machines is a plain value here and has no parts; "
            "set fleet.machines as a whole",
        ),
        ("bursts.1.at_s=1", "bursts.1.at_s: 1 is no item of bursts; it must be a number from 0 to 0"),
        ("bursts.x=1", "bursts.x: x is no item of bursts; it must be a number from 0 to 0"),
        (
            "objectives.0=x",
            "objectives.0: 0 is no item of objectives; it must be left out, since the list is empty",
        ),
        (
            "dashboard.retry_delays_s.0=3",
            "dashboard.retry_delays_s.0: the scenario has no list dashboard.retry_delays_s; "
            "set the whole list, dashboard.retry_delays_s=[...]",
        ),
        ("fleet.machnes=3", "fleet.machnes: unknown key; did you mean fleet.machines?"),
    ],
)
def test_an_override_that_cannot_be_is_said_so(override: str, line: str, tmp_path: Path) -> None:
    text = f"seed = 1\nobjectives = []\n{SMALLEST}[[bursts]]\nkind = 'wave'\nat_s = 1\n"
    assert problems(tmp_path, text, [override]) == [line]
