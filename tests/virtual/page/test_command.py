"""`python -m sim.virtual.page` as a process."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from sim.virtual.page import Observed
from tests.dashboard.comparison import compare
from tests.dashboard.traces import FOLDER, observed

ROOT = FOLDER.parents[2]


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sim.virtual.page", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("observed_is", ["absent", "empty", "there"])
@pytest.mark.parametrize("name", ["dash-cancel-l1500-signal", "health-two-windows-plain"])
def test_a_trace_with_and_without_what_was_observed(tmp_path: Path, name: str, observed_is: str) -> None:
    content = json.loads((FOLDER / f"{name}.json").read_bytes())
    if observed_is != "there":
        del content["observed"]
    if observed_is == "empty":
        content["observed"] = {}
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(content))
    done = _run(path)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert compare(observed(name), msgspec.json.decode(done.stdout, type=Observed)).problems(25) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory"),
        ("no json", "JSON is malformed"),
        ('{"page": "dashboard", "variant": "signal"}', "missing required field `script`"),
        ('{"page": "dashboard", "variant": "signal", "script": {"wobble": 1}}', "unknown field `wobble`"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "trace.json"
    if content is not None:
        path.write_text(content)
    done = _run(path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"python -m sim.virtual.page: {path}: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


def test_help_has_an_example_that_runs() -> None:
    told = _run("--help")
    assert told.returncode == 0
    (example,) = [line for line in told.stdout.splitlines() if line.strip().endswith("dash-single-signal.json")]
    prefix, _, argument = example.strip().rpartition(" ")
    assert prefix == "python -m sim.virtual.page"
    assert set(json.loads(_run(argument).stdout)) == {"refetch_requests", "sockets", "events"}
