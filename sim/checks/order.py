"""Order: do events arrive in the order of the writes that they announce?

The contract promises one sequence per channel (contract 1). An event must not arrive at a dashboard after that of a
write which was sent when its own had been answered already: of one machine by any time, of different machines by at
least CAUSAL_NS. Sees: deliveries that come after one they must precede, each counted once; repetitions aside, which are
the matter of `announcements`. Cannot see: the order of writes that were under way together, or never answered, and of
events that no write of ours explains.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.announcements import duplicates
from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.history import UNEXPLAINED, History

Ints = NDArray[np.int64]

CAUSAL_NS: Final = 100_000_000
"""Several server processes may hand events of different machines over to the fan-out a little apart."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of deliveries that a write of ours explains, repetitions aside."""

    deliveries: int = 0
    out_of_order: int = 0
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Order:
    """One organisation's deliveries, dashboard by dashboard."""
    deliveries = history.deliveries
    explained = np.flatnonzero((deliveries.write != UNEXPLAINED) & (deliveries.dashboard >= 0))
    rows = np.setdiff1d(explained, duplicates(history))
    dashboard = deliveries.dashboard[rows]
    machine = dashboard * (history.frame.machines + 1) + deliveries.machine[rows]
    overtaken = _overtaken(history, rows, machine, 0) | _overtaken(history, rows, dashboard, CAUSAL_NS)
    out_of_order = rows[overtaken]
    return Order(
        deliveries=len(rows),
        out_of_order=len(out_of_order),
        witnesses=Witnesses.of(_witness(history, row) for row in out_of_order.tolist()),
    )


def merge(one: Order, other: Order) -> Order:
    """Add the counts up."""
    return Order(
        deliveries=one.deliveries + other.deliveries,
        out_of_order=one.out_of_order + other.out_of_order,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Order) -> Finding:
    """FAILED on one delivery out of order; UNKNOWN where no delivery could be judged."""
    if partial.out_of_order:
        verdict = Verdict.FAILED
        text = f"{partial.out_of_order:,} of {partial.deliveries:,} deliveries arrived after one they must precede"
    elif partial.deliveries:
        verdict = Verdict.HELD
        text = f"all {partial.deliveries:,} deliveries arrived in the order of their writes"
    else:
        verdict = Verdict.UNKNOWN
        text = "no delivery that a write of ours explains: there is no order to judge"
    return Finding(
        name="order",
        verdict=verdict,
        value=float(partial.out_of_order) if partial.deliveries else None,
        unit="deliveries",
        count=partial.deliveries,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _overtaken(history: History, rows: Ints, stream: Ints, apart_ns: int) -> NDArray[np.bool_]:
    """Which of these deliveries come after one of their stream whose write was sent `apart_ns` after their ack."""
    writes = history.writes
    order = np.lexsort((rows, stream))
    write, stream = history.deliveries.write[rows][order], stream[order]
    # Writes are numbered by time of sending: a running maximum within each stream, all streams at once.
    offset = stream * (len(writes) + 1)
    latest = np.maximum.accumulate(write + offset) - offset
    result = np.zeros(len(rows), np.bool_)
    result[order] = (latest > write) & (writes.sent_ns[latest] - writes.acked_ns[write] >= apart_ns)
    return result


def _witness(history: History, row: int) -> Witness:
    deliveries = history.deliveries
    return Witness(
        at_ns=int(deliveries.arrived_ns[row]),
        organisation=history.frame.organisation,
        dashboard=int(deliveries.dashboard[row]),
        size=1.0,
        text=f"a change of machine {deliveries.machine[row]} was received after a later one",
    )
