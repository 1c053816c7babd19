import json
import re
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from sim.cli.serve import serve
from sim.contract import MACHINES_PATH
from sim.scenario import load
from sim.schedule import sizes_for
from sim.target import KINDS
from tests.target.processes import process, ready_line, run


def test_help_ends_in_examples() -> None:
    result = CliRunner().invoke(serve, ["--help"])
    assert result.exit_code == 0
    assert "ztna-sim serve --fault leak_event:50" in result.output[result.output.index("Examples:") :]


def test_faults_are_listed_one_a_line() -> None:
    result = CliRunner().invoke(serve, ["--faults"])
    assert result.exit_code == 0
    names = [re.match(r"\w+", line) for line in result.output.splitlines()]
    assert [name and name[0] for name in names] == list(KINDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0: not allowed; it must be a loopback address"),
        (["--host", "example.com"], "--host example.com: not allowed"),
        (["--store", "mysql"], "--store mysql: not allowed; it must be sqlite or sqlite:PATH"),
        (["--option", "evict=no"], "option evict: 'no' is not allowed; it must be true or false"),
        (["--fault", "leek_event:3"], "fault leek_event: unknown; did you mean leak_event?"),
        (["--set", "seed=2"], "--set changes a key of a scenario: give --scenario, too"),
        (["--scenario", "quick", "--machines", "3"], "--scenario sets the sizes"),
        (["--credentials", "/nowhere/file"], "/nowhere/file: cannot be written"),
        (["--store", "sqlite:/nowhere/file"], "store sqlite:/nowhere/file: cannot be used"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_2(arguments: Sequence[str], said: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_a_scenario_gives_sizes_seed_and_options(tmp_path: Path) -> None:
    overrides = ["fleet.organisations=3", "target.page_size=1", "seed=9"]
    scenario = load("busy-tenant", overrides)
    sizes = [sizes_for(scenario, 9, number).machines for number in range(3)]
    path = tmp_path / "credentials.json"
    arguments = [text for override in overrides for text in ("--set", override)]
    with process("--scenario", "busy-tenant", *arguments, "--credentials", str(path)) as started:
        ready = ready_line(started)
        orgs = json.loads(path.read_text())["orgs"]
        auth = {"Authorization": f"Bearer {orgs[0]['token']}"}
        rows = httpx.get(f"{ready['url']}{MACHINES_PATH}", headers=auth).json()["data"]
        started.terminate()
    assert (ready["organisations"], ready["machines"]) == (3, sum(sizes))
    assert [len(org["machines"]) for org in orgs] == sizes
    assert len(rows) == 1
