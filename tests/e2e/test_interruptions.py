"""A run that ends early leaves what it measured, marked partial with the reason, and exits 3."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.e2e.commands import await_line, child_of, ended, run_folder, scenario, settings, started

Blow = Callable[["subprocess.Popen[str]"], None]


def _interrupted(tmp_path: Path, word: str, blow: Blow, *arguments: str) -> Mapping[str, object]:
    """The summary of a run that got this blow when it said this word."""
    long = settings("duration_s=60", "drain.timeout_s=5")
    with started("run", scenario(tmp_path), *long, *arguments, cwd=tmp_path) as process:
        await_line(process, word)
        blow(process)
        end = ended(process)
    assert end.code == 3, end.out + end.err
    folder = run_folder(tmp_path / "results")
    assert (folder / "report.html").stat().st_size > 0
    summary: dict[str, object] = json.loads((folder / "summary.json").read_text())
    assert summary["partial"] is True
    assert str(summary["reason"]) in " ".join(end.out.split())
    return summary


def _to_all(process: "subprocess.Popen[str]") -> None:
    """As a terminal's Ctrl-C: to every process of the job."""
    os.killpg(process.pid, signal.SIGINT)


def _to_one(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)


def _to_end(process: "subprocess.Popen[str]") -> None:
    process.terminate()


@pytest.mark.parametrize(
    ("blow", "arguments"), [(_to_one, ()), (_to_end, ()), (_to_all, ()), (_to_all, ("--processes", "2"))]
)
def test_ctrl_c_keeps_what_was_measured(blow: Blow, arguments: tuple[str, ...], tmp_path: Path) -> None:
    summary = _interrupted(tmp_path, "measuring", blow, *arguments)
    assert summary["reason"] == "ended by the user"
    assert summary["verdict"] == "unknown"
    load = summary["load"]
    assert isinstance(load, dict)
    assert load["organisations"] == 4


def test_ctrl_c_in_the_warm_up(tmp_path: Path) -> None:
    summary = _interrupted(tmp_path, "warm-up", _to_all, *settings("warmup.connects_per_s=0.1"))
    assert summary["reason"] == "ended by the user"
    assert summary["verdict"] == "unknown"


def test_a_target_that_dies(tmp_path: Path) -> None:
    summary = _interrupted(tmp_path, "measuring", lambda process: child_of(process, "serve").kill())
    assert str(summary["reason"]).startswith("the target stopped answering: ")
    assert "connection refused" in str(summary["reason"])


def test_a_worker_that_dies(tmp_path: Path) -> None:
    def kill(process: "subprocess.Popen[str]") -> None:
        child_of(process, "sim.live.process").kill()

    summary = _interrupted(tmp_path, "measuring", kill, "--processes", "2")
    assert str(summary["reason"]).startswith("a worker was lost with organisations ")
    assert summary["verdict"] == "invalid"
