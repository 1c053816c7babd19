"""The embedded target: `ztna-sim serve` as a process of its own, for one run."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import msgspec
import psutil

from sim.contract import FAULTS_PATH
from sim.errors import EXIT_USAGE, TargetError, UsageError

_STOP_TIMEOUT_S: Final = 10.0


class _Ready(msgspec.Struct):
    url: str
    pid: int


class EmbeddedTarget:
    """A running reference backend and its CPU clock."""

    def __init__(self, url: str, process: "subprocess.Popen[bytes]") -> None:
        self.url = url
        self._process = process
        self._cpu_from_s = 0.0
        self._cpu_s = 0.0

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def begin(self) -> None:
        """The window begins."""
        self._cpu_from_s = self._cpu_now_s()

    def end(self) -> None:
        """The window ends."""
        self._cpu_s = self._cpu_now_s() - self._cpu_from_s

    def cpu_share(self, window_s: float) -> float:
        """CPU seconds per second of the window."""
        return self._cpu_s / window_s

    def fault_counters(self) -> Mapping[str, object]:
        """How often each injected fault hit; empty without faults."""
        try:
            answer = httpx.get(self.url + FAULTS_PATH, timeout=_STOP_TIMEOUT_S, trust_env=False)
            return msgspec.json.decode(answer.content, type=dict[str, object]) if answer.status_code == 200 else {}
        except (httpx.HTTPError, msgspec.DecodeError):
            return {}

    def _cpu_now_s(self) -> float:
        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return self._cpu_from_s
        return float(times.user + times.system)


@contextmanager
def embedded_target(
    scenario_file: Path, credentials_file: Path, seed: int, faults: Sequence[str]
) -> Iterator[EmbeddedTarget]:
    """Start the target that a scenario needs; it ends with the block, or with this process.

    Raises `UsageError` for a fault that there is not and `TargetError` if it does not start, with its own words.
    """
    command = [sys.executable, "-m", "sim", "serve", "--scenario", str(scenario_file), "--seed", str(seed)]
    command += ["--port", "0", "--credentials", str(credentials_file), "--exit-with-parent"]
    command += [part for fault in faults for part in ("--fault", fault)]
    log = scenario_file.with_name("target.log")
    with log.open("wb") as errors:
        # A session of its own: Ctrl-C is for the run, which still needs its target to drain.
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
    try:
        line = process.stdout.readline() if process.stdout else b""
        try:
            ready = msgspec.json.decode(line, type=_Ready)
        except msgspec.DecodeError:
            process.wait(timeout=_STOP_TIMEOUT_S)
            words = log.read_text(errors="replace").strip().removeprefix("ztna-sim: ") or "no word why"
            if process.returncode == EXIT_USAGE:
                raise UsageError(words) from None
            raise TargetError(f"the embedded target did not start: {words}") from None
        yield EmbeddedTarget(ready.url, process)
    finally:
        if process.stdin:
            process.stdin.close()
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
