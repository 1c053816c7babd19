"""Live and virtual runs of one schedule agree, and so does the page alone with what it did over real sockets."""

import bisect
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.checks.latency import shown_deliveries
from sim.dashboard import Cause, Dashboard, Page, StartFetch, rules_of
from sim.history import History, read_histories
from sim.scenario import load
from tests.e2e.commands import run_folder, scenario, settings, ztna
from tests.virtual.runs import virtual

DEBOUNCE_NS = 500_000_000
BOUNDARY_NS = 2_000_000
"""A gap so near to the debounce window may fall on either side of it."""
TOLERANCE_MS = 50.0
"""Between the medians of an event's time from write to refetch, live and virtual: machines of tests are busy."""

SETTINGS = (
    "duration_s=8", "fleet.organisations=8", "fleet.machines=12", "dashboard.debounce_ms=500", "churn.events_per_s=1.5",
    "probes.per_s=0",
)  # fmt: skip
Place = tuple[int, int]
"""Organisation and dashboard."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Sequence[History]:
    folder = tmp_path_factory.mktemp("agreement")
    ended = ztna("run", scenario(folder), "--json", "--history", *settings(*SETTINGS), cwd=folder)
    assert ended.code == 3, ended.err  # without probes nothing says whether strangers are refused
    assert ended.summary["partial"] is False
    return read_histories((run_folder(folder / "results") / "history.npz").read_bytes())


@pytest.fixture(scope="module")
def modelled(tmp_path_factory: pytest.TempPathFactory) -> Sequence[History]:
    folder: Path = tmp_path_factory.mktemp("modelled")
    return virtual(load(str(folder / scenario(folder)), SETTINGS), history=True).histories


def test_both_run_the_same_schedule(live: Sequence[History], modelled: Sequence[History]) -> None:
    for real, model in zip(live, modelled, strict=True):
        for name in ("machine", "status", "due_ns"):
            assert _due(real, name) == _due(model, name)


def test_refetches_are_those_of_the_page_for_the_same_arrivals(live: Sequence[History]) -> None:
    for history in live:
        for dashboard in range(history.frame.dashboards):
            arrived_ns = _arrivals(history, dashboard)
            gaps_ns = np.diff(arrived_ns)
            near = int(np.count_nonzero(np.abs(gaps_ns - DEBOUNCE_NS) <= BOUNDARY_NS))
            assert abs(_refetches(history, dashboard) - _page_refetches(arrived_ns.tolist())) <= near


def test_refetches_are_those_of_the_virtual_run_but_for_gaps_at_the_boundary(
    live: Sequence[History], modelled: Sequence[History], capsys: pytest.CaptureFixture[str]
) -> None:
    counts: Mapping[Place, tuple[int, int]] = {
        (real.frame.organisation, dashboard): (_refetches(real, dashboard), _refetches(model, dashboard))
        for real, model in zip(live, modelled, strict=True)
        for dashboard in range(real.frame.dashboards)
    }
    at_boundary = {place for real, model in zip(live, modelled, strict=True) for place in _at_boundary(real, model)}
    with capsys.disabled():
        refetches = sum(real for real, _ in counts.values())
        print(f"\n{len(counts)} dashboards, {refetches} refetches, {len(at_boundary)} dashboards with a boundary gap")  # noqa: T201
    assert len(at_boundary) < len(counts)
    assert {place: pair for place, pair in counts.items() if place not in at_boundary and pair[0] != pair[1]} == {}


def test_times_from_write_to_refetch_agree(live: Sequence[History], modelled: Sequence[History]) -> None:
    assert abs(_median_ms(live) - _median_ms(modelled)) <= TOLERANCE_MS


def _due(history: History, name: str) -> list[int]:
    measured = history.writes.where(history.writes.due_ns >= 0)
    order = np.lexsort((measured.machine, measured.due_ns))
    column: list[int] = getattr(measured, name)[order].tolist()
    return column


def _arrivals(history: History, dashboard: int) -> NDArray[np.int64]:
    deliveries = history.deliveries
    return np.asarray(deliveries.arrived_ns[(deliveries.dashboard == dashboard) & (deliveries.arrived_ns >= 0)])


def _refetches(history: History, dashboard: int) -> int:
    fetches = history.fetches
    caused = (fetches.dashboard == dashboard) & (fetches.cause == Cause.EVENT) & (fetches.sent_ns >= 0)
    return int(np.count_nonzero(caused))


def _page_refetches(arrived_ns: Sequence[int]) -> int:
    """What the page alone does with events at these times."""
    page: Page = Dashboard(rules_of(load("quick", []).dashboard))
    page.mount(-3)
    page.opened(-2)
    page.answered(-1, 0, 0, True)
    effects = [effect for at_ns in arrived_ns for effect in page.event(at_ns)]
    effects += page.wake(arrived_ns[-1] + DEBOUNCE_NS) if arrived_ns else ()
    return sum(isinstance(effect, StartFetch) and effect.cause is Cause.EVENT for effect in effects)


def _at_boundary(real: History, model: History) -> list[Place]:
    """Dashboards with a gap that the two runs' different delays may have moved over the window's end."""
    found = []
    for dashboard in range(real.frame.dashboards):
        one, two = _arrivals(real, dashboard).tolist(), _arrivals(model, dashboard).tolist()
        if len(one) != len(two) or any(_crosses(a, b) for a, b in zip(pairwise(one), pairwise(two), strict=True)):
            found.append((real.frame.organisation, dashboard))
    return found


def _crosses(real: tuple[int, int], model: tuple[int, int]) -> bool:
    gaps = sorted((real[1] - real[0], model[1] - model[0]))
    bounds = [DEBOUNCE_NS - BOUNDARY_NS, DEBOUNCE_NS + BOUNDARY_NS]
    return bisect.bisect(bounds, gaps[0]) != bisect.bisect(bounds, gaps[1]) or bisect.bisect(bounds, gaps[0]) == 1


def _median_ms(histories: Sequence[History]) -> float:
    waits: list[float] = []
    for history in histories:
        shown, _ = shown_deliveries(history)
        waits += ((shown.fetch_sent_ns - history.writes.sent_ns[shown.write]) / 1e6).tolist()
    return float(np.median(waits))
