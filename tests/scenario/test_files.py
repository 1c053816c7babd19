import json
from pathlib import Path

import pytest

from sim.errors import EXIT_USAGE, ScenarioError
from sim.scenario import Scenario, json_schema, load, resolved, shipped, shipped_names
from tests.scenario.files import SMALLEST, loaded, problems


def test_a_shipped_scenario_is_found_by_its_name_and_by_its_path() -> None:
    path = Path(__file__).parents[2] / "scenarios" / "quick.toml"
    assert load("quick") == load(str(path))
    assert load("quick").name == "quick"


def test_an_unknown_name_gets_the_nearest_one_and_the_list() -> None:
    with pytest.raises(ScenarioError) as caught:
        load("mornin")
    assert caught.value.exit_code == EXIT_USAGE
    assert "did you mean morning?" in str(caught.value)
    assert "Shipped are busy-tenant, flapping, " in str(caught.value)


def test_a_name_that_is_near_to_nothing_gets_the_list_alone() -> None:
    with pytest.raises(ScenarioError) as caught:
        load("zzzzz")
    assert "did you mean" not in str(caught.value)
    assert "poisson, quick, " in str(caught.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        load(str(tmp_path / "none.toml"))


def test_what_looks_like_a_file_is_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match=r"none.toml: 1 problem\n  the file cannot be read"):
        load("none.toml")
    Path("mine").write_text(SMALLEST)
    assert load("mine").name == "smallest"


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: Is a directory"):
        load(str(tmp_path))


def test_a_file_that_is_not_text_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ScenarioError, match="not UTF-8 text: byte 8"):
        load(str(tmp_path / "bytes.toml"))


def test_a_syntax_error_has_its_line(tmp_path: Path) -> None:
    assert problems(tmp_path, 'name = "a"\nseed = = 3\n') == ["line 2, column 8: Invalid value"]


def test_a_syntax_error_at_the_end_is_said_so(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "name")
    assert "end of document" in found


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_scenario_resolves_to_a_file_of_an_equal_one(name: str, tmp_path: Path) -> None:
    scenario = load(name)
    assert loaded(tmp_path, resolved(scenario)) == scenario
    assert scenario.name == name
    assert scenario.question.endswith("?")


def test_shipped_gives_all_of_them_in_order() -> None:
    assert [scenario.name for scenario in shipped()] == list(shipped_names())
    assert len(shipped()) == 10


def test_resolved_has_every_key_of_every_table_and_no_null(tmp_path: Path) -> None:
    text = resolved(loaded(tmp_path, SMALLEST))
    assert "machines = 5\n" in text
    assert 'max_wait_ms = "none"\n' in text
    assert "token_lifetime_s = 3600.0\n" in text


def test_resolved_keeps_a_value_that_was_taken_away(tmp_path: Path) -> None:
    scenario = loaded(tmp_path, SMALLEST, ["dashboard.ping_interval_s=30"])
    assert scenario.dashboard.ping_interval_s == 30
    again = loaded(tmp_path, resolved(scenario), ["dashboard.ping_interval_s=none"])
    assert again == loaded(tmp_path, SMALLEST)


def test_the_schema_describes_keys_in_words_and_knows_both_forms_of_a_size() -> None:
    schema = json.loads(json_schema())
    fleet = schema["$defs"]["Fleet"]["properties"]
    assert schema["additionalProperties"] is False
    assert fleet["organisations"]["description"] == "Number of organisations."
    assert fleet["machines"]["anyOf"][0]["type"] == "integer"
    assert schema["$defs"]["Churn"]["properties"]["events_per_s"]["anyOf"][1] == {"const": "none"}


def test_a_scenario_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Scenario.__setattr__(load("quick"), "seed", 2)
