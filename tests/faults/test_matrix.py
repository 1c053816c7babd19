"""Fault by check: each fault trips the check that exists for it, and without a fault none is tripped."""

import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from sim.actors import organisation as actors
from sim.checks import Partials, judge
from sim.checks import latency as latency_check
from sim.dashboard import PageRules, rules_of
from sim.scenario import DashboardOptions
from sim.target.faults import KINDS
from tests.e2e.commands import (
    Ended,
    await_line,
    ended,
    environment_of,
    run_folder,
    scenario,
    settings,
    started,
    together,
    ztna,
)
from tests.faults.rows import COLLAPSE_NEEDS, OTHERS, TARGET, Row
from tests.histories import history
from tests.virtual.runs import failed, virtual

CHECKS = [finding.name for finding in judge(Partials(window_ns=1, bucket_ns=1))]
CLEAN = "none"


@dataclass(frozen=True)
class Caught:
    """What a run with a fault came to: how often it hit, and the checks that it tripped."""

    hits: int
    tripped: frozenset[str]


@pytest.fixture(scope="module")
def caught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Caught]]:
    """The run of a fault, by how it is asked for."""
    runs: Mapping[str, Callable[[Path], Caught]] = {
        CLEAN: partial(_run, row=None),
        **{row.fault: partial(_run, row=row) for row in TARGET},
        "the generator stands still": _stopped,
    }
    with together(runs, tmp_path_factory) as run_of:
        yield run_of


@pytest.mark.parametrize("row", TARGET, ids=lambda row: row.fault)
def test_a_fault_of_the_target_trips_its_check(row: Row, caught: Callable[[str], Caught]) -> None:
    run = caught(row.fault)
    assert run.hits > 0
    assert row.check in run.tripped


def test_without_a_fault_no_check_is_tripped(caught: Callable[[str], Caught]) -> None:
    assert caught(CLEAN).tripped == frozenset()


def test_a_generator_that_stands_still_trips_its_check(caught: Callable[[str], Caught]) -> None:
    assert caught("the generator stands still").tripped >= {"generator"}


def test_a_page_that_waits_too_little_trips_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "rules_of", _hasty)
    assert failed(virtual("quick", "fleet.organisations=4")) == {"excess"}


def test_an_answer_that_is_shown_before_its_write_trips_its_check() -> None:
    told = history("w1+@100-104 e0.1+@90~104 r0@95-99 s0@-500..", ended_ms=400)
    tampered = told.deliveries
    tampered.write[:] = 0
    assert latency_check.conclude(latency_check.observe(told)).verdict == "FAILED"


def test_every_fault_and_every_check_has_a_row() -> None:
    assert {row.name for row in TARGET} == set(KINDS)
    assert len(KINDS) >= 30
    assert {row.check for row in TARGET} | set(OTHERS.values()) == set(CHECKS)


def test_the_matrix(caught: Callable[[str], Caught], capsys: pytest.CaptureFixture[str]) -> None:
    """Prints it: X its own check, x another that was tripped besides."""
    lines = [_line("", [_cell(name[:7]) for name in CHECKS], "hits")]
    for row in TARGET:
        run = caught(row.fault)
        marks = ["X" if name == row.check else "x" for name in CHECKS]
        shown = [_cell(mark if name in run.tripped else ".") for name, mark in zip(CHECKS, marks, strict=True)]
        lines.append(_line(row.fault, shown, f"{run.hits:,}"))
    for fault, check in OTHERS.items():
        lines.append(_line(fault, [_cell("X" if name == check else ".") for name in CHECKS], ""))
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201  (what the test is for)
    assert all(" X" in line for line in lines[1:])


def _cell(text: str) -> str:
    return f"{text:>8}"


def _line(fault: str, marks: list[str], hits: str) -> str:
    return f"{fault:<36}{''.join(marks)} {hits:>6}"


def _run(folder: Path, row: Row | None) -> Caught:
    options = ("--fault", row.fault, *settings(*row.settings)) if row else ()
    run = ztna("run", scenario(folder), "--json", *options, cwd=folder)
    counters = environment_of(run_folder(folder / "results"))["target_fault_counters"]
    assert isinstance(counters, dict)
    return Caught(counters[row.name]["hits"] if row else 0, _tripped(run))


def _stopped(folder: Path) -> Caught:
    """The generator's process is held for half of its window, by the system."""
    own = ("generator.max_lateness_ms=100", "generator.max_hub_lag_ms=100")
    with started("run", scenario(folder), *settings("duration_s=3", *own), cwd=folder) as process:
        await_line(process, "measuring")
        generator = psutil.Process(process.pid)
        generator.suspend()
        try:
            psutil.wait_procs([generator], timeout=1.5)
        finally:
            generator.send_signal(signal.SIGCONT)
        run = ended(process)
    assert run.code == 3, run.err
    summary = (run_folder(folder / "results") / "summary.json").read_text()
    return Caught(1, _tripped(Ended(run.code, summary, run.err)))


def _tripped(run: Ended) -> frozenset[str]:
    """Checks that failed; of the one that cannot fail, that it did not hold."""
    findings = run.summary["findings"]
    assert isinstance(findings, list)
    found = {finding["name"]: finding["verdict"] for finding in findings}
    tripped = {name for name in CHECKS if found[name] == "FAILED"}
    return frozenset(tripped | ({COLLAPSE_NEEDS} if found[COLLAPSE_NEEDS] != "HELD" else set()))


def _hasty(options: DashboardOptions) -> PageRules:
    """A page whose debounce is shorter than the scenario says."""
    return replace(rules_of(options), debounce_ns=100_000_000)
