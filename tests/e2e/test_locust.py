"""`locust` itself, with our locustfiles, as its users start it: one process, several, and some of them killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from sim.checks.generator import named
from tests.e2e.commands import LONGEST_WAIT_S, Ended, ended, environment_of, run_folder, scenario, section, together

LOCUSTFILES = Path(__file__).resolve().parents[2] / "locustfiles"
Blow = Callable[[psutil.Process, list[psutil.Process]], None]


@contextmanager
def _locust(folder: Path, name: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """A locustfile of ours, headless, on the smallest scenario; ended in any case, with its children."""
    command = [
        sys.executable, "-m", "locust", "-f", str(LOCUSTFILES / f"{name}.py"), "--headless",
        "--scenario", scenario(folder), *options,
    ]  # fmt: skip
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | {"COLUMNS": "200"}, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _processes(count: int) -> tuple[str, ...]:
    """Options for so many workers, on a port of their own: others may run at the same time."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    return (
        "--processes",
        str(count),
        "--master-port",
        port,
        "--master-bind-host",
        "127.0.0.1",
        "--master-bind-port",
        port,
    )


def _whole(folder: Path, name: str, *options: str) -> tuple[Ended, Path]:
    with _locust(folder, name, *options) as process:
        return ended(process), folder / "results"


def _refused(folder: Path, *options: str) -> tuple[Ended, Path]:
    return _whole(folder, "dashboard", *options)


def _struck(folder: Path, blow: Blow, *options: str) -> tuple[Ended, Path]:
    """Three workers, of which this happens to some when the window has begun."""
    with _locust(folder, "dashboard", *_processes(3), *options) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "Run is measuring" in line:
                break
        master = psutil.Process(process.pid)
        workers = [child for child in master.children() if "serve" not in child.cmdline()]
        assert len(workers) == 3, "".join(said)
        blow(master, workers)
        end = ended(process)
        _, alive = psutil.wait_procs(workers, timeout=LONGEST_WAIT_S)
        assert not alive
        return end, folder / "results"


def _one_worker(_: psutil.Process, workers: list[psutil.Process]) -> None:
    workers[0].kill()


def _everybody(master: psutil.Process, _: list[psutil.Process]) -> None:
    os.killpg(master.pid, signal.SIGINT)


def _everybody_twice(master: psutil.Process, workers: list[psutil.Process]) -> None:
    _everybody(master, workers)
    _everybody(master, workers)


def _master(master: psutil.Process, _: list[psutil.Process]) -> None:
    master.kill()


RUNS: Mapping[str, Callable[[Path], tuple[Ended, Path]]] = {
    "two": lambda folder: _whole(folder, "dashboard", *_processes(2), "-t", "4s", "-u", "6"),
    "agents": lambda folder: _whole(folder, "agents"),
    "custom": lambda folder: _whole(folder, "custom", "-t", "8s"),
    "lost": lambda folder: _struck(folder, _one_worker, "-t", "12s"),
    "moved": lambda folder: _struck(folder, _one_worker, "-t", "20s", "--rebalance"),
    "orphans": lambda folder: _struck(folder, _master, "-t", "30s"),
    "interrupted": lambda folder: _struck(folder, _everybody, "-t", "30s"),
    "tags": lambda folder: _whole(folder, "dashboard", "-t", "4s", "--tags", "none"),
    "twice": lambda folder: _struck(folder, _everybody_twice, "-t", "30s"),
    "wrong": lambda folder: _refused(folder, "--set", "fleet.nobody=1"),
    "credentials": lambda folder: _refused(folder, "--host", "http://127.0.0.1:1"),
}


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[Ended, Path]]]:
    """How the run of a name ended, and the folder of its run folders."""
    with together(RUNS, tmp_path_factory) as found:
        yield found


def _summary(results: Path) -> Mapping[str, object]:
    summary: dict[str, object] = json.loads((run_folder(results) / "summary.json").read_text())
    return summary


def _verdicts(summary: Mapping[str, object]) -> set[str]:
    findings = summary["findings"]
    assert isinstance(findings, list)
    return {found["verdict"] for found in findings}


def test_two_workers_share_the_organisations(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, results = run_of("two")
    assert end.code == 0, end.err
    summary = _summary(results)
    assert summary["verdict"] == "held"
    assert section(summary, "load")["organisations"] == 6  # -u: one user is one organisation
    assert section(summary, "load")["duration_s"] == 4  # -t: the window
    assert environment_of(run_folder(results))["workers"] == 2
    assert 'All users spawned: {"Organisation": 6}' in end.err


def test_agents_alone_are_judged_by_what_agents_can_tell(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, results = run_of("agents")
    summary = _summary(results)
    assert (end.code, summary["actors"]) == (0, "agents")
    assert section(summary, "load")["dashboards"] == 0
    assert section(summary, "load")["writes"] > 0
    findings = summary["findings"]
    assert isinstance(findings, list)
    assert "loss" not in {found["name"] for found in findings}


def test_a_behaviour_of_ones_own_is_in_locusts_statistics(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, _ = run_of("custom")
    assert end.code == 0, end.err
    rows = [line.split() for line in end.err.splitlines() if "list of machines" in line]
    assert int(rows[-1][-1]) > 0


def test_a_lost_worker_makes_the_run_invalid(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, results = run_of("lost")
    summary = _summary(results)
    assert (end.code, summary["verdict"], summary["partial"]) == (3, "invalid", True)
    generator = summary["generator"]
    assert isinstance(generator, dict)
    lost = generator["lost_organisations"]
    assert 1 <= len(lost) <= 2
    assert str(summary["reason"]).endswith(named(lost))
    assert "HELD" not in _verdicts(summary)
    assert section(summary, "load")["organisations"] == 4 - len(lost)


def test_organisations_of_a_lost_worker_are_taken_over(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, results = run_of("moved")
    summary = _summary(results)
    assert (end.code, summary["verdict"]) == (0, "held"), end.err
    assert section(summary, "load")["organisations"] == 4
    generator = summary["generator"]
    assert isinstance(generator, dict)
    assert (generator["workers_lost"], generator["lost_organisations"]) == (1, [])
    (gap,) = generator["gaps"]
    assert 0 <= gap["from_s"] < gap["until_s"] < 20
    assert "went on elsewhere and are not measured" in end.err


def test_workers_leave_what_they_have_where_the_master_is_killed(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    _, results = run_of("orphans")
    left = [json.loads(file.read_text()) for file in results.glob("*/summary.json")]  # the master's folder is empty
    assert len(left) == 3
    assert sum(summary["load"]["organisations"] for summary in left) == 4
    for summary in left:
        assert str(summary["reason"]).startswith("the coordinator went away")
        assert "HELD" not in _verdicts(summary)


def test_ctrl_c_to_all_of_them_keeps_what_was_measured(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, results = run_of("interrupted")
    summary = _summary(results)
    assert (end.code, summary["verdict"], summary["reason"]) == (3, "unknown", "ended by the user")
    assert section(summary, "load")["organisations"] == 4
    assert section(summary, "generator")["workers_lost"] == 0


def test_ctrl_c_twice_leaves_at_once(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, _ = run_of("twice")
    assert end.code == 3


def test_tags_take_no_organisation_away(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, results = run_of("tags")
    assert (end.code, _summary(results)["verdict"]) == (0, "held"), end.err
    assert "Organisation had no tasks left after filtering" in end.err


def test_a_mistake_is_one_clear_line(run_of: Callable[[str], tuple[Ended, Path]]) -> None:
    end, results = run_of("wrong")
    assert end.code == 2
    assert "fleet.nobody: unknown key" in end.err
    assert not results.exists()
    end, _ = run_of("credentials")
    assert end.code == 2
    assert "needs --credentials FILE" in end.err
