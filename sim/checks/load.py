"""What was driven and what came back, in numbers: no check, but what every report needs besides."""

import msgspec
import numpy as np

from sim.checks.expected import in_window
from sim.checks.over_time import Counts
from sim.history import UNEXPLAINED, History, WriteKind


class LoadCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes, and counts over the window and the drain."""

    sizes: dict[int, tuple[int, int]] = {}
    """Machines and dashboards of each organisation: by its number, as it may have been present several times."""
    writes: int = 0
    """Heartbeats that were due in the window."""
    writes_failed: int = 0
    transitions: int = 0
    unexplained_deliveries: int = 0
    writes_over_time: Counts = Counts()
    """Number of writes by time bucket."""

    @property
    def organisations(self) -> int:
        """How many there were."""
        return len(self.sizes)

    @property
    def machines(self) -> int:
        """How many all of them have."""
        return sum(machines for machines, _ in self.sizes.values())

    @property
    def dashboards(self) -> int:
        """How many all of them have."""
        return sum(dashboards for _, dashboards in self.sizes.values())


def observe(history: History) -> LoadCounts:
    """One organisation's numbers."""
    frame, deliveries = history.frame, history.deliveries
    is_beat = history.writes.kind == WriteKind.HEARTBEAT
    writes = history.writes.where(is_beat & in_window(history, history.writes.due_ns))
    own = (
        (deliveries.owner == frame.organisation)
        & (deliveries.dashboard >= 0)
        & (deliveries.arrived_ns >= frame.stay_from_ns)
    )
    return LoadCounts(
        sizes={frame.organisation: (frame.machines, frame.dashboards)},
        writes=len(writes),
        writes_failed=int(np.count_nonzero(~writes.acked())),
        transitions=int(np.count_nonzero(writes.transitions() & writes.acked())),
        unexplained_deliveries=int(np.count_nonzero(own & (deliveries.write == UNEXPLAINED))),
        writes_over_time=Counts.of(writes.sent_ns, frame.bucket_ns),
    )


def merge(one: LoadCounts, other: LoadCounts) -> LoadCounts:
    """Add the counts up."""
    names = ("writes", "writes_failed", "transitions", "unexplained_deliveries")
    sums = {name: getattr(one, name) + getattr(other, name) for name in names}
    return LoadCounts(
        sizes=one.sizes | other.sizes, **sums, writes_over_time=one.writes_over_time + other.writes_over_time
    )
