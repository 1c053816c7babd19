"""Loss: did every subscribed dashboard receive every acked transition, once, and in order?

Expected is each pair of an acked transition of the window and a dashboard of its organisation that was subscribed from
the sending of the write until the event arrived, or until the deadline. Sees: events that came not at all or too late
(lost), more than once (duplicates), or after a later event of the same machine (out of order). Cannot see: what the
cleanup job should have announced, since no write says when; events for sockets that closed before the deadline.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.history import NEVER_NS, NO_LAST_SEEN, UNEXPLAINED, Deliveries, History

Ints = NDArray[np.int64]


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of pairs of a transition and a dashboard."""

    expected: int = 0
    lost: int = 0
    late: int = 0
    """Of the lost: those that arrived after the deadline."""
    duplicates: int = 0
    out_of_order: int = 0
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Loss:
    """Expected and lost pairs of one organisation, duplicates and order."""
    expected, late, missing = 0, 0, []
    writes = history.writes
    judged = np.flatnonzero(
        writes.transitions() & writes.acked() & (writes.due_ns >= 0) & (writes.due_ns < history.frame.window_ns)
    )
    for dashboard in range(history.frame.dashboards):
        arrived_ns = _first_arrivals(history, dashboard)[judged]
        due = _expected(history, dashboard, writes.sent_ns[judged], arrived_ns)
        lost = due & (arrived_ns > writes.sent_ns[judged] + history.frame.loss_deadline_ns)
        expected += int(np.count_nonzero(due))
        late += int(np.count_nonzero(lost & (arrived_ns < NEVER_NS)))
        missing += [(dashboard, int(row)) for row in judged[lost]]
    duplicates, out_of_order = _duplicates(history), _out_of_order(history)
    return Loss(
        expected=expected,
        lost=len(missing),
        late=late,
        duplicates=len(duplicates),
        out_of_order=len(out_of_order),
        witnesses=Witnesses.of(
            [
                *(_lost_witness(history, dashboard, row) for dashboard, row in missing),
                *(_witness(history, row, "received twice") for row in duplicates.tolist()),
                *(_witness(history, row, "received after a later one") for row in out_of_order.tolist()),
            ]
        ),
    )


def merge(one: Loss, other: Loss) -> Loss:
    """Add the counts up."""
    return Loss(
        expected=one.expected + other.expected,
        lost=one.lost + other.lost,
        late=one.late + other.late,
        duplicates=one.duplicates + other.duplicates,
        out_of_order=one.out_of_order + other.out_of_order,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Loss) -> Finding:
    """FAILED on one lost, doubled or misordered event; UNKNOWN where none was expected."""
    faults = partial.lost + partial.duplicates + partial.out_of_order
    if faults:
        verdict = Verdict.FAILED
        text = (
            f"of {partial.expected:,} expected deliveries {partial.lost:,} were lost ({partial.late:,} of them came"
            f" too late); {partial.duplicates:,} came twice and {partial.out_of_order:,} out of order"
        )
    elif partial.expected:
        verdict = Verdict.HELD
        text = f"all {partial.expected:,} expected deliveries arrived, once and in order"
    else:
        verdict = Verdict.UNKNOWN
        text = "no delivery was expected: no acked transition met a subscribed dashboard"
    return Finding(
        name="loss",
        verdict=verdict,
        value=float(faults) if faults or partial.expected else None,
        unit="deliveries",
        count=partial.expected,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _first_arrivals(history: History, dashboard: int) -> Ints:
    """For each write: when its event first arrived at this dashboard; NEVER_NS for never."""
    deliveries = history.deliveries
    arrived_ns = np.full(len(history.writes), NEVER_NS, np.int64)
    mine = (deliveries.dashboard == dashboard) & (deliveries.write != UNEXPLAINED)
    np.minimum.at(arrived_ns, deliveries.write[mine], deliveries.arrived_ns[mine])
    return arrived_ns


def _expected(history: History, dashboard: int, sent_ns: Ints, arrived_ns: Ints) -> NDArray[np.bool_]:
    """Which of these writes' events the dashboard had to receive."""
    sessions = history.sessions
    mine = (sessions.dashboard == dashboard) & (sessions.subscribed_ns < NEVER_NS)
    subscribed_ns, closed_ns = sessions.subscribed_ns[mine], sessions.closed_ns[mine]
    if not len(subscribed_ns):
        return np.zeros(len(sent_ns), np.bool_)
    session = np.searchsorted(subscribed_ns, sent_ns, side="right") - 1
    open_until_ns = np.minimum(np.where(session >= 0, closed_ns[session], -NEVER_NS), history.frame.ended_ns)
    deadline_ns = sent_ns + history.frame.loss_deadline_ns
    return (session >= 0) & (np.minimum(arrived_ns, deadline_ns) <= open_until_ns)


def _duplicates(history: History) -> Ints:
    """Rows of the deliveries that repeat an announcement at the same dashboard."""
    deliveries = history.deliveries
    told_apart = (deliveries.last_seen_ms != NO_LAST_SEEN) | (deliveries.write != UNEXPLAINED)
    rows = np.flatnonzero((deliveries.owner == history.frame.organisation) & told_apart)
    _, first = np.unique(_identity(deliveries, rows), axis=0, return_index=True)
    return np.delete(rows, first)


def _identity(deliveries: Deliveries, rows: Ints) -> Ints:
    names = ("dashboard", "machine", "status", "last_seen_ms", "write")
    return np.column_stack([getattr(deliveries, name)[rows] for name in names])


def _out_of_order(history: History) -> Ints:
    """Rows of the deliveries that come after one of a later write of the same machine, duplicates aside."""
    deliveries = history.deliveries
    rows = np.setdiff1d(np.flatnonzero(deliveries.write != UNEXPLAINED), _duplicates(history))
    stream = deliveries.dashboard[rows] * (history.frame.machines + 1) + deliveries.machine[rows]
    order = np.lexsort((rows, stream))
    rows, stream = rows[order], stream[order]
    write = deliveries.write[rows]
    # Writes are numbered by time of sending: a running maximum within each stream, all streams at once.
    offset = stream * (len(history.writes) + 1)
    return rows[write + offset < np.maximum.accumulate(write + offset)]


def _lost_witness(history: History, dashboard: int, row: int) -> Witness:
    writes = history.writes
    return Witness(
        at_ns=int(writes.sent_ns[row]),
        organisation=history.frame.organisation,
        dashboard=dashboard,
        size=1.0,
        text=f"the change of machine {writes.machine[row]} was not received before the deadline",
    )


def _witness(history: History, row: int, what: str) -> Witness:
    deliveries = history.deliveries
    return Witness(
        at_ns=int(deliveries.arrived_ns[row]),
        organisation=history.frame.organisation,
        dashboard=int(deliveries.dashboard[row]),
        size=1.0,
        text=f"a change of machine {deliveries.machine[row]} was {what}",
    )
