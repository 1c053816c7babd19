"""What is known for sure of each machine's status at the target, and for how long: the ground truth of the writes.

A write is sent, and some time later it is certain: when it was answered with success, or when its event arrived, as an
event announces what is written. From the sending on the status before is no longer certain, so between the two nothing
is. What follows from how agents, the cleanup job and admins work (contract 1 and 4):

- A write that failed may have been carried out or not. Nothing is certain until the next one that succeeds, unless
  it says what is certain anyway. It may even be carried out after the next one (a proxy gave up, or we did): if its
  event arrives after that was sent, nobody knows which of the two was last.
- A machine that is online and silent may be marked offline from `offline_after_ns` on; it is, when an event without
  `last_seen` says so. Such an event that comes too early for that is somebody else's, or an old one: then in doubt.
- A heartbeat of a quarantined machine changes nothing, unless it is announced.
- An event that no write of ours explains, and no rule here, leaves in doubt what it says.

Not seen: a machine that an admin has disabled, or that is ephemeral and deleted once it is silent (contract 4).
A PATCH sets no status; its `last_seen` is taken for no sign of life, which errs on the side of doubt.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.contract import StatusCode
from sim.history.columns import (
    NEVER_NS,
    NO_LAST_SEEN,
    UNEXPLAINED,
    History,
    Ints,
    Machines,
    States,
    Table,
    WriteKind,
)

CLOCK_TOLERANCE_NS: Final = 1_500_000_000
"""By so much the cleanup job may come early: a clock of whole seconds, and another machine's."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Certainties(Table):
    """Times in which a machine's status is certain, sorted by machine and time; they do not overlap.

    A time begins with a change, or after a doubt: what is said again does not begin another one.
    """

    machine: Ints
    possible_ns: Ints
    """From here on it may have been so, and so it must have been announced since; -NEVER_NS if that is not known."""
    from_ns: Ints
    """From here on it is certain. In a part of a run it may lie before the part's beginning."""
    until_ns: Ints
    """NEVER_NS if nothing ends it."""
    status: Ints
    contact_ns: Ints
    """When the target last heard, or may have heard, that the machine is online; -NEVER_NS for never."""


def certainties(history: History) -> Certainties:
    """What is certain, and when, from the first reading of the machines, the writes and the events."""
    return _joined(*_intervals(_facts(history), _patience_ns(history)))


def machines_at(history: History) -> Machines:
    """What is known of each machine after all that the history tells: where the next part begins.

    One that is silent for so long that it may be offline has its status still; its `contact_ns` tells.
    """
    facts = _facts(history)
    known = _joined(*_intervals(facts, _patience_ns(history)))
    last = facts.where(_ends(facts.machine))
    place = np.searchsorted(known.machine, last.machine, side="right")  # of its last certain time, counted from 1
    has_any = np.append(-1, known.machine)[place] == last.machine
    from_ns = np.where(has_any, np.append(0, known.from_ns)[place], -NEVER_NS)
    until_ns = np.where(has_any, np.append(0, known.until_ns)[place], -NEVER_NS)
    is_sure = last.certain_ns < NEVER_NS
    since_ns = np.where(last.certain_ns < until_ns, from_ns, last.certain_ns)
    status = np.where(is_sure, last.status, StatusCode.UNKNOWN)
    return Machines(last.machine, np.where(is_sure, since_ns, until_ns), status, last.heard_ns)


def states_at(history: History) -> States:
    """What each dashboard shows of each machine after all that the history tells: the latest row of each."""
    states = history.states
    pairs = np.column_stack([states.dashboard, states.machine])[::-1]
    _, last = np.unique(pairs, axis=0, return_index=True)
    return states.where(np.sort(len(states) - 1 - last))


class _Source(IntEnum):
    """How a fact is known."""

    READING = 0
    ANSWER = 1  # a write by its answer alone, or not at all
    EVENT = 2  # a write that was announced
    OTHERS = 3  # an event that no write explains


@dataclass(frozen=True, slots=True, eq=False)
class _Facts(Table):
    """What was said of machines, sorted by machine and time."""

    machine: Ints
    begun_ns: Ints
    """From here on what was before is not certain."""
    certain_ns: Ints
    """From here on it is certain; NEVER_NS for never."""
    status: Ints
    heard_ns: Ints
    """When the target heard, or may have heard, that the machine is online; of all facts so far."""
    late_ns: Ints
    """When a write that failed was first announced: it may have been carried out until then; else -NEVER_NS."""
    source: Ints


def _patience_ns(history: History) -> int:
    """After so long a silence the cleanup job may have come."""
    return history.frame.offline_after_ns - CLOCK_TOLERANCE_NS


def _facts(history: History) -> _Facts:
    """All facts that change what is known, each as certain as all of them together leave it."""
    patience_ns = _patience_ns(history)
    facts = _Facts.from_rows(
        np.concatenate([each.rows() for each in (_read(history), _written(history), _others(history))])
    )
    facts = facts.where(np.lexsort((facts.begun_ns, facts.machine)))
    overtaken = _before(_highest(facts.late_ns, facts.machine), facts.machine) > facts.begun_ns
    overtaken &= facts.status != StatusCode.QUARANTINED  # what was announced was carried out before that
    facts = replace(facts, certain_ns=np.where(overtaken, NEVER_NS, facts.certain_ns))
    facts = facts.where(~_is_of_quarantined(facts))
    facts = facts.where(~_says_nothing_new(facts, patience_ns))
    heard_ns = _highest(facts.heard_ns, facts.machine)
    swept = (facts.source == _Source.OTHERS) & (facts.status == StatusCode.OFFLINE)
    too_early = swept & (facts.begun_ns - heard_ns < patience_ns)
    return replace(facts, heard_ns=heard_ns, certain_ns=np.where(too_early, NEVER_NS, facts.certain_ns))


def _read(history: History) -> _Facts:
    """The facts of the first reading, or of where the part before ended."""
    m = history.machines
    long_ago_ns = _filled(m, -NEVER_NS)
    return _Facts(m.machine, long_ago_ns, m.at_ns, m.status, m.contact_ns, long_ago_ns, _filled(m, _Source.READING))


def _written(history: History) -> _Facts:
    """The facts of heartbeats."""
    writes, deliveries = history.writes, history.deliveries
    arrived_ns = _filled(writes, NEVER_NS)
    explained = deliveries.write != UNEXPLAINED
    np.minimum.at(arrived_ns, deliveries.write[explained], deliveries.arrived_ns[explained])
    announced = arrived_ns < NEVER_NS
    facts = _Facts(
        machine=writes.machine,
        begun_ns=writes.sent_ns,
        certain_ns=np.minimum(np.where(writes.acked(), writes.acked_ns, NEVER_NS), arrived_ns),
        status=writes.status,
        heard_ns=np.where(writes.status == StatusCode.ONLINE, writes.sent_ns, -NEVER_NS),
        late_ns=np.where(announced & ~writes.acked(), arrived_ns, -NEVER_NS),
        source=np.where(announced, _Source.EVENT, _Source.ANSWER),
    )
    return facts.where(writes.kind == WriteKind.HEARTBEAT)


def _others(history: History) -> _Facts:
    """The facts of events that no write explains; certain are the cleanup job's and a quarantine (contract 1)."""
    d = history.deliveries
    own = (d.owner == history.frame.organisation) & (d.machine < history.frame.machines)
    d = d.where((d.write == UNEXPLAINED) & own)
    by_rule = (d.last_seen_ms == NO_LAST_SEEN) & np.isin(d.status, (StatusCode.OFFLINE, StatusCode.QUARANTINED))
    certain_ns = np.where(by_rule, d.arrived_ns, NEVER_NS)
    long_ago_ns = _filled(d, -NEVER_NS)
    return _Facts(d.machine, d.arrived_ns, certain_ns, d.status, long_ago_ns, long_ago_ns, _filled(d, _Source.OTHERS))


def _is_of_quarantined(facts: _Facts) -> Mask:
    """Which facts are heartbeats that changed nothing, as their machine was quarantined."""
    quiet = facts.source == _Source.ANSWER
    latest = _latest(~quiet | _begins(facts.machine))
    return np.asarray(quiet & (facts.status[latest] == StatusCode.QUARANTINED))


def _says_nothing_new(facts: _Facts, patience_ns: int) -> Mask:
    """Which facts are uncertain and say only what is certain without them, as all others since that one do."""
    unsure = facts.certain_ns == NEVER_NS
    latest = _latest(~unsure | _begins(facts.machine))
    status = facts.status[latest]
    silent = (status == StatusCode.ONLINE) & (facts.begun_ns > facts.heard_ns[latest] + patience_ns)
    doubts = np.cumsum(unsure & ((facts.status != status) | silent | unsure[latest]))
    return np.asarray(unsure & (doubts == (doubts - unsure)[latest]))


def _intervals(facts: _Facts, patience_ns: int) -> tuple[Certainties, Mask, Mask]:
    """The time in which each fact is certain, of those that have any. `possible_ns` is when its write was sent.

    Also, which follow upon one without a doubt between, and which of those only say the same again: they may not
    have been marked offline while they were being said.
    """
    same = facts.machine[1:] == facts.machine[:-1]
    next_ns = _filled(facts, NEVER_NS)
    next_ns[:-1][same] = facts.begun_ns[1:][same]
    silent_ns = np.where(facts.status == StatusCode.ONLINE, facts.heard_ns + patience_ns, NEVER_NS)
    until_ns = np.minimum(next_ns, silent_ns)
    kept = (facts.certain_ns < until_ns) & (facts.status != StatusCode.UNKNOWN)
    follows, repeats = np.zeros((2, len(facts)), np.bool_)
    follows[1:] = same & kept[:-1]
    repeats[1:] = follows[1:] & (facts.status[1:] == facts.status[:-1]) & (facts.certain_ns[1:] <= silent_ns[:-1])
    columns = (facts.machine, facts.begun_ns, facts.certain_ns, until_ns, facts.status, facts.heard_ns)
    return Certainties(*(column[kept] for column in columns)), follows[kept], repeats[kept]


def _joined(each: Certainties, follows: Mask, repeats: Mask) -> Certainties:
    """One row for what is said again and again; `possible_ns` is where the status before it is no longer certain."""
    first = np.flatnonzero(~repeats)
    last = np.append(first[1:], len(each))[: len(first)] - 1
    changed = follows[first] & (each.status[first] != each.status[first - 1])
    return Certainties(
        machine=each.machine[first],
        possible_ns=np.where(changed, each.until_ns[first - 1], -NEVER_NS),
        from_ns=each.from_ns[first],
        until_ns=each.until_ns[last],
        status=each.status[first],
        contact_ns=each.contact_ns[last],
    )


def _filled(table: Table, value: int) -> Ints:
    return np.full(len(table), value, np.int64)


def _begins(machine: Ints) -> Mask:
    """Which rows are the first of their machine."""
    return np.append(True, machine[1:] != machine[:-1])[: len(machine)]


def _ends(machine: Ints) -> Mask:
    """Which rows are the last of their machine."""
    return np.append(machine[1:] != machine[:-1], True)[: len(machine)]


def _latest(marked: Mask) -> Ints:
    """For each row the number of the latest marked one, itself included; the first row must be marked."""
    return np.asarray(np.maximum.accumulate(np.where(marked, np.arange(len(marked)), 0)))


def _before(values: Ints, machine: Ints) -> Ints:
    """The value of the row before, of the same machine; -NEVER_NS for the first."""
    before = np.append(-NEVER_NS, values)[: len(values)]
    return np.where(_begins(machine), -NEVER_NS, before)


def _highest(values: Ints, machine: Ints) -> Ints:
    """The highest value of each machine so far; the rows are sorted by machine."""
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values))
    # Ranks, as times are too large to be set apart by machine.
    apart = np.cumsum(_begins(machine)) * len(values)
    return np.asarray(values[order][np.maximum.accumulate(rank + apart) - apart])
