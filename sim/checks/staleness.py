"""Staleness: how long dashboards showed something else than was certain, and whether any showed it for too long.

Sees: the share of the open pages' time in the window in which they showed at least one machine otherwise than it was
for certain; and *overlong* stretches, which lasted longer than `fresh_within_ns` though the dashboard was told of the
change, or had an answer that was asked for after it (see `differences`). What it missed while blind is in the share and
not judged. Cannot see: what a write that is under way, failed, or left to the cleanup job makes of a machine; a page
that has shown nothing yet, as it is not stale but empty.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.differences import (
    Stretch,
    Stretches,
    is_loose,
    join,
    pieces_of,
    records_of,
    stretches_of,
    told_until_ns,
    total_ns,
    was_compared,
)
from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.pages import Page, pages
from sim.history import Certainties, History, RunFrame, certainties

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Staleness(msgspec.Struct, frozen=True, kw_only=True):
    """Times are dashboard-nanoseconds; those of `by_organisation` are within the measured time."""

    stale_ns: int = 0
    open_ns: int = 0
    by_organisation: dict[int, tuple[int, int]] = {}
    """Stale and open time."""
    longest_ns: int = 0
    """The longest stretch of all."""
    overlong: int = 0
    was_compared: bool = False
    """Whether anything that was shown could be held against what is certain."""
    fresh_within_ns: int = 0
    loose: tuple[Stretch, ...] = ()
    """Stretches that other parts of the run have more of; not counted yet, save in the times."""
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Staleness:
    """One organisation's staleness."""
    frame, known, told_ns = history.frame, certainties(history), told_until_ns(history)
    partial = Staleness(by_organisation={frame.organisation: (0, 0)}, fresh_within_ns=frame.fresh_within_ns)
    for page in pages(history):
        partial = merge(partial, _of_page(page, known, frame, told_ns))
    return partial


def merge(one: Staleness, other: Staleness) -> Staleness:
    """Add up, and join the stretches that both have some of."""
    whole, loose = join((*one.loose, *other.loose))
    merged = Staleness(
        stale_ns=one.stale_ns + other.stale_ns,
        open_ns=one.open_ns + other.open_ns,
        by_organisation=_added(one.by_organisation, other.by_organisation),
        longest_ns=max(one.longest_ns, other.longest_ns),
        overlong=one.overlong + other.overlong,
        was_compared=one.was_compared or other.was_compared,
        fresh_within_ns=max(one.fresh_within_ns, other.fresh_within_ns),
        loose=loose,
        witnesses=one.witnesses.merged(other.witnesses),
    )
    return _counted(merged, whole)


def share(stale_ns: int, open_ns: int) -> float | None:
    """The share of the open time in which something stale was shown; None where no page was open."""
    return stale_ns / open_ns if open_ns else None


def worst_organisation(partial: Staleness) -> tuple[int, float] | None:
    """The organisation with the largest share, and that; the first of equals; None where no page was open."""
    shares = [
        (-stale_ns / open_ns, number) for number, (stale_ns, open_ns) in partial.by_organisation.items() if open_ns
    ]
    if not shares:
        return None
    negative, number = min(shares)
    return number, -negative


def conclude(partial: Staleness) -> Finding:
    """FAILED on an overlong stretch, UNKNOWN where no page was open or nothing could be compared."""
    whole, worst = share(partial.stale_ns, partial.open_ns), worst_organisation(partial)
    within_s = partial.fresh_within_ns / 1e9
    if partial.overlong:
        verdict = Verdict.FAILED
        text = (
            f"{partial.overlong:,} times a dashboard showed an old status of a machine for more than {within_s:g} s,"
            " though it was told of the change, or had an answer since"
        )
    elif whole is None or worst is None or not partial.was_compared:
        verdict, text = Verdict.UNKNOWN, "no page was open in the window, or nothing that it showed could be compared"
    else:
        verdict = Verdict.HELD
        text = (
            f"dashboards showed something outdated {whole:.2%} of the time, {partial.longest_ns / 1e9:,.3f} s at most"
            f" at a stretch; the worst was organisation {worst[0]} with {worst[1]:.2%}"
        )
    is_known = verdict is not Verdict.UNKNOWN
    return Finding(
        name="staleness",
        verdict=verdict,
        value=float(partial.overlong) if is_known else None,
        unit="stretches",
        count=sum(open_ns > 0 for _, open_ns in partial.by_organisation.values()),
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _of_page(page: Page, known: Certainties, frame: RunFrame, told_ns: int) -> Staleness:
    """One dashboard's staleness."""
    pieces = pieces_of(page, known)
    stretches = stretches_of(page, pieces.differing(), frame, told_ns)
    begin_ns, end_ns = frame.measured_from_ns, min(frame.measured_until_ns, frame.ended_ns)
    stale_ns = _within_ns(stretches.from_ns, stretches.until_ns, begin_ns, end_ns)
    open_ns = _within_ns(page.visits.from_ns, page.visits.until_ns, begin_ns, end_ns)
    loose = is_loose(stretches, frame)
    length_ns = stretches.until_ns - stretches.from_ns
    overlong = ~loose & stretches.ought & (length_ns > frame.fresh_within_ns)
    return _counted(
        Staleness(
            stale_ns=stale_ns,
            open_ns=open_ns,
            by_organisation={frame.organisation: (stale_ns, open_ns)},
            longest_ns=int(np.max(length_ns[~loose], initial=0)),
            was_compared=was_compared(page, pieces, begin_ns, end_ns),
            fresh_within_ns=frame.fresh_within_ns,
            loose=tuple(sorted(_records(frame, page, stretches, loose))),
        ),
        _records(frame, page, stretches, overlong),
    )


def _records(frame: RunFrame, page: Page, stretches: Stretches, which: Mask) -> list[Stretch]:
    kept = stretches.where(which)
    return records_of(frame, page, kept, np.zeros(len(kept), np.bool_))


def _within_ns(from_ns: Ints, until_ns: Ints, begin_ns: int, end_ns: int) -> int:
    """How much of these times lies between begin and end, each moment counted once."""
    clipped_ns = np.clip(until_ns, begin_ns, max(begin_ns, end_ns))
    return total_ns(np.minimum(np.maximum(from_ns, begin_ns), clipped_ns), clipped_ns)


def _counted(partial: Staleness, whole: Sequence[Stretch]) -> Staleness:
    """With these stretches, too."""
    if not whole:
        return partial
    overlong = [each for each in whole if each.ought and each.length_ns > partial.fresh_within_ns]
    return msgspec.structs.replace(
        partial,
        longest_ns=max(partial.longest_ns, *(each.length_ns for each in whole)),
        overlong=partial.overlong + len(overlong),
        witnesses=partial.witnesses.merged(Witnesses.of(map(_witness, overlong))),
    )


def _witness(stretch: Stretch) -> Witness:
    return Witness(
        at_ns=stretch.from_ns,
        organisation=stretch.organisation,
        dashboard=stretch.dashboard,
        size=stretch.length_ns / 1e9,
        text=f"showed an old status of machine {stretch.machine} for {stretch.length_ns / 1e9:,.3f} s",
    )


def _added(one: Mapping[int, tuple[int, int]], other: Mapping[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    nothing = (0, 0)
    return {
        number: (a[0] + b[0], a[1] + b[1])
        for number in one.keys() | other.keys()
        for a, b in [(one.get(number, nothing), other.get(number, nothing))]
    }
