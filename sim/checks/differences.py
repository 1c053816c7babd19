"""Where what dashboards show differs from what is certain of the machines: the ground of convergence and staleness.

What a dashboard shows of a machine is a step function of time, and so is what is certain; a *piece* is a time in which
neither changes. A *stretch* is a time in which an open page shows another status than is certain, without a break and
without a change of the machine: one case of staleness.

A dashboard *ought* to have ended a stretch if it was told of the change: it showed the machine when that changed, and
one socket was subscribed from before the change until its event was overdue, or the stretch over. Or if it showed an
answer in it that was asked for when the change was certain. What it missed while it was blind, it need not show, as
nothing refetches on reconnect (contract 1).

Parts of a run are cut where nothing is under way: no change, debounce or refetch, and no event that is not overdue.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.pages import Page
from sim.contract import StatusCode
from sim.history import NEVER_NS, Certainties, History, RunFrame
from sim.history.columns import Table

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Pieces(Table):
    """Times in which one dashboard shows one status of a machine, and one is certain; sorted by machine and time."""

    machine: Ints
    from_ns: Ints
    until_ns: Ints
    shown: Ints
    """StatusCode, ABSENT for no row of it; never UNKNOWN."""
    status: Ints
    """What is certain."""
    possible_ns: Ints
    """When the change to it was possible; -NEVER_NS if that is not known."""
    since_ns: Ints
    """Since when it was certain."""

    def differing(self) -> "Pieces":
        """Those in which the dashboard shows something else than is certain."""
        return self.where(self.shown != self.status)


@dataclass(frozen=True, slots=True, eq=False)
class Stretches(Table):
    """The stretches of one dashboard, or what of them lies in this part of the run."""

    machine: Ints
    from_ns: Ints
    until_ns: Ints
    since_ns: Ints
    """Since when the machine had been so for certain."""
    ought: Mask
    """Whether the dashboard ought to have ended it."""
    from_before: Mask
    """Whether it began in an earlier part; then `from_ns` is where this one begins."""
    reaches_end: Mask
    """Whether it was not over when this part ended; then `until_ns` is that."""


class Stretch(msgspec.Struct, frozen=True, order=True):
    """One stretch, to be joined with what of it lies in other parts of the run."""

    organisation: int
    dashboard: int
    machine: int
    from_ns: int
    until_ns: int
    ought: bool
    from_before: bool
    goes_on: bool
    """Whether a later part has more of it."""
    is_final: bool
    """Whether it is what the dashboard shows for good at the end of the run."""

    @property
    def length_ns(self) -> int:
        """How long it is."""
        return self.until_ns - self.from_ns

    def continued(self, later: "Stretch") -> "Stretch":
        """Together with what the next part has of it."""
        ought = self.ought or later.ought
        return msgspec.structs.replace(later, from_ns=self.from_ns, from_before=self.from_before, ought=ought)


def pieces_of(page: Page, known: Certainties) -> Pieces:
    """The pieces of one dashboard, whatever its visits and the part of the run."""
    states = page.states
    count, certain = len(states), len(known)
    machine = np.concatenate([states.machine, known.machine, known.machine])
    at_ns = np.concatenate([states.at_ns, known.until_ns, known.from_ns])
    # At equal times the end of one certainty comes before the beginning of the next.
    order = np.lexsort((at_ns, machine))
    machine, at_ns = machine[order], at_ns[order]
    row = np.arange(len(order))
    state = np.maximum.accumulate(np.where(order < count, row, -1))
    mark = np.maximum.accumulate(np.where(order >= count, row, -1))
    same = machine[1:] == machine[:-1]
    until_ns = np.full(len(order), NEVER_NS, np.int64)
    until_ns[:-1][same] = at_ns[1:][same]
    found = (state >= 0) & (mark >= 0) & (at_ns < until_ns)
    found &= (machine[state] == machine) & (machine[mark] == machine) & (order[mark] >= count + certain)
    shown, of = states.status[order[state[found]]], order[mark[found]] - count - certain
    pieces = Pieces(
        machine[found], at_ns[found], until_ns[found], shown, known.status[of], known.possible_ns[of], known.from_ns[of]
    )
    return pieces.where(shown != StatusCode.UNKNOWN)


def told_until_ns(history: History) -> int:
    """Up to when a part of a run tells what happened: its end, or its latest fact, if that is a little later."""
    if history.frame.is_last:
        return history.frame.ended_ns
    until_ns = history.mounts.until_ns
    times = (history.writes.sent_ns, history.deliveries.arrived_ns, history.states.at_ns, until_ns[until_ns < NEVER_NS])
    return max(history.frame.ended_ns, *(int(np.max(each, initial=-NEVER_NS)) for each in times))


def stretches_of(page: Page, differing: Pieces, frame: RunFrame, told_ns: int) -> Stretches:
    """The stretches that differing pieces are, while the page is open, in this part of the run."""
    spans = _spans_of(page, differing, frame, told_ns)
    goes_on = np.zeros(len(spans), np.bool_)
    goes_on[1:] = (
        (spans.machine[1:] == spans.machine[:-1])
        & (spans.since_ns[1:] == spans.since_ns[:-1])
        & (spans.from_ns[1:] == spans.until_ns[:-1])
    )
    first = np.flatnonzero(~goes_on)
    last = np.append(first[1:], len(spans))[: len(first)] - 1
    from_ns, until_ns, since_ns = spans.from_ns[first], spans.until_ns[last], spans.since_ns[first]
    overdue_ns = np.minimum(since_ns + frame.loss_deadline_ns, until_ns)
    told = (from_ns == since_ns) & _is_subscribed(page, spans.possible_ns[first], overdue_ns)
    return Stretches(
        machine=spans.machine[first],
        from_ns=from_ns,
        until_ns=until_ns,
        since_ns=since_ns,
        ought=told | page.answers().any_in(since_ns, from_ns, until_ns),
        from_before=spans.from_before[first],
        reaches_end=spans.reaches_end[last],
    )


def is_loose(stretches: Stretches, frame: RunFrame) -> Mask:
    """Which stretches other parts of the run have more of."""
    return np.asarray(stretches.from_before | (stretches.reaches_end & (not frame.is_last)))


def records_of(frame: RunFrame, page: Page, stretches: Stretches, is_final: Mask) -> list[Stretch]:
    """The stretches as records."""
    goes_on = stretches.reaches_end & (not frame.is_last)
    columns = (
        stretches.machine, stretches.from_ns, stretches.until_ns, stretches.ought, stretches.from_before, goes_on,
        is_final,
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Stretch(frame.organisation, page.number, *row) for row in rows]


def join(loose: Iterable[Stretch]) -> tuple[list[Stretch], tuple[Stretch, ...]]:
    """Put together what parts of a run have of the same stretches: those that are whole now, and the others."""
    open_ends: dict[tuple[int, int, int, int], Stretch] = {}
    ended = []
    for each in sorted(loose, key=lambda stretch: stretch.from_ns):
        whose = each.organisation, each.dashboard, each.machine
        before = open_ends.pop((*whose, each.from_ns), None) if each.from_before else None
        stretch = each if before is None else before.continued(each)
        if stretch.goes_on:
            open_ends[*whose, stretch.until_ns] = stretch
        else:
            ended.append(stretch)
    whole = [stretch for stretch in ended if not stretch.from_before]
    return whole, tuple(sorted([*open_ends.values(), *(stretch for stretch in ended if stretch.from_before)]))


def total_ns(from_ns: Ints, until_ns: Ints) -> int:
    """How much time these intervals cover together."""
    order = np.argsort(from_ns, kind="stable")
    from_ns, covered_ns = from_ns[order], np.maximum.accumulate(until_ns[order])
    new_from_ns = np.maximum(from_ns[1:], covered_ns[:-1])
    return int((covered_ns - np.append(from_ns[:1], new_from_ns)).sum())


def was_compared(page: Page, pieces: Pieces, begin_ns: int, end_ns: int) -> bool:
    """Whether the page was open in any of these pieces, between begin and end."""
    from_ns, until_ns = np.maximum(pieces.from_ns, begin_ns), np.minimum(pieces.until_ns, end_ns)
    clipped = replace(pieces, from_ns=from_ns, until_ns=until_ns)
    clipped = clipped.where(clipped.from_ns < clipped.until_ns)
    return len(_overlaps(clipped, page.visits.from_ns, page.visits.until_ns)[0]) > 0


@dataclass(frozen=True, slots=True, eq=False)
class _Spans(Table):
    """Differing pieces, of them what lies in a visit and in this part of the run; not joined yet."""

    machine: Ints
    from_ns: Ints
    until_ns: Ints
    possible_ns: Ints
    since_ns: Ints
    from_before: Mask
    reaches_end: Mask


def _spans_of(page: Page, differing: Pieces, frame: RunFrame, told_ns: int) -> _Spans:
    rows, visits = _overlaps(differing, page.visits.from_ns, page.visits.until_ns)
    of = differing.where(rows)
    left_ns = page.visits.until_ns[visits]
    if frame.is_last:  # its visits are over when it is
        left_ns = np.where(left_ns >= frame.ended_ns, NEVER_NS, left_ns)
    from_ns = np.maximum(of.from_ns, page.visits.from_ns[visits])
    until_ns = np.minimum(of.until_ns, left_ns)
    reaches_end = until_ns > told_ns
    spans = _Spans(
        machine=of.machine,
        from_ns=np.maximum(from_ns, frame.from_ns),
        until_ns=np.where(reaches_end, frame.ended_ns, until_ns),
        possible_ns=of.possible_ns,
        since_ns=of.since_ns,
        from_before=from_ns < frame.from_ns,
        reaches_end=reaches_end,
    )
    return spans.where(spans.from_ns < spans.until_ns)


def _overlaps(pieces: Pieces, from_ns: Ints, until_ns: Ints) -> tuple[Ints, Ints]:
    """All pairs of a piece and one of these intervals, sorted and apart from each other, that meet it."""
    first = np.searchsorted(until_ns, pieces.from_ns, side="right")
    counts = np.maximum(np.searchsorted(from_ns, pieces.until_ns) - first, 0)
    rows = np.repeat(np.arange(len(pieces)), counts)
    return rows, first[rows] + np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]


def _is_subscribed(page: Page, from_ns: Ints, until_ns: Ints) -> Mask:
    """In which of these times one socket was subscribed all the time."""
    session = np.searchsorted(page.sessions.subscribed_ns, from_ns, side="right")
    return np.asarray(np.append(-NEVER_NS, page.sessions.closed_ns)[session] >= until_ns)
