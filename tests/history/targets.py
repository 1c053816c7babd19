"""A small target of whose machines the true statuses are known, and what a recorder sees of it.

Agents send one heartbeat after the other, some of which fail, carried out or not, some after the next one. The cleanup
job marks the silent ones offline, an admin quarantines. Events come late, twice or not at all.
"""

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from hypothesis import strategies as st

from sim.contract import StatusCode
from sim.history import (
    NEVER_NS,
    NO_LAST_SEEN,
    UNEXPLAINED,
    Answers,
    Breaches,
    Deliveries,
    Fetches,
    History,
    Machines,
    Mounts,
    Probes,
    RunFrame,
    Sessions,
    States,
    WriteKind,
    Writes,
)
from sim.history.columns import Ints
from sim.history.truth import machines_at

_UNIT_NS: Final = 100_000_000
_ENDED_NS: Final = 200 * _UNIT_NS
_OFFLINE_AFTER: Final = 30
"""In units; the cleanup job comes up to 14 earlier, which is what clocks may be apart."""
_PATIENCE_NS: Final = 15 * _UNIT_NS
_ONLINE, _OFFLINE, _QUARANTINED, _UNKNOWN = (
    int(code) for code in (StatusCode.ONLINE, StatusCode.OFFLINE, StatusCode.QUARANTINED, StatusCode.UNKNOWN)
)


@dataclass(slots=True)
class _Write:
    machine: int
    status: int
    sent_ns: int
    done_ns: int | None
    """When it was carried out, if ever."""
    ended_ns: int
    """When it was answered or given up."""
    code: int
    over_ns: int
    """When the last of its events had arrived."""
    is_echo: bool = False
    """Whether the agent knew for sure that it changes nothing."""


@dataclass(slots=True, repr=False)
class Told:
    """What was told of the target, and the truth."""

    history: History
    writes: list[_Write]
    """In the order of the rows of the history."""
    changes: dict[int, list[tuple[int, int]]]
    """The true statuses of each machine: (from, status), sorted by time."""
    flights: list[tuple[int, int]]
    """Of each event that no write explains: when it was sent and when it arrived."""

    def __repr__(self) -> str:
        return f"{self.history.frame.machines} machines, {len(self.writes)} writes"

    def statuses(self, machine: int, from_ns: int, until_ns: int) -> set[int]:
        """Which statuses the machine truly had in this time."""
        changes = self.changes[machine]
        first = bisect_right(changes, (from_ns, 99)) - 1
        return {status for at_ns, status in changes[max(first, 0) :] if at_ns < min(until_ns, _ENDED_NS)}

    def instants(self) -> list[int]:
        """Some times of the run, at which nothing happens."""
        return [at_ns + _UNIT_NS // 2 for at_ns in range(0, _ENDED_NS, _UNIT_NS)]

    def is_settled(self, machine: int, at_ns: int) -> bool:
        """Whether, if nothing fails, the status is certain: its last write is answered, and not too long ago."""
        sent = [write for write in self.writes if write.machine == machine and write.sent_ns <= at_ns]
        if not sent or sent[-1].ended_ns > at_ns:
            return False
        return sent[-1].status == _OFFLINE or at_ns < sent[-1].sent_ns + _PATIENCE_NS

    def quiet_ns(self) -> list[int]:
        """When nothing is under way that may change anything."""
        busy = self.flights + [
            (write.sent_ns, write.over_ns)
            for write in self.writes
            if not write.is_echo or any(at_ns < write.ended_ns and write.sent_ns < over for at_ns, over in self.flights)
        ]
        return [at_ns for at_ns in self.instants() if not any(since <= at_ns <= over for since, over in busy)]

    def in_parts(self, cuts_ns: list[int]) -> list[History]:
        """The history, cut at these times."""
        edges = [-NEVER_NS, *cuts_ns, _ENDED_NS]
        noted_ns = np.array([write.ended_ns for write in self.writes], np.int64)
        machines, parts = self.history.machines, []
        for from_ns, ended_ns in pairwise(edges):
            rows = np.flatnonzero((noted_ns >= from_ns) & (noted_ns < ended_ns))
            deliveries = self.history.deliveries
            deliveries = deliveries.where((deliveries.arrived_ns >= from_ns) & (deliveries.arrived_ns < ended_ns))
            explained = np.flatnonzero(deliveries.write != UNEXPLAINED)
            assert np.isin(deliveries.write[explained], rows).all(), "an event is not in the part of its write"
            deliveries.write[explained] = np.searchsorted(rows, deliveries.write[explained])
            frame = _frame(self.history.frame.machines, from_ns, ended_ns, is_last=ended_ns == _ENDED_NS)
            parts.append(_history(frame, self.history.writes.where(rows), deliveries, machines))
            machines = machines_at(parts[-1])
        return parts


@st.composite
def told(draw: st.DrawFn, faults: bool = True) -> Told:
    """What happened to some machines; without faults, no write fails, and nobody else does anything."""
    chance = draw(st.randoms(use_true_random=False))
    return _Target(chance, faults).run()


@dataclass(slots=True)
class _Machine:
    number: int
    changes: list[tuple[int, int]]
    seen_ns: int

    @property
    def status(self) -> int:
        return self.changes[-1][1]


@dataclass(slots=True)
class _Target:
    chance: random.Random
    faults: bool
    machines: list[_Machine] = field(default_factory=list)
    readings: list[tuple[int, int, int, int]] = field(default_factory=list)
    writes: list[_Write] = field(default_factory=list)
    deliveries: list[tuple[int, ...]] = field(default_factory=list)
    flights: list[tuple[int, int]] = field(default_factory=list)
    _ticks: int = 0

    def run(self) -> Told:
        """All of it."""
        sweeps = range(0, _ENDED_NS, 7 * _UNIT_NS) if self.faults else ()
        todo: list[tuple[int, int, str, int]] = [(at_ns + self._tick(), 0, "sweep", 0) for at_ns in sweeps]
        for number in range(self.chance.randint(1, 2)):
            status = self.chance.choice([_ONLINE, _OFFLINE])
            self.machines.append(_Machine(number, [(-NEVER_NS, status)], -5 * _UNIT_NS))
            read = self.chance.choice([status, status, _UNKNOWN])
            self.readings.append((number, -5 * _UNIT_NS, read, -5 * _UNIT_NS))
            self._beats(number, status)
            if self.faults and self.chance.random() < 0.3:
                # When no event of the cleanup job is on its way.
                first, second = sorted(self.chance.sample(range(2, 20), 2))
                todo += [((7 * first + 5) * _UNIT_NS + self._tick(), number, "quarantine", 0)]
                todo += [((7 * second + 5) * _UNIT_NS + self._tick(), number, "free", 0)]
        self.writes.sort(key=lambda write: write.sent_ns)
        todo += [(w.done_ns, w.machine, "write", row) for row, w in enumerate(self.writes) if w.done_ns is not None]
        for at_ns, number, what, row in sorted(todo):
            if what == "sweep":
                self._sweep(at_ns)
            elif what == "write":
                self._carry_out(at_ns, self.machines[number], row)
            else:
                self._administer(at_ns, self.machines[number], _QUARANTINED if what == "quarantine" else _ONLINE)
        return self._told()

    def _tick(self) -> int:
        """No two things happen in the same nanosecond."""
        self._ticks += 1
        return self._ticks

    def _at(self, low: int, high: int) -> int:
        return self.chance.randint(low, high) * _UNIT_NS + self._tick()

    def _beats(self, number: int, known: int) -> None:
        """One agent's heartbeats."""
        now_ns, seen_ns = self._at(0, 5), -5 * _UNIT_NS
        while now_ns < _ENDED_NS - 20 * _UNIT_NS:
            status = self.chance.choice([_ONLINE, _ONLINE, _OFFLINE])
            kind = self.chance.choice(["ok", "ok", "ok", "refused", "unanswered"]) if self.faults else "ok"
            write = self._beat(number, status, now_ns, kind)
            is_silent = known == _ONLINE and write.ended_ns - seen_ns >= _PATIENCE_NS
            write.is_echo = known == status and not is_silent and kind != "unanswered"
            self.writes.append(write)
            if kind == "ok":
                known, seen_ns = status, now_ns
            elif not write.is_echo:
                known = _UNKNOWN
            now_ns = write.ended_ns + self._at(1, self.chance.choice([10, 40]))

    def _beat(self, number: int, status: int, now_ns: int, kind: str) -> _Write:
        if kind == "ok":
            done_ns = now_ns + self._at(0, 2)
            ended_ns = done_ns + self._at(0, 2)
            return _Write(number, status, now_ns, done_ns, ended_ns, 200, ended_ns)
        is_done = self.chance.random() < 0.5
        if kind == "refused":
            done_ns = now_ns + self._at(0, 3)
            ended_ns = done_ns + self._at(0, 1)
            return _Write(number, status, now_ns, done_ns if is_done else None, ended_ns, 500, ended_ns)
        ended_ns = now_ns + 5 * _UNIT_NS
        late_ns = now_ns + self._at(0, 10)
        return _Write(number, status, now_ns, late_ns if is_done else None, ended_ns, 0, ended_ns)

    def _carry_out(self, at_ns: int, machine: _Machine, row: int) -> None:
        write = self.writes[row]
        machine.seen_ns = at_ns
        write.over_ns = max(write.over_ns, at_ns)
        if machine.status in (write.status, _QUARANTINED):
            return
        machine.changes.append((at_ns, write.status))
        write.is_echo = False
        lost = [self.chance.random() < 0.3 for _ in range(2)]
        for dashboard in range(2):
            # Of a write that failed, some event comes: else nobody could know that it was carried out so late.
            if not lost[dashboard] or (write.code != 200 and dashboard == 0):
                longest = 20 if self.chance.random() < 0.1 else 3
                arrived_ns = at_ns + self._at(0, longest)
                write.over_ns = max(write.over_ns, arrived_ns)
                self.deliveries.append((dashboard, 0, machine.number, write.status, 1, arrived_ns, arrived_ns, row))

    def _sweep(self, at_ns: int) -> None:
        early = self.chance.randint(0, 14)
        for machine in self.machines:
            if machine.status == _ONLINE and machine.seen_ns < at_ns - (_OFFLINE_AFTER - early) * _UNIT_NS:
                machine.changes.append((at_ns, _OFFLINE))
                for dashboard in range(2):
                    if self.chance.random() < 0.7:
                        self._announce(dashboard, machine.number, _OFFLINE, at_ns, at_ns + self._at(0, 3))

    def _administer(self, at_ns: int, machine: _Machine, status: int) -> None:
        machine.changes.append((at_ns, status))
        self._announce(0, machine.number, status, at_ns, at_ns)
        self._announce(1, machine.number, status, at_ns, at_ns + self._at(0, 3))

    def _announce(self, dashboard: int, machine: int, status: int, at_ns: int, arrived_ns: int) -> None:
        self.flights.append((at_ns, arrived_ns))
        row = (dashboard, 0, machine, status, NO_LAST_SEEN, arrived_ns, arrived_ns, UNEXPLAINED)
        self.deliveries.append(row)

    def _told(self) -> Told:
        writes = [
            (w.machine, w.status, 0, w.sent_ns, w.sent_ns, w.sent_ns, w.ended_ns if w.code else NEVER_NS, w.code)
            for w in self.writes
        ]
        beats = [(*row, int(WriteKind.HEARTBEAT), NO_LAST_SEEN) for row in writes]
        deliveries = sorted(self.deliveries, key=lambda row: row[5])
        history = _history(
            _frame(len(self.machines), -NEVER_NS, _ENDED_NS, is_last=True),
            Writes.from_rows(_array(beats)),
            Deliveries.from_rows(_array(deliveries)),
            Machines.from_rows(_array(self.readings)),
        )
        changes = {machine.number: machine.changes for machine in self.machines}
        return Told(history, self.writes, changes, self.flights)


def _array(rows: Sequence[tuple[int, ...]]) -> Ints:
    return np.array(rows, np.int64)


def _frame(machines: int, from_ns: int, ended_ns: int, is_last: bool) -> RunFrame:
    return RunFrame(
        organisation=0, machines=machines, dashboards=2, window_ns=_ENDED_NS, from_ns=from_ns, ended_ns=ended_ns,
        is_last=is_last, bucket_ns=_UNIT_NS, debounce_ns=5 * _UNIT_NS, max_wait_ns=None,
        loss_deadline_ns=5 * _UNIT_NS, offline_after_ns=_OFFLINE_AFTER * _UNIT_NS,
    )  # fmt: skip


def _history(frame: RunFrame, writes: Writes, deliveries: Deliveries, machines: Machines) -> History:
    nothing = np.empty(0, np.int64)
    return History(
        frame, writes, deliveries, Fetches.from_rows(nothing), Answers.from_rows(nothing),
        Sessions.from_rows(nothing), Mounts.from_rows(nothing), Breaches.from_rows(nothing),
        States.from_rows(nothing), machines, Probes.from_rows(nothing),
    )  # fmt: skip
