"""The simulated page against recordings of a real one: every request, abort, status and connect."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Final

import pytest

from tests.dashboard import traces
from tests.dashboard.browser import MS_NS
from tests.dashboard.replay import Outcome, Replay
from tests.dashboard.traces import Trace

TOLERANCE_MS: Final = 25.0

WIDER_MS: Final = {
    "dash-hidden-7min-headed-signal": 100.0,  # a display, and 7 minutes
    "dash-poisson-r4-l2000-signal": 30.0,  # event 53 reached the page 26 ms after it was sent
    "health-poisson-r2-l300-nosignal": 100.0,  # 45 requests one after the other add up
    "health-poisson-r2-l300-signal": 100.0,
    "health-poisson-r4-l20-plain": 100.0,
    "health-poisson-r4-l800-plain": 100.0,
}

NOT_PREDICTED: Final = {
    "dash-burst-n12-g501-signal": "gaps of 501 ms: whether timer or event came first is chance",
    "dash-burst-n4-g501-nosignal": "gaps of 501 ms: whether timer or event came first is chance",
    "dash-burst-n9-g500-nosignal": "gaps of 500 ms: whether timer or event came first is chance",
    "dash-hidden-polling-7min-nosignal": "timers once a minute in a tab hidden for long are not simulated",
    "health-instant-n50-signal": "50 aborts within 3 ms: which requests left before is the browser's chance",
}

_COMPARED: Final = [name for name in traces.names() if name not in NOT_PREDICTED]


@dataclass(frozen=True)
class Comparison:
    """One recording beside its simulation."""

    name: str
    expected: int
    simulated: int
    worst_ms: float
    differences: Sequence[str]

    @property
    def passes(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        return f"{self.name:55} {self.expected:4} {self.simulated:4} {self.worst_ms:7.1f} ms"


@cache
def _compare(name: str) -> Comparison:
    trace = traces.trace(name)
    outcome = Replay(trace).run()
    expected = sorted(trace.observed.refetch_requests, key=lambda request: request.arrived_ms)
    gaps_ms = _gaps_ms(trace, outcome)
    differences = [f"off by {gap_ms:.1f} ms" for gap_ms in gaps_ms if gap_ms > WIDER_MS.get(name, TOLERANCE_MS)]
    if len(expected) != len(outcome.requests):
        differences.append(f"{len(expected)} requests expected, {len(outcome.requests)} simulated")
    for number, (real, ours) in enumerate(zip(expected, outcome.requests, strict=False)):
        if real.status != ours.status:
            differences.append(f"request {number}: status {real.status} expected, {ours.status} simulated")
    differences += _connect_counts(trace, outcome)
    differences += _answers_shown(trace, outcome)
    return Comparison(name, len(expected), len(outcome.requests), max(gaps_ms), differences)


def _gaps_ms(trace: Trace, outcome: Outcome) -> list[float]:
    """Distances of arrivals, aborts and connects, in ms. An abort over HTTP/2 was recorded as an end."""

    def ms(at_ns: int) -> float:
        return at_ns / MS_NS - trace.t0_monotonic_ms

    gaps_ms = []
    expected = sorted(trace.observed.refetch_requests, key=lambda request: request.arrived_ms)
    for real, ours in zip(expected, outcome.requests, strict=False):
        assert ours.arrived_ns is not None
        gaps_ms.append(abs(real.arrived_ms - ms(ours.arrived_ns)))
        if real.status is None and ours.aborted_ns is not None:
            aborted_ms = real.finished_ms if real.aborted_ms is None else real.aborted_ms
            assert aborted_ms is not None
            gaps_ms.append(abs(aborted_ms - ms(ours.aborted_ns)))
    for tab, connects_ns in outcome.connects_ns.items():
        pairs = zip(_connects_ms(trace, tab), connects_ns, strict=False)
        gaps_ms += [abs(real_ms - ms(ours_ns)) for real_ms, ours_ns in pairs]
    return gaps_ms


def _connects_ms(trace: Trace, tab: int) -> list[float]:
    return [entry.at_ms for entry in trace.observed.page if entry.tab == tab and entry.kind == "ws_connect"]


def _connect_counts(trace: Trace, outcome: Outcome) -> list[str]:
    differences = []
    for tab, connects_ns in outcome.connects_ns.items():
        expected = sum(socket.tab == tab for socket in trace.observed.sockets)
        if expected != len(connects_ns):
            differences.append(f"tab {tab}: {expected} sockets expected, {len(connects_ns)} simulated")
    return differences


def _answers_shown(trace: Trace, outcome: Outcome) -> list[str]:
    """The real page logged an answer when it changed what was shown, and what it had when it was mounted again."""
    expected = sorted(trace.observed.refetch_requests, key=lambda request: request.arrived_ms)
    numbers = {id(request): number for number, request in enumerate(outcome.requests)}
    differences = []
    for tab, shown in outcome.shown.items():
        log = [entry.arg for entry in trace.observed.page if entry.tab == tab and entry.kind == "shown"]
        real = [seq for seq, _ in groupby(log)]
        ours = [expected[numbers[id(request)]].seq for request in shown if numbers[id(request)] < len(expected)]
        changes = [seq for seq, _ in groupby(ours)]
        if trace.observed.page and real != changes:
            differences.append(f"tab {tab}: answers {real} shown, {changes} simulated")
    return differences


@pytest.mark.parametrize("name", _COMPARED)
def test_recording(name: str) -> None:
    comparison = _compare(name)
    assert comparison.passes, f"{comparison}: {comparison.differences}"


@pytest.mark.parametrize("name", NOT_PREDICTED)
def test_nothing_is_left_out_that_would_pass(name: str) -> None:
    assert not _compare(name).passes


def test_table() -> None:
    """Prints recording, requests expected and simulated, and the worst error; `pytest -s` shows it."""
    comparisons = [_compare(name) for name in _COMPARED]
    print(f"{'recording':55} real  sim   worst", *comparisons, sep="\n")  # noqa: T201
    assert len(comparisons) == 110 - len(NOT_PREDICTED)
    assert all(comparison.expected == comparison.simulated for comparison in comparisons)
