"""Which write explains which delivery.

An event carries the machine's id, its new status and, from a heartbeat, the target's `last_seen` (contract 1), but no
name of the write that caused it. An *announcement* is what the deliveries with the same (machine, status, last_seen)
have in common. An agent is sequential, so a machine's writes do not overlap and its announcements stand in the order
of `last_seen`.

How far the target's clock is from ours is found first: a write explains an announcement only if it was being answered
at its `last_seen`, which holds for one range of offsets; the offset that most announcements have in common is taken.
Then, from the last announcement to the first, each is given the write of the same machine and status that is nearest
to its `last_seen`, was sent before it first arrived, and is earlier than the write given to the one after it; of two
as near, as they may be where `last_seen` has whole seconds, one that changes nothing gives way. What finds no write is
unexplained: the cleanup job, or a deployment's life of its own.

A PATCH sets `last_seen` itself, and its event is known by that.

Where no event carries `last_seen`, each dashboard's events are given the latest writes sent before them.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.history.columns import NEVER_NS, NO_LAST_SEEN, UNEXPLAINED, Deliveries, Ints, WriteKind, Writes

CLOCK_TOLERANCE_MS: Final = 1_500
"""How far `last_seen` may lie outside the write it belongs to: clocks drift."""

_NS_PER_MS: Final = 1_000_000
_SECOND_MS: Final = 1_000
_CONSIDERED: Final = 8
"""How many writes before its arrival an announcement may belong to, while the offset is not known."""


def match(organisation: int, deliveries: Deliveries, writes: Writes, is_stamped: bool = False) -> Ints:
    """For each delivery the row of the write that explains it, or UNEXPLAINED.

    `deliveries` must be sorted by arrival and `writes` by sending; int64 array of len(deliveries). `is_stamped`:
    whether heartbeats' events are known to carry `last_seen`, from earlier parts of the run.
    """
    result = np.full(len(deliveries), UNEXPLAINED, np.int64)
    _match_patches(organisation, deliveries, writes, result)
    own = np.flatnonzero((deliveries.owner == organisation) & (result == UNEXPLAINED))
    stamped = own[deliveries.last_seen_ms[own] != NO_LAST_SEEN]
    if not len(own) or not len(writes):
        return result
    # Where heartbeats carry last_seen, an event without one is not from a heartbeat (contract 1: the cleanup's).
    if len(stamped):
        result[stamped] = _Matching(deliveries, stamped, deliveries.last_seen_ms[stamped], writes).by_clock()
    if len(stamped) or is_stamped:
        return result
    for dashboard in np.unique(deliveries.dashboard[own]):
        rows = own[deliveries.dashboard[own] == dashboard]
        result[rows] = _Matching(deliveries, rows, np.arange(len(rows)), writes).by_arrival()
    return result


def _match_patches(organisation: int, deliveries: Deliveries, writes: Writes, result: Ints) -> None:
    """The events of PATCHes: they carry the `last_seen` that was set, cut to whole seconds by some."""
    for row in np.flatnonzero(writes.kind == WriteKind.PATCH).tolist():
        set_ms = writes.last_seen_ms[row]
        told = (deliveries.last_seen_ms == set_ms) | (deliveries.last_seen_ms == set_ms // _SECOND_MS * _SECOND_MS)
        its = (deliveries.owner == organisation) & (deliveries.machine == writes.machine[row])
        result[told & its & (deliveries.arrived_ns >= writes.sent_ns[row])] = row


@dataclass(frozen=True, slots=True)
class _Clock:
    """The target's clock."""

    offset_ms: float
    """What it says when ours says 0."""
    grain_ms: float
    """Its times are cut to multiples of this."""

    def gap_ms(self, last_seen_ms: float, sent_ns: int, acked_ns: int) -> float:
        """From a write to a `last_seen`: 0 if it was being answered then, negative if it was sent later."""
        at_ms = last_seen_ms - self.offset_ms
        before_ms = at_ms + self.grain_ms - sent_ns / _NS_PER_MS
        return before_ms if before_ms < 0 else max(0.0, at_ms - acked_ns / _NS_PER_MS)


class _Matching:
    """The announcements of some deliveries, and the writes that they may belong to."""

    def __init__(self, deliveries: Deliveries, rows: Ints, identity: Ints, writes: Writes) -> None:
        keys = np.column_stack([deliveries.machine[rows], deliveries.status[rows], identity])
        found, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        self._announcements: list[list[int]] = found.tolist()
        self._arrived_ns: list[int] = deliveries.arrived_ns[rows[first]].tolist()
        self._inverse = inverse.reshape(-1)
        self._sent_ns: list[int] = writes.sent_ns.tolist()
        self._acked_ns: list[int] = writes.acked_ns.tolist()
        self._quiet: list[bool] = writes.echoes().tolist()
        self._candidates: dict[tuple[int, int], list[int]] = {}
        heartbeats = np.flatnonzero(writes.kind == WriteKind.HEARTBEAT).tolist()
        machines, statuses = writes.machine.tolist(), writes.status.tolist()
        for row in heartbeats:
            self._candidates.setdefault((machines[row], statuses[row]), []).append(row)

    def by_clock(self) -> Ints:
        """The write of each delivery, told by `last_seen`."""
        whole_seconds = all(last_seen_ms % _SECOND_MS == 0 for _, _, last_seen_ms in self._announcements)
        grain_ms = _SECOND_MS if whole_seconds else 1
        offset_ms = self._offset_ms(grain_ms)
        return self._assign(None if offset_ms is None else _Clock(offset_ms, grain_ms))

    def by_arrival(self) -> Ints:
        """The write of each delivery, told by arrival alone."""
        return self._assign(None)

    def _assign(self, clock: _Clock | None) -> Ints:
        result = np.full(len(self._announcements), UNEXPLAINED, np.int64)
        for k in range(len(self._announcements) - 1, -1, -1):
            machine, status, last_seen_ms = self._announcements[k]
            left = self._candidates.get((machine, status), [])
            while left and self._sent_ns[left[-1]] > self._arrived_ns[k]:
                left.pop()  # too late for this one, and so for those that were announced before it
            if clock is None or self._reaches(clock, left, last_seen_ms):
                result[k] = left.pop() if left else UNEXPLAINED
        return np.asarray(result[self._inverse])

    def _reaches(self, clock: _Clock, left: list[int], last_seen_ms: int) -> bool:
        """Drop the writes whose own announcement never arrived; whether the last one left explains this one."""
        while left:
            gap_ms = clock.gap_ms(last_seen_ms, self._sent_ns[left[-1]], self._acked_ns[left[-1]])
            nearest = len(left) == 1 or self._rank(clock, left[-1], last_seen_ms) <= self._rank(
                clock, left[-2], last_seen_ms
            )
            if nearest and gap_ms >= -CLOCK_TOLERANCE_MS:
                return gap_ms <= CLOCK_TOLERANCE_MS
            left.pop()
        return False

    def _rank(self, clock: _Clock, row: int, last_seen_ms: int) -> tuple[float, bool]:
        return abs(clock.gap_ms(last_seen_ms, self._sent_ns[row], self._acked_ns[row])), self._quiet[row]

    def _offset_ms(self, grain_ms: int) -> float | None:
        """The offset that most announcements have in common; the smallest of equals; None without any."""
        low: list[float] = []
        high: list[float] = []
        for (machine, status, last_seen_ms), arrived_ns in zip(self._announcements, self._arrived_ns, strict=True):
            rows = self._candidates.get((machine, status), [])
            sent = bisect_right(rows, arrived_ns, key=self._sent_ns.__getitem__)
            for row in rows[max(0, sent - _CONSIDERED) : sent]:
                if self._acked_ns[row] < NEVER_NS:
                    low.append(last_seen_ms - self._acked_ns[row] / _NS_PER_MS)
                    high.append(last_seen_ms + grain_ms - self._sent_ns[row] / _NS_PER_MS)
        return _most_common(np.array(low), np.array(high)) if low else None


def _most_common(low: NDArray[np.float64], high: NDArray[np.float64]) -> float:
    """The middle of the first stretch that most of the ranges [low, high] cover."""
    edges = np.concatenate([low, high])
    steps = np.concatenate([np.ones(len(low), np.int64), -np.ones(len(high), np.int64)])
    order = np.argsort(edges, kind="stable")  # where one range begins as another ends, both cover that point
    best = int(np.argmax(np.cumsum(steps[order])))
    begin, end = edges[order[best : best + 2]]
    return float((begin + end) / 2)
