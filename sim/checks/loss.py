"""Loss: did every subscribed dashboard receive every acked transition in time?

Expected is each pair of an acked transition of the window, or a PATCH that must be announced, and a dashboard of its
organisation that was subscribed from the sending of the write until the event arrived, or until the deadline. Sees:
events that came not at all or too late. Cannot see: what the cleanup job should have announced, since no write says
when; events for sockets that closed before the deadline. A PATCH that nobody received is the matter of `announcements`.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.expected import announced_patches, expected, in_window
from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.history import NEVER_NS, History

Ints = NDArray[np.int64]


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of pairs of a write and a dashboard."""

    expected: int = 0
    lost: int = 0
    late: int = 0
    """Of the lost: those that arrived after the deadline."""
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Loss:
    """Expected and lost pairs of one organisation."""
    writes = history.writes
    pairs = expected(history, _judged(history))
    is_lost = pairs.arrived_ns > writes.sent_ns[pairs.write] + history.frame.loss_deadline_ns
    return Loss(
        expected=len(pairs.write),
        lost=int(np.count_nonzero(is_lost)),
        late=int(np.count_nonzero(is_lost & (pairs.arrived_ns < NEVER_NS))),
        witnesses=Witnesses.of(
            _witness(history, dashboard, write)
            for dashboard, write in zip(pairs.dashboard[is_lost].tolist(), pairs.write[is_lost].tolist(), strict=True)
        ),
    )


def merge(one: Loss, other: Loss) -> Loss:
    """Add the counts up."""
    return Loss(
        expected=one.expected + other.expected,
        lost=one.lost + other.lost,
        late=one.late + other.late,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Loss) -> Finding:
    """FAILED on one lost event; UNKNOWN where none was expected."""
    if partial.lost:
        verdict = Verdict.FAILED
        text = (
            f"of {partial.expected:,} expected deliveries {partial.lost:,} were lost ({partial.late:,} of them came"
            " too late)"
        )
    elif partial.expected:
        verdict = Verdict.HELD
        text = f"all {partial.expected:,} expected deliveries arrived before the deadline"
    else:
        verdict = Verdict.UNKNOWN
        text = "no delivery was expected: no acked transition met a subscribed dashboard"
    return Finding(
        name="loss",
        verdict=verdict,
        value=float(partial.lost) if partial.expected else None,
        unit="deliveries",
        count=partial.expected,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _judged(history: History) -> Ints:
    """Rows of the writes whose events must arrive: acked transitions, and PATCHes that anybody was told of."""
    writes = history.writes
    transitions = np.flatnonzero(writes.transitions() & writes.acked() & in_window(history, writes.due_ns))
    told = history.deliveries.write[history.deliveries.dashboard >= 0]
    return np.concatenate([transitions, np.intersect1d(announced_patches(history), told)])


def _witness(history: History, dashboard: int, row: int) -> Witness:
    writes = history.writes
    return Witness(
        at_ns=int(writes.sent_ns[row]),
        organisation=history.frame.organisation,
        dashboard=dashboard,
        size=1.0,
        text=f"the change of machine {writes.machine[row]} was not received before the deadline",
    )
