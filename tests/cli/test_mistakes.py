"""What `run`, `report` and `check` refuse before they import the engine or touch a target."""

from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sim.cli.check import check
from sim.cli.report import report
from sim.cli.run import run
from sim.errors import EXIT_USAGE, SimError

NOBODY = ["--target", "http://127.0.0.1:1"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _refusal(command: click.Command, arguments: Sequence[str], folder: Path) -> SimError:
    result = CliRunner().invoke(command, arguments)
    assert list(folder.iterdir()) == []
    assert isinstance(result.exception, SimError), result.output
    assert result.exception.exit_code == EXIT_USAGE
    assert result.output == ""
    return result.exception


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["quikc"], "quick"),
        (["none.toml"], "none.toml"),
        (["quick", "--set", "fleet.organisation=5"], "organisation"),
        (["quick", "--set", "duration_s=-1"], "duration_s"),
        (["quick", "--set", "fleet.organisations=0", "--set", "seed=x"], "2 problems"),
        (["quick", "--set", "nonsense"], "it must be key.path=value"),
        (["quick", "--processes", "21"], "--processes 21: more than the 20 organisations"),
        (["quick", *NOBODY], "--target needs --credentials"),
        (["quick", "--credentials", "file"], "--credentials needs --target"),
        (["quick", *NOBODY, "--credentials", "f", "--fault", "x:1"], "--fault is for the embedded target"),
    ],
)
def test_run_says_what_is_wrong(arguments: Sequence[str], said: str, here: Path) -> None:
    assert said in str(_refusal(run, arguments, here))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["latest"], "there is no run in results/ yet"),
        (["none"], "none: there is no such folder"),
        (["."], "not a run folder"),
    ],
)
@pytest.mark.parametrize("command", [check, report])
def test_a_run_that_is_none(command: click.Command, arguments: Sequence[str], said: str, here: Path) -> None:
    assert said in str(_refusal(command, arguments, here))


@pytest.mark.parametrize("option", [["--seed", "-1"], ["--processes", "0"], ["--nonsense"], ["--seed", "x"]])
def test_an_option_out_of_range_is_wrong_usage(option: Sequence[str], here: Path) -> None:
    result = CliRunner().invoke(run, ["quick", *option])
    assert list(here.iterdir()) == []
    assert result.exit_code == EXIT_USAGE
    assert option[0] in result.output
