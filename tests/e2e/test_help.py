from pathlib import Path

import pytest

from sim.cli import VERBS
from tests.e2e.commands import ztna


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb_ends_in_examples(verb: str, tmp_path: Path) -> None:
    shown = ztna(verb, "--help", cwd=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    assert f"Usage: ztna-sim {verb}" in shown.out
    assert f"  ztna-sim {verb} " in shown.out.partition("Examples:")[2]


def test_help_names_every_verb_and_every_exit_code(tmp_path: Path) -> None:
    shown = ztna("--help", cwd=tmp_path)
    assert shown.code == 0
    assert all(f"  {verb} " in shown.out for verb in VERBS)
    assert "Exit codes: 0 held, 1 an objective or a check failed, 2 wrong usage" in shown.out


def test_version(tmp_path: Path) -> None:
    assert ztna("--version", cwd=tmp_path).out.startswith("ztna-sim, version ")


@pytest.mark.parametrize("arguments", [["rnu"], ["run"], ["run", "quick", "--nonsense"]])
def test_wrong_usage_is_2_on_stderr(arguments: list[str], tmp_path: Path) -> None:
    shown = ztna(*arguments, cwd=tmp_path)
    assert (shown.code, shown.out) == (2, "")
    assert "Error: " in shown.err
