"""A slow target shows in the figures, with the target's own count of what it did; both pages hold without a fault."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.commands import Ended, environment_of, finding, run_folder, scenario, settings, together, ztna

RUNS: Mapping[str, tuple[str, ...]] = {
    "delay_event": ("--fault", "delay_event:300", *settings("objectives=['delivery.p50_ms < 300']")),
    "freeze": ("--fault", "freeze:0.5:900", *settings("objectives=['write_from_due.max_ms < 700']")),
    "dashboard": (),
    "health": (*settings("dashboard.page=health"),),
}


@dataclass(frozen=True)
class Faulty:
    """A run with a fault, and how often the target itself says that it hit."""

    ended: Ended
    counters: Mapping[str, Mapping[str, int]]

    @property
    def summary(self) -> Mapping[str, object]:
        return self.ended.summary

    def hits(self, fault: str) -> int:
        return self.counters[fault]["hits"]


def _run(folder: Path, options: tuple[str, ...]) -> Faulty:
    shown = ztna("run", scenario(folder), "--json", *options, cwd=folder)
    counters = environment_of(run_folder(folder / "results"))["target_fault_counters"]
    assert isinstance(counters, dict)
    return Faulty(shown, counters)


@pytest.fixture(scope="module")
def run_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Faulty]]:
    """The run of a name."""
    runs = {name: partial(_run, options=options) for name, options in RUNS.items()}
    with together(runs, tmp_path_factory) as run_of:
        yield run_of


def test_a_delay_is_in_the_delivery(run_with: Callable[[str], Faulty]) -> None:
    run = run_with("delay_event")
    assert run.ended.code == 1, run.ended.err
    metrics = run.summary["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["delivery"]["count"] == run.hits("delay_event")
    assert finding(run.summary, "objective: delivery.p50_ms < 300")["verdict"] == "FAILED"


def test_a_freeze_is_in_the_times_from_due(run_with: Callable[[str], Faulty]) -> None:
    run = run_with("freeze")
    assert run.ended.code == 1, run.ended.err
    assert run.hits("freeze") == 1
    assert finding(run.summary, "objective: write_from_due.max_ms < 700")["verdict"] == "FAILED"


@pytest.mark.parametrize("page", ["dashboard", "health"])
def test_without_a_fault_nothing_fails(page: str, run_with: Callable[[str], Faulty]) -> None:
    run = run_with(page)
    assert run.ended.code == 0, run.ended.out + run.ended.err
    assert run.counters == {}
