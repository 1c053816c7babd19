"""Leaks found are the leaks injected, to the last one, where one event, answer or request in a thousand leaks."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.commands import environment_of, run_folder, scenario, section, settings, together, ztna

BUSY = ("duration_s=6", "fleet.machines=60", "churn.events_per_s=300", "probes.per_s=20", "probes.hold_s=60")
ANSWERS = ("duration_s=10", "fleet.machines=20", "churn.events_per_s=25", "dashboard.debounce_ms=5")
PROBES = ("duration_s=6", "probes.per_s=800")

ALL_RECONNECT = """
[[bursts]]
kind = "mass_reconnect"
at_s = 1
"""
"""And no socket is closed after that: what is on its way to one that closes is nobody's to count."""

LEAKS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "leak_event:1000": ("leaks", BUSY),
    "leak_row:1000": ("leaked_rows", ANSWERS),
    "leak_count:1000": ("leaked_counts", ANSWERS),
    "leak_after_reconnect:1000": ("leaks", (*BUSY, "dashboard.reconnect_s=0.2")),
    "widen_filter:1000": ("leaks", BUSY),
    "skip_membership_ws:100": ("leaked_requests", PROBES),
    "skip_membership_rpc:100": ("leaked_requests", PROBES),
    "skip_membership_crud:100": ("leaked_requests", PROBES),
}
"""Of what a fault leaks, its parameter one in so many: of requests by strangers a run has no thousands."""


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Mapping[str, float]]]:
    """By fault: the leakage of its run, and `hits` and `opportunities` by the target's own count."""
    runs = {fault: partial(_run, fault=fault, wanted=wanted) for fault, (_, wanted) in LEAKS.items()}
    with together(runs, tmp_path_factory) as run_of:
        yield run_of


@pytest.mark.parametrize("fault", LEAKS)
def test_found_is_injected(fault: str, counted: Callable[[str], Mapping[str, float]]) -> None:
    found, (kind, _) = counted(fault), LEAKS[fault]
    assert found["hits"] >= 1
    assert found["opportunities"] // int(fault.rpartition(":")[2]) >= 1
    assert found[kind] == found["hits"]
    kinds = ("leaks", "leaked_rows", "leaked_counts", "leaked_requests")
    assert sum(found[name] for name in kinds) == found["hits"]


def _run(folder: Path, fault: str, wanted: tuple[str, ...]) -> Mapping[str, float]:
    file = scenario(folder, ALL_RECONNECT if "reconnect" in fault else "")
    run = ztna("run", file, "--json", "--fault", fault, *settings(*wanted), cwd=folder)
    assert run.code == 1, run.err
    counters = environment_of(run_folder(folder / "results"))["target_fault_counters"]
    assert isinstance(counters, dict)
    return {**section(run.summary, "leakage"), **counters[fault.partition(":")[0]]}
