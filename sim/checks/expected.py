"""Which deliveries were to be expected: pairs of a write and a dashboard that was subscribed for it.

A dashboard is expecting a write's event if it was subscribed from the sending of the write until the event arrived, or
until the deadline. So sockets that closed before the deadline, and the last writes of a run, are not judged.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.history import NEVER_NS, UNEXPLAINED, History, WriteKind

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Pairs of a write and a dashboard that was expecting its event, as columns of equal length."""

    dashboard: Ints
    write: Ints
    """Row of `Writes`."""
    arrived_ns: Ints
    """When the event first arrived there; NEVER_NS for never."""


def expected(history: History, writes: Ints) -> Expected:
    """Who was expecting the events of these rows of `Writes`; ordered by dashboard."""
    pairs = []
    for dashboard, arrived_ns in enumerate(_first_arrivals(history, writes)):
        rows = np.flatnonzero(_is_expecting(history, dashboard, history.writes.sent_ns[writes], arrived_ns))
        pairs.append(np.stack([np.full(len(rows), dashboard), writes[rows], arrived_ns[rows]]).astype(np.int64))
    return Expected(*np.concatenate([np.empty((3, 0), np.int64), *pairs], axis=1))


def announced_patches(history: History) -> Ints:
    """Rows of the PATCHes that the target answered with success and so must announce (contract 1, C9)."""
    writes = history.writes
    patches = (writes.kind == WriteKind.PATCH) & writes.acked() & in_window(history, writes.due_ns)
    return np.flatnonzero(patches & history.frame.patch_announces)


def in_window(history: History, time_ns: Ints) -> NDArray[np.bool_]:
    """Which of these times lie in the measured time: the window, or what the stay has of it."""
    frame = history.frame
    return np.asarray((time_ns >= frame.stay_from_ns) & (time_ns < frame.measured_until_ns))


def _first_arrivals(history: History, writes: Ints) -> list[Ints]:
    """For each dashboard and each of these writes: when its event first arrived there; NEVER_NS for never."""
    deliveries = history.deliveries
    rows = np.flatnonzero((deliveries.write != UNEXPLAINED) & (deliveries.dashboard >= 0))
    rows = rows[np.argsort(deliveries.dashboard[rows], kind="stable")]
    ends = np.searchsorted(deliveries.dashboard[rows], np.arange(history.frame.dashboards + 1))
    found = []
    for start, end in pairwise(ends.tolist()):
        arrived_ns = np.full(len(history.writes), NEVER_NS, np.int64)
        np.minimum.at(arrived_ns, deliveries.write[rows[start:end]], deliveries.arrived_ns[rows[start:end]])
        found.append(arrived_ns[writes])
    return found


def _is_expecting(history: History, dashboard: int, sent_ns: Ints, arrived_ns: Ints) -> NDArray[np.bool_]:
    """Which writes' events the dashboard had to receive."""
    sessions = history.sessions
    mine = (sessions.dashboard == dashboard) & (sessions.subscribed_ns < NEVER_NS)
    subscribed_ns, closed_ns = sessions.subscribed_ns[mine], sessions.closed_ns[mine]
    if not len(subscribed_ns):
        return np.zeros(len(sent_ns), np.bool_)
    session = np.searchsorted(subscribed_ns, sent_ns, side="right") - 1
    # Where a part of a run is cut, no deadline is still to come.
    known_until_ns = history.frame.ended_ns if history.frame.is_last else NEVER_NS
    open_until_ns = np.minimum(np.where(session >= 0, closed_ns[session], -NEVER_NS), known_until_ns)
    deadline_ns = sent_ns + history.frame.loss_deadline_ns
    return np.asarray((session >= 0) & (np.minimum(arrived_ns, deadline_ns) <= open_until_ns))
