"""A run's figures over time, for the charts: a point per interval, never more of them than a chart can show."""

from collections.abc import Callable
from typing import Final

import msgspec

from sim.live.figures.progress import Progress, SparseHistogram

_MOST_POINTS: Final = 600


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What one interval brought; None where nothing was measured in it."""

    at_s: float
    """Run clock at its end."""
    p50_ms: float | None
    """Event-to-refetch of the events that were shown in it; so too the next two."""
    p95_ms: float | None
    p99_ms: float | None
    collapse_ratio: float | None
    """Deliveries per refetch that deliveries caused, since the window began."""
    sockets: int
    deliveries_per_s: float
    refetches_per_s: float
    leaks: int
    """Since the run began."""


class Series:
    """Add the run's progress about once per second. When there are too many points, two become one."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._before: Progress | None = None
        self._before_s = 0.0
        self._stride = 1
        self._left_out = 0

    def add(self, at_s: float, progress: Progress) -> None:
        """The run's figures at this time of its clock. Times must rise; from the first figures the others start."""
        if self._before is None:
            self._before, self._before_s = progress, at_s
            return
        self._left_out += 1
        if self._left_out < self._stride or at_s <= self._before_s:
            return
        self._left_out = 0
        self.points.append(_point(at_s, progress, at_s - self._before_s, self._before))
        self._before, self._before_s = progress, at_s
        if len(self.points) >= _MOST_POINTS:
            self.points = _halved(self.points)
            self._stride *= 2


def _point(at_s: float, progress: Progress, seconds: float, before: Progress) -> Point:
    of = _percentiles(progress.event_to_refetch, before.event_to_refetch)
    return Point(
        at_s=at_s,
        p50_ms=of(50),
        p95_ms=of(95),
        p99_ms=of(99),
        collapse_ratio=progress.collapsed / progress.caused if progress.caused else None,
        sockets=progress.subscribed,
        deliveries_per_s=(progress.deliveries - before.deliveries) / seconds,
        refetches_per_s=(progress.refetches - before.refetches) / seconds,
        leaks=progress.leaks,
    )


def _halved(points: list[Point]) -> list[Point]:
    """Each two as one; an odd one at the end stays. Rates are those of both intervals, percentiles the worse ones."""
    joined, before_s = list[Point](), 0.0
    for one, other in zip(points[::2], points[1::2], strict=False):
        share = (one.at_s - before_s) / (other.at_s - before_s)
        joined.append(
            msgspec.structs.replace(
                other,
                p50_ms=_worse(one.p50_ms, other.p50_ms),
                p95_ms=_worse(one.p95_ms, other.p95_ms),
                p99_ms=_worse(one.p99_ms, other.p99_ms),
                deliveries_per_s=share * one.deliveries_per_s + (1 - share) * other.deliveries_per_s,
                refetches_per_s=share * one.refetches_per_s + (1 - share) * other.refetches_per_s,
            )
        )
        before_s = other.at_s
    return joined + points[2 * len(joined) :]


def _worse(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)


def _percentiles(now: SparseHistogram, before: SparseHistogram) -> Callable[[float], float | None]:
    """Percentiles, in milliseconds, of what came since `before`: both are counts since the window began."""
    histogram = now.restored().since(before.restored())

    def percentile(q: float) -> float | None:
        value_ns = histogram.percentile(q)
        return None if value_ns is None else value_ns / 1e6

    return percentile
