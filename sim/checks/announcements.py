"""Announcements: is each change announced once, and nothing else?

Sees: events that announce a heartbeat which changed nothing (contract 1: only a change is announced), events that come
twice to one dashboard, and a PATCH that was announced to nobody though a dashboard was expecting it (contract 1, C9).
An announcement that reaches several dashboards counts at each. Cannot see: repetitions of what neither carries a
`last_seen` nor belongs to a write of ours; whether an event of a write whose machine's status was not known announces a
change. A transition that nobody received is the matter of `loss`.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.expected import announced_patches, expected
from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.history import NO_LAST_SEEN, UNEXPLAINED, History

Ints = NDArray[np.int64]


class Announcements(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of deliveries, and of PATCHes."""

    deliveries: int = 0
    echoes: int = 0
    """Of heartbeats that changed nothing."""
    duplicates: int = 0
    patches: int = 0
    """PATCHes whose event a dashboard was expecting."""
    unannounced: int = 0
    """Of them: those that were announced to nobody."""
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Announcements:
    """One organisation's events at its own dashboards."""
    deliveries = history.deliveries
    again = duplicates(history)
    echoes = np.setdiff1d(_echoes(history), again)
    told = deliveries.write[deliveries.dashboard >= 0]
    patches = np.unique(expected(history, announced_patches(history)).write)
    unannounced = np.setdiff1d(patches, told)
    own = (deliveries.owner == history.frame.organisation) & (deliveries.dashboard >= 0)
    return Announcements(
        deliveries=int(np.count_nonzero(own)),
        echoes=len(echoes),
        duplicates=len(again),
        patches=len(patches),
        unannounced=len(unannounced),
        witnesses=Witnesses.of(
            [
                *(_witness(history, row, "an event for a heartbeat of", "without a change") for row in echoes.tolist()),
                *(_witness(history, row, "a change of", "was received twice") for row in again.tolist()),
                *(_unannounced_witness(history, row) for row in unannounced.tolist()),
            ]
        ),
    )


def merge(one: Announcements, other: Announcements) -> Announcements:
    """Add the counts up."""
    return Announcements(
        deliveries=one.deliveries + other.deliveries,
        echoes=one.echoes + other.echoes,
        duplicates=one.duplicates + other.duplicates,
        patches=one.patches + other.patches,
        unannounced=one.unannounced + other.unannounced,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Announcements) -> Finding:
    """FAILED on one event too many or one PATCH announced to nobody; UNKNOWN where nothing was to be announced."""
    faults = partial.echoes + partial.duplicates + partial.unannounced
    cases = partial.deliveries + partial.patches
    if faults:
        verdict = Verdict.FAILED
        text = (
            f"of {partial.deliveries:,} deliveries {partial.echoes:,} announced no change and {partial.duplicates:,}"
            f" came twice; {partial.unannounced:,} of {partial.patches:,} PATCHes were announced to nobody"
        )
    elif cases:
        verdict = Verdict.HELD
        text = f"all {partial.deliveries:,} deliveries announced something new"
        text += f", and all {partial.patches:,} PATCHes were announced" if partial.patches else ""
    else:
        verdict, text = Verdict.UNKNOWN, "no event arrived, and none of a PATCH was expected"
    return Finding(
        name="announcements",
        verdict=verdict,
        value=float(faults) if cases else None,
        unit="events",
        count=cases,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def duplicates(history: History) -> Ints:
    """Rows of the deliveries that repeat an announcement at the same dashboard."""
    deliveries = history.deliveries
    told_apart = (deliveries.last_seen_ms != NO_LAST_SEEN) | (deliveries.write != UNEXPLAINED)
    own = (deliveries.owner == history.frame.organisation) & (deliveries.dashboard >= 0)
    rows = np.flatnonzero(own & told_apart)
    names = ("dashboard", "machine", "status", "last_seen_ms", "write")
    identity = np.column_stack([getattr(deliveries, name)[rows] for name in names])
    _, first = np.unique(identity, axis=0, return_index=True)
    return np.delete(rows, first)


def _echoes(history: History) -> Ints:
    """Events of heartbeats that changed nothing. Without `last_seen` it is not sure enough whose events they are."""
    deliveries = history.deliveries
    sure = (deliveries.write != UNEXPLAINED) & (deliveries.last_seen_ms != NO_LAST_SEEN) & (deliveries.dashboard >= 0)
    rows = np.flatnonzero(sure)
    return rows[history.writes.echoes()[deliveries.write[rows]]]


def _witness(history: History, row: int, before: str, after: str) -> Witness:
    deliveries = history.deliveries
    return Witness(
        at_ns=int(deliveries.arrived_ns[row]),
        organisation=history.frame.organisation,
        dashboard=int(deliveries.dashboard[row]),
        size=1.0,
        text=f"{before} machine {deliveries.machine[row]} {after}",
    )


def _unannounced_witness(history: History, row: int) -> Witness:
    writes = history.writes
    text = f"a PATCH of machine {writes.machine[row]} was answered with success and announced to nobody"
    return Witness(int(writes.sent_ns[row]), history.frame.organisation, -1, 1.0, text)
