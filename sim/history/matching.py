"""Which write explains which delivery.

An event carries the machine's id, its new status and, from a heartbeat, the target's `last_seen` (contract 1), but no
name of the write that caused it. An *announcement* is what the deliveries with the same (machine, status, last_seen)
have in common. An agent is sequential, so a machine's writes do not overlap and its announcements stand in the order
of `last_seen`. Taking announcements from the last to the first, each is given the latest write of the same machine and
status that was sent before the announcement first arrived, is earlier than the write given to the announcement after
it, and whose time at the target can have been that `last_seen`. What finds no write is unexplained: the cleanup job,
or a deployment's life of its own.
"""

from typing import Final

import numpy as np

from sim.history.columns import NO_LAST_SEEN, UNEXPLAINED, Deliveries, Ints, Writes

CLOCK_TOLERANCE_MS: Final = 1_500
"""How far `last_seen` may lie outside the write it belongs to: some targets keep whole seconds, and clocks drift."""

_NS_PER_MS: Final = 1_000_000


def match(organisation: int, deliveries: Deliveries, writes: Writes) -> Ints:
    """For each delivery the row of the write that explains it, or UNEXPLAINED.

    `deliveries` must be sorted by arrival and `writes` by sending; int64 array of len(deliveries).
    """
    result = np.full(len(deliveries), UNEXPLAINED, np.int64)
    own = np.flatnonzero(deliveries.owner == organisation)
    stamped = own[deliveries.last_seen_ms[own] != NO_LAST_SEEN]
    # Where heartbeats carry last_seen, an event without one is not from a heartbeat (contract 1: the cleanup's).
    rows = stamped if len(stamped) else own
    if not len(rows) or not len(writes):
        return result
    identity = deliveries.last_seen_ms if len(stamped) else _ordinals(deliveries, rows)
    keys = np.column_stack([deliveries.machine[rows], deliveries.status[rows], identity[rows]])
    announcements, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    arrived_ns = deliveries.arrived_ns[rows[first]]
    assigned = _assign(announcements, arrived_ns, writes, offset_ms=None)
    if len(stamped):
        assigned = _assign(announcements, arrived_ns, writes, _offset_ms(announcements, assigned, writes))
    result[rows] = assigned[inverse.reshape(-1)]
    return result


def _ordinals(deliveries: Deliveries, rows: Ints) -> Ints:
    """Identity for events without `last_seen`: the how-manieth of its machine and status at its dashboard."""
    ordinals = np.zeros(len(deliveries), np.int64)
    seen: dict[tuple[int, int, int], int] = {}
    columns = (deliveries.dashboard, deliveries.machine, deliveries.status)
    for row in rows.tolist():
        key = (int(columns[0][row]), int(columns[1][row]), int(columns[2][row]))
        ordinals[row] = seen[key] = seen.get(key, -1) + 1
    return ordinals


def _offset_ms(announcements: Ints, assigned: Ints, writes: Writes) -> float | None:
    """The target's clock minus the run clock, in ms: the median over the announcements that found a write."""
    found = assigned != UNEXPLAINED
    if not found.any():
        return None
    return float(np.median(announcements[found, 2] - writes.sent_ns[assigned[found]] / _NS_PER_MS))


def _assign(announcements: Ints, arrived_ns: Ints, writes: Writes, offset_ms: float | None) -> Ints:
    """The write of each announcement; `announcements` is sorted by machine, status and identity."""
    candidates: dict[tuple[int, int], list[int]] = {}
    for row, key in enumerate(zip(writes.machine.tolist(), writes.status.tolist(), strict=True)):
        candidates.setdefault(key, []).append(row)
    result = np.full(len(announcements), UNEXPLAINED, np.int64)
    sent_ns, acked_ns = writes.sent_ns.tolist(), writes.acked_ns.tolist()
    for k in range(len(announcements) - 1, -1, -1):
        machine, status, identity = announcements[k].tolist()
        left = candidates.get((machine, status))
        while left:
            row = left[-1]
            if sent_ns[row] > arrived_ns[k]:
                left.pop()  # earlier announcements of the same machine and status arrived still earlier, or unsent
                continue
            if offset_ms is not None:
                at_ms = identity - offset_ms
                if at_ms < sent_ns[row] / _NS_PER_MS - CLOCK_TOLERANCE_MS:
                    left.pop()  # this write's own announcement did not arrive anywhere
                    continue
                if at_ms > acked_ns[row] / _NS_PER_MS + CLOCK_TOLERANCE_MS:
                    break  # nobody's write of ours: the write is left for an earlier announcement
            result[k] = row
            left.pop()
            break
    return result
