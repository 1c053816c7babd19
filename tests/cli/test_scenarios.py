import json

from click.testing import CliRunner, Result

from sim.cli.scenarios import scenarios
from sim.scenario import json_schema, shipped, shipped_names


def _run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(scenarios, arguments)


def test_the_table_has_every_name_its_size_and_its_duration() -> None:
    result = _run()
    assert result.exit_code == 0
    for name in shipped_names():
        assert f"\n{name} " in result.stdout
    assert "1,597 machines" in result.stdout
    assert "400 dashboards" in result.stdout
    assert " 10 s\n" in result.stdout


def test_the_table_has_every_question_in_full() -> None:
    text = " ".join(_run().stdout.split())
    assert all(word in text for scenario in shipped() for word in scenario.question.split())


def test_json_is_the_same_for_a_program() -> None:
    rows = json.loads(_run("--json").stdout)
    assert [row["name"] for row in rows] == list(shipped_names())
    assert next(row for row in rows if row["name"] == "quick") == {
        "name": "quick",
        "question": "Is a small deployment fresh, complete and private while its machines come and go?",
        "organisations": 20,
        "machines": 500,
        "dashboards": 40,
        "duration_s": 10.0,
    }


def test_schema_is_the_json_schema_alone() -> None:
    assert _run("--schema").stdout == json_schema() + "\n"


def test_both_forms_at_once_are_wrong_usage() -> None:
    result = _run("--schema", "--json")
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr


def test_help_ends_in_examples() -> None:
    assert "ztna-sim scenarios --schema" in _run("--help").stdout.partition("Examples:")[2]
