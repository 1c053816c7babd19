"""Running figures of a run, small enough to send twice a second; those of several workers add up."""

import msgspec

from sim.live.tally import Tally
from sim.stats import Histogram


class SparseHistogram(msgspec.Struct, frozen=True):
    """A histogram as plain lists."""

    indexes: list[int] = []
    counts: list[int] = []
    total: int = 0
    minimum: int | None = None
    maximum: int | None = None

    @classmethod
    def of(cls, histogram: Histogram) -> "SparseHistogram":
        """Of a histogram."""
        return cls(*histogram.sparse(), histogram.total, histogram.minimum, histogram.maximum)

    def restored(self) -> Histogram:
        """The histogram again."""
        return Histogram.from_sparse(self.indexes, self.counts, self.total, self.minimum, self.maximum)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start of the run; latencies of the window so far."""

    subscribed: int = 0
    deliveries: int = 0
    refetches: int = 0
    writes: int = 0
    leaks: int = 0
    event_to_refetch: SparseHistogram = SparseHistogram()
    lateness: SparseHistogram = SparseHistogram()


def progress_of(tally: Tally) -> Progress:
    """A worker's figures now."""
    return Progress(
        subscribed=tally.subscribed,
        deliveries=tally.deliveries,
        refetches=tally.refetches,
        writes=tally.writes,
        leaks=tally.leaks,
        event_to_refetch=SparseHistogram.of(tally.event_to_refetch),
        lateness=SparseHistogram.of(tally.lateness),
    )


def added(one: Progress, other: Progress) -> Progress:
    """Two workers' figures together."""
    return Progress(
        subscribed=one.subscribed + other.subscribed,
        deliveries=one.deliveries + other.deliveries,
        refetches=one.refetches + other.refetches,
        writes=one.writes + other.writes,
        leaks=one.leaks + other.leaks,
        event_to_refetch=SparseHistogram.of(one.event_to_refetch.restored() + other.event_to_refetch.restored()),
        lateness=SparseHistogram.of(one.lateness.restored() + other.lateness.restored()),
    )
