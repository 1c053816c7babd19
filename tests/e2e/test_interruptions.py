"""A run that ends early leaves what it measured, marked partial with the reason, and exits 3."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.commands import await_line, child_of, ended, run_folder, scenario, section, settings, started, together

Blow = Callable[["subprocess.Popen[str]"], None]


def _interrupted(tmp_path: Path, word: str, blow: Blow, options: Sequence[str] = ()) -> Mapping[str, object]:
    """The summary of a run that got this blow when it said this word."""
    long = settings("duration_s=60", "drain.timeout_s=5")
    with started("run", scenario(tmp_path), *long, *options, cwd=tmp_path) as process:
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


def _to_target(process: "subprocess.Popen[str]") -> None:
    child_of(process, "serve").kill()


def _to_worker(process: "subprocess.Popen[str]") -> None:
    child_of(process, "sim.live.process").kill()


def _stop_worker(process: "subprocess.Popen[str]") -> None:
    """It stands still: it hears no polite word, and answers none."""
    child_of(process, "sim.live.process").suspend()


def _to_one(process: "subprocess.Popen[str]") -> None:
    process.terminate()


RUNS: Mapping[str, Callable[[Path], Mapping[str, object]]] = {
    "worker": partial(
        _interrupted, word="measuring", blow=_to_worker, options=("--processes", "2", *settings("duration_s=8"))
    ),
    "stopped worker": partial(
        _interrupted, word="measuring", blow=_stop_worker, options=("--processes", "2", *settings("duration_s=8"))
    ),
    "target in the warm-up": partial(
        _interrupted, word="warm-up", blow=_to_target, options=settings("warmup.connects_per_s=0.5")
    ),
    "target": partial(_interrupted, word="measuring", blow=_to_target),
    "ctrl-c": partial(_interrupted, word="measuring", blow=_to_all),
    "ctrl-c, workers": partial(_interrupted, word="measuring", blow=_to_all, options=("--processes", "2")),
    "terminated": partial(_interrupted, word="measuring", blow=_to_one),
    "warm-up": partial(_interrupted, word="warm-up", blow=_to_all, options=settings("warmup.connects_per_s=0.1")),
}


@pytest.fixture(scope="module")
def summary_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Mapping[str, object]]]:
    """The summary of the run of a name."""
    with together(RUNS, tmp_path_factory) as run_of:
        yield run_of


@pytest.mark.parametrize("name", ["ctrl-c", "ctrl-c, workers", "terminated"])
def test_ctrl_c_keeps_what_was_measured(name: str, summary_of: Callable[[str], Mapping[str, object]]) -> None:
    summary = summary_of(name)
    assert summary["reason"] == "ended by the user"
    assert summary["verdict"] == "unknown"
    assert section(summary, "load")["organisations"] == 4


def test_ctrl_c_in_the_warm_up(summary_of: Callable[[str], Mapping[str, object]]) -> None:
    summary = summary_of("warm-up")
    assert summary["reason"] == "ended by the user"
    assert summary["verdict"] == "unknown"


def test_a_target_that_dies_in_the_warm_up(summary_of: Callable[[str], Mapping[str, object]]) -> None:
    summary = summary_of("target in the warm-up")
    assert str(summary["reason"]).endswith(": connection refused")  # a reading, or what came after them


def test_a_target_that_dies(summary_of: Callable[[str], Mapping[str, object]]) -> None:
    summary = summary_of("target")
    assert str(summary["reason"]).startswith("the target stopped answering: ")
    assert "connection refused" in str(summary["reason"])


@pytest.mark.parametrize("name", ["worker", "stopped worker"])
def test_a_worker_that_dies(name: str, summary_of: Callable[[str], Mapping[str, object]]) -> None:
    summary = summary_of(name)
    assert str(summary["reason"]).startswith("a worker was lost with organisations ")
    assert summary["verdict"] == "invalid"
    assert section(summary, "generator")["workers_lost"] == 1
