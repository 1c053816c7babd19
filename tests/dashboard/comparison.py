"""A recording beside what was simulated: requests, their ends, and the distance of their times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import UnsetType

from sim.virtual.page import Observed
from sim.virtual.page.observed import RequestRecord
from tests.dashboard import traces


@dataclass(frozen=True)
class Comparison:
    """How far the two agree. `gaps_ms` has a label for each distance of an arrival or an abort."""

    expected: int
    simulated: int
    expected_aborts: int
    simulated_aborts: int
    gaps_ms: Sequence[tuple[float, str]]
    differences: Sequence[str]

    @property
    def worst_ms(self) -> float:
        """The largest distance of a time."""
        return max(gap_ms for gap_ms, _ in self.gaps_ms)

    def problems(self, tolerance_ms: float) -> Sequence[str]:
        """All differences, with the times that are further apart."""
        return [*self.differences, *(f"{what} off by {gap:.1f} ms" for gap, what in self.gaps_ms if gap > tolerance_ms)]


def compare(recorded: traces.Observed, simulated: Observed, first: int = 0) -> Comparison:
    """Compare the requests from that number on; the others count, but their times are left out."""
    expected, ours = recorded.in_order, simulated.refetch_requests
    pairs = list(zip(expected, ours, strict=False))
    return Comparison(
        len(expected),
        len(ours),
        sum(_real_abort_ms(request) is not None for request in expected),
        sum(_our_abort_ms(request) is not None for request in ours),
        [gap for number, (real, mine) in enumerate(pairs) if number >= first for gap in _gaps_ms(number, real, mine)],
        [*_counts(expected, ours), *(text for number, pair in enumerate(pairs) for text in _ends(number, *pair))],
    )


def _counts(expected: Sequence[traces.Request], ours: Sequence[RequestRecord]) -> Iterator[str]:
    if len(expected) != len(ours):
        yield f"{len(expected)} requests expected, {len(ours)} simulated"


def _ends(number: int, real: traces.Request, mine: RequestRecord) -> Iterator[str]:
    status = None if isinstance(mine.status, UnsetType) else mine.status
    if real.status != status:
        yield f"request {number}: status {real.status} expected, {status} simulated"
    if (_real_abort_ms(real) is None) != (_our_abort_ms(mine) is None):
        yield f"request {number}: only one was aborted"


def _gaps_ms(number: int, real: traces.Request, mine: RequestRecord) -> Iterator[tuple[float, str]]:
    yield abs(real.arrived_ms - mine.arrived_ms), f"arrival {number}"
    real_ms, our_ms = _real_abort_ms(real), _our_abort_ms(mine)
    if real_ms is not None and our_ms is not None:
        yield abs(real_ms - our_ms), f"abort {number}"


def _real_abort_ms(request: traces.Request) -> float | None:
    """An abort over HTTP/2 was recorded as an end without a status."""
    return request.finished_ms if request.aborted_ms is None and request.status is None else request.aborted_ms


def _our_abort_ms(request: RequestRecord) -> float | None:
    ended_ms = request.finished_ms if isinstance(request.aborted_ms, UnsetType) else request.aborted_ms
    return None if isinstance(ended_ms, UnsetType) or not isinstance(request.status, UnsetType) else ended_ms
