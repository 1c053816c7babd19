"""Running figures of a run, small enough to send twice a second; those of several workers add up."""

from typing import Final

import msgspec
import numpy as np

from sim.checks import generator
from sim.live.figures.health import Health
from sim.live.figures.tally import Tally
from sim.stats import Histogram

_INDEX: Final = "<u2"
_COUNT: Final = "<u4"


class SparseHistogram(msgspec.Struct, frozen=True):
    """A histogram's filled buckets, as bytes: there may be thousands, and lists of numbers take ten times as long."""

    indexes: bytes = b""
    """Two bytes each."""
    counts: bytes = b""
    """Four bytes each."""
    total: int = 0
    minimum: int | None = None
    maximum: int | None = None

    @classmethod
    def of(cls, histogram: Histogram) -> "SparseHistogram":
        """Of a histogram."""
        indexes, counts = histogram.sparse()
        columns = np.array(indexes, _INDEX).tobytes(), np.array(counts, _COUNT).tobytes()
        return cls(*columns, histogram.total, histogram.minimum, histogram.maximum)

    def restored(self) -> Histogram:
        """The histogram again."""
        indexes, counts = np.frombuffer(self.indexes, _INDEX), np.frombuffer(self.counts, _COUNT)
        return Histogram.from_sparse(indexes.tolist(), counts.tolist(), self.total, self.minimum, self.maximum)

    def __add__(self, other: "SparseHistogram") -> "SparseHistogram":
        extremes = [x for x in (self.minimum, self.maximum, other.minimum, other.maximum) if x is not None]
        indexes = np.frombuffer(self.indexes + other.indexes, _INDEX)
        counts = np.bincount(indexes, np.frombuffer(self.counts + other.counts, _COUNT))
        filled = np.flatnonzero(counts)
        return SparseHistogram(
            filled.astype(_INDEX).tobytes(),
            counts[filled].astype(_COUNT).tobytes(),
            self.total + other.total,
            min(extremes, default=None),
            max(extremes, default=None),
        )


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start of the run; latencies and the collapse since the window began; the generator now."""

    subscribed: int = 0
    deliveries: int = 0
    refetches: int = 0
    collapsed: int = 0
    """Deliveries since the window began."""
    caused: int = 0
    """Refetches since then that deliveries caused."""
    writes: int = 0
    leaks: int = 0
    overdue: int = 0
    """Deliveries that did not come in time; whether they were lost, the checks say in the end."""
    event_to_refetch: SparseHistogram = SparseHistogram()
    delivery: SparseHistogram = SparseHistogram()
    debounce: SparseHistogram = SparseHistogram()
    refetch: SparseHistogram = SparseHistogram()
    write: SparseHistogram = SparseHistogram()
    lateness: SparseHistogram = SparseHistogram()
    lag_ms: float = 0.0
    """The worst worker's event loop in the last second; so too the next."""
    cpu_share: float = 0.0
    errors: int = 0
    workers: int = 0
    saturated: tuple[str, ...] = ()
    """What is saturated now, with what to do; nothing after the window, in which only its own folding would be."""


_SUMS: Final = (
    "subscribed", "deliveries", "refetches", "collapsed", "caused", "writes", "leaks", "overdue", "errors", "workers",
)  # fmt: skip


def progress_of(tally: Tally, health: Health) -> Progress:
    """A worker's figures now."""
    recent = health.recent(tally.lateness.histogram)
    saturated = generator.saturation(health.limits, *recent) if health.is_judged else ()
    return Progress(
        subscribed=tally.subscribed,
        deliveries=tally.deliveries,
        refetches=tally.refetches,
        collapsed=tally.collapsed,
        caused=tally.caused,
        writes=tally.writes,
        leaks=tally.leaks,
        overdue=tally.overdue,
        lag_ms=recent.lag_ms,
        cpu_share=recent.cpu_share,
        errors=health.error_count,
        workers=1,
        saturated=tuple(saturated),
        event_to_refetch=SparseHistogram.of(tally.event_to_refetch.histogram),
        delivery=SparseHistogram.of(tally.delivery.histogram),
        debounce=SparseHistogram.of(tally.debounce.histogram),
        refetch=SparseHistogram.of(tally.refetch.histogram),
        write=SparseHistogram.of(tally.write.histogram),
        lateness=SparseHistogram.of(tally.lateness.histogram),
    )


def added(one: Progress, other: Progress) -> Progress:
    """Two workers' figures together."""
    sums = {name: getattr(one, name) + getattr(other, name) for name in _SUMS}
    return Progress(
        event_to_refetch=one.event_to_refetch + other.event_to_refetch,
        delivery=one.delivery + other.delivery,
        debounce=one.debounce + other.debounce,
        refetch=one.refetch + other.refetch,
        write=one.write + other.write,
        lateness=one.lateness + other.lateness,
        lag_ms=max(one.lag_ms, other.lag_ms),
        cpu_share=max(one.cpu_share, other.cpu_share),
        saturated=one.saturated + other.saturated,
        **sums,
    )
