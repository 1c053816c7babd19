"""Excess: is every refetch that events caused one that the debounce rule explains?

The rule, written down here a second time and without the page: a refetch is due when the window has passed since the
last of a row of deliveries, or the maximum wait since its first. A refetch is explained by a due time after the refetch
before it; a due time that no refetch followed explains no later one. Without a debounce each delivery explains one.

Sees: refetches too many. Cannot see: refetches too few, which show as deliveries that are shown late or never; those
that only ticks of the poll timer caused, or the user; one too many for deliveries so close to the end of a wait that
they may have restarted it or not (*boundary* deliveries, which are counted).
"""

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.debounce import BOUNDARY_NS, boundary_deliveries, due_refetches
from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.dashboard import Cause
from sim.history import NEVER_NS, History, RunFrame

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the whole run."""

    refetches: int = 0
    """Refetches that deliveries caused."""
    excess: int = 0
    boundary: int = 0
    """Deliveries within BOUNDARY_NS of the end of a wait: whether they restarted it is chance."""
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Excess:
    """Count one organisation's refetches that no due time explains."""
    refetches, boundary, unexplained = 0, 0, []
    for visit in _visits(history):
        refetches += int(np.count_nonzero(visit.is_caused))
        boundary += boundary_deliveries(visit.arrived_ns, history.frame.debounce_ns, history.frame.max_wait_ns)
        unexplained += [
            (visit.dashboard, at_ns) for at_ns in visit.sent_ns[_unexplained(visit, history.frame)].tolist()
        ]
    return Excess(
        refetches=refetches,
        excess=len(unexplained),
        boundary=boundary,
        witnesses=Witnesses.of(
            Witness(
                at_ns, history.frame.organisation, dashboard, 1.0, "a refetch that the debounce rule does not explain"
            )
            for dashboard, at_ns in unexplained
        ),
    )


def merge(one: Excess, other: Excess) -> Excess:
    """Add the counts up."""
    return Excess(
        refetches=one.refetches + other.refetches,
        excess=one.excess + other.excess,
        boundary=one.boundary + other.boundary,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Excess) -> Finding:
    """FAILED on an excess refetch, UNKNOWN where deliveries caused none."""
    if partial.excess:
        verdict = Verdict.FAILED
        text = (
            f"{partial.excess:,} of {partial.refetches:,} refetches were sent that the debounce rule does not explain"
        )
    elif partial.refetches:
        verdict, text = Verdict.HELD, f"the debounce rule explains each of {partial.refetches:,} refetches"
    else:
        verdict, text = Verdict.UNKNOWN, "deliveries caused no refetch"
    if partial.boundary:
        text += f"; {partial.boundary:,} deliveries came so close to the end of a wait that either may be right"
    return Finding(
        name="excess",
        verdict=verdict,
        value=float(partial.excess) if partial.refetches else None,
        unit="refetches",
        count=partial.refetches,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


LATE_NS: Final = 50_000_000
"""A refetch may leave so late that the next one, after a window as short as this, is due before it has left."""


@dataclass(frozen=True, slots=True, eq=False)
class _Visit:
    """What happened at one dashboard while its page stayed open: leaving it ends every wait."""

    dashboard: int
    arrived_ns: Ints
    sent_ns: Ints
    """Of the refetches that ended a wait, polls included."""
    is_caused: Bools
    """Which of them deliveries caused."""
    subscribed_ns: Ints


def _visits(history: History) -> list[_Visit]:
    """All visits with a refetch or a delivery."""
    deliveries, fetches = history.deliveries, history.fetches
    timed = fetches.where((fetches.cause == Cause.EVENT) | (fetches.cause == Cause.POLL))
    found = []
    for dashboard in np.union1d(deliveries.dashboard[deliveries.dashboard >= 0], timed.dashboard).tolist():
        began_ns = np.sort(history.mounts.from_ns[history.mounts.dashboard == dashboard])
        arrived_ns = deliveries.arrived_ns[deliveries.dashboard == dashboard]
        mine = timed.where(timed.dashboard == dashboard)
        arrived_in = np.searchsorted(began_ns, arrived_ns, side="right")
        sent_in = np.searchsorted(began_ns, mine.sent_ns, side="right")
        subscribed_ns = history.sessions.subscribed_ns[history.sessions.dashboard == dashboard]
        for visit in np.union1d(arrived_in, sent_in).tolist():
            of_visit = sent_in == visit
            is_caused = mine.cause[of_visit] == Cause.EVENT
            arrived_then_ns = arrived_ns[arrived_in == visit]
            found.append(_Visit(dashboard, arrived_then_ns, mine.sent_ns[of_visit], is_caused, subscribed_ns))
    return found


def _unexplained(visit: _Visit, frame: RunFrame) -> Bools:
    """Which of the visit's refetches no due time explains."""
    # Shorter waits: no refetch is due later by them, so that none which the rule explains is ever one too many.
    window_ns = max(frame.debounce_ns - BOUNDARY_NS, 0)
    max_wait_ns = None if frame.max_wait_ns is None else max(frame.max_wait_ns - BOUNDARY_NS, 0)
    due_ns = due_refetches(visit.arrived_ns, window_ns, max_wait_ns)
    if frame.debounce_ns == 0:
        return _more_than_due(visit, due_ns)
    return _without_own_due_time(visit, due_ns, frame)


def _more_than_due(visit: _Visit, due_ns: Ints) -> Bools:
    """Refetches that find no due time left that none before them has taken."""
    surplus = np.cumsum(visit.is_caused) - np.searchsorted(due_ns, visit.sent_ns, side="right")
    most = np.maximum.accumulate(np.maximum(surplus, 0))
    return np.asarray(np.diff(most, prepend=0) > 0)


def _without_own_due_time(visit: _Visit, due_ns: Ints, frame: RunFrame) -> Bools:
    """Refetches that find no due time of their own: each takes the earliest that is left of the last LATE_NS.

    Where there is none so young, it takes one that was due since the refetch before, where those of one turn of the
    loop stand together. What is passed over was of a wait that ended otherwise.
    """
    result = np.zeros(len(visit.sent_ns), np.bool_)
    due = due_ns.tolist()
    place, before_ns, since_ns = 0, -NEVER_NS, -NEVER_NS
    young = np.searchsorted(due_ns, visit.sent_ns - LATE_NS, side="right").tolist()
    now = np.searchsorted(due_ns, visit.sent_ns, side="right").tolist()
    for row, (sent_ns, is_caused) in enumerate(zip(visit.sent_ns.tolist(), visit.is_caused.tolist(), strict=True)):
        if sent_ns - before_ns > BOUNDARY_NS:
            since_ns = before_ns - LATE_NS
        if young[row] < now[row]:
            place = max(place, young[row])
        while place < now[row] and due[place] <= since_ns:
            place += 1
        if is_caused and place < now[row]:
            place += 1
        elif is_caused:
            result[row] = not _tick_may_explain(visit, before_ns, sent_ns, frame)
        before_ns = sent_ns
    return result


def _tick_may_explain(visit: _Visit, before_ns: int, sent_ns: int, frame: RunFrame) -> bool:
    """Whether a tick of the poll timer, which leaves no trace, may have begun the wait that a delivery then joined.

    The timer runs until the socket opens, so such a wait ends by the maximum wait after the subscription.
    """
    if frame.max_wait_ns is None:
        return False
    has_delivery = bool(np.any((visit.arrived_ns > before_ns) & (visit.arrived_ns <= sent_ns)))
    just_subscribed = (visit.subscribed_ns <= sent_ns) & (sent_ns <= visit.subscribed_ns + frame.max_wait_ns)
    return has_delivery and bool(np.any(just_subscribed))
