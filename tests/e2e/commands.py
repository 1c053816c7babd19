"""`ztna-sim` as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

LONGEST_WAIT_S = 90.0
AT_ONCE = 3

Result = TypeVar("Result")

SMALL = """
schema = 1
name = "small"
duration_s = 2
objectives = ["leakage.leaks == 0", "loss.lost == 0"]

[fleet]
organisations = 4
machines = 6
dashboards = 2
online_share = 0.8

[churn]
events_per_s = 4.0

[dashboard]
debounce_ms = 200

[generator] # a busy machine must not decide what a test finds
max_lateness_ms = 60000
max_hub_lag_ms = 60000
max_cpu_share = 1.0
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, object]:
        """stdout as JSON, which it must be as a whole."""
        found: dict[str, object] = json.loads(self.out)
        return found


def ztna(*arguments: str, cwd: Path) -> Ended:
    """Run a command to its end. No output ever has a traceback."""
    with started(*arguments, cwd=cwd) as process:
        return ended(process)


@contextmanager
def started(*arguments: str, cwd: Path) -> Iterator["subprocess.Popen[str]"]:
    """A command that runs in a session of its own, as a shell's job; ended in any case, with its children."""
    command = [sys.executable, "-m", "sim", *arguments]
    environment = os.environ | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def ended(process: "subprocess.Popen[str]") -> Ended:
    """Wait for the end."""
    out, err = process.communicate(timeout=LONGEST_WAIT_S)
    assert "Traceback" not in out + err, err
    return Ended(process.returncode, out, err)


@contextmanager
def together(
    runs: Mapping[str, Callable[[Path], Result]], factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Result]]:
    """Gives the result of a run by its name. All are begun at once, a few at a time: each waits more than it works."""
    folders = {name: factory.mktemp(name) for name in runs}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = {name: pool.submit(run, folders[name]) for name, run in runs.items()}
        yield lambda name: results[name].result()


def await_line(process: "subprocess.Popen[str]", word: str) -> None:
    """Read stdout until a line has this word: what a run says while it runs."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if word in line:
            return
    raise AssertionError(f"it ended without {word!r}: {''.join(seen)}")


def child_of(process: "subprocess.Popen[str]", word: str) -> psutil.Process:
    """The child whose command line has this word."""
    children = psutil.Process(process.pid).children(recursive=True)
    return next(child for child in children if word in child.cmdline())


def scenario(folder: Path, more: str = "") -> str:
    """A scenario file of 4 organisations of 6 machines and 2 dashboards, 2 s long; its path."""
    path = folder / "small.toml"
    path.write_text(SMALL + more)
    return str(path)


def settings(*overrides: str) -> Sequence[str]:
    """Options that set keys."""
    return [part for override in overrides for part in ("--set", override)]


def run_folder(parent: Path) -> Path:
    """The one run folder in `parent`."""
    (folder,) = parent.iterdir()
    return folder


def environment_of(folder: Path) -> Mapping[str, object]:
    """`environment.json`."""
    found: dict[str, object] = json.loads((folder / "environment.json").read_text())
    return found


def finding(summary: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A finding by its name."""
    findings = summary["findings"]
    assert isinstance(findings, list)
    return next(found for found in findings if found["name"] == name)


def section(summary: Mapping[str, object], name: str) -> Mapping[str, float]:
    """A section of figures."""
    found = summary[name]
    assert isinstance(found, dict)
    return found
