"""Collapse: how many deliveries one refetch stands for, and whether every refetch is one that the debounce explains.

The debounce rule, written down here a second time and without the page: a refetch is due when the window has passed
since the last of a row of deliveries, or the maximum wait since its first. Sees: refetches too many (*excess*). Cannot
see: refetches too few, which show as deliveries that are shown late or never.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.over_time import added, per_bucket
from sim.dashboard import Cause
from sim.history import History, Outcome

Ints = NDArray[np.int64]

BOUNDARY_NS: Final = 2_000_000
"""A gap that is shorter than the window, or the maximum wait, by less than this may count as either: which of two
callbacks of one turn of the generator's loop came first is chance."""


class OrganisationCollapse(msgspec.Struct, frozen=True):
    """One organisation's counts, for the plot."""

    dashboards: int
    deliveries: int
    refetches: int
    events_per_s: float
    """Deliveries per dashboard and second of the window."""


class Collapse(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the window and the drain, and per organisation."""

    deliveries: int = 0
    refetches: int = 0
    """Refetches that deliveries caused."""
    excess_refetches: int = 0
    cancelled: int = 0
    failed: int = 0
    retries: int = 0
    all_refetches: int = 0
    """Whatever caused them, first loads excluded."""
    by_organisation: dict[int, OrganisationCollapse] = {}
    deliveries_over_time: dict[int, int] = {}
    refetches_over_time: dict[int, int] = {}
    debounce_ns: int = 0
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Collapse:
    """Count one organisation's deliveries and refetches, and those that no rule explains."""
    frame = history.frame
    deliveries = history.deliveries.where(history.deliveries.arrived_ns >= 0)
    fetches = history.fetches.where((history.fetches.sent_ns >= 0) & (history.fetches.cause != Cause.LOAD))
    caused = fetches.where(fetches.cause == Cause.EVENT)
    excess, witnesses = _excess(history)
    in_window = int(np.count_nonzero(deliveries.arrived_ns < frame.window_ns))
    dashboard_seconds = max(frame.dashboards, 1) * frame.window_ns / 1e9
    return Collapse(
        deliveries=len(deliveries),
        refetches=len(caused),
        excess_refetches=excess,
        cancelled=int(np.count_nonzero(fetches.outcome == Outcome.CANCELLED)),
        failed=int(np.count_nonzero(fetches.outcome == Outcome.FAILED)),
        retries=int(np.maximum(fetches.attempts - 1, 0).sum()),
        all_refetches=len(fetches),
        by_organisation={
            frame.organisation: OrganisationCollapse(
                frame.dashboards, len(deliveries), len(caused), in_window / dashboard_seconds
            )
        },
        deliveries_over_time=per_bucket(deliveries.arrived_ns, frame.bucket_ns),
        refetches_over_time=per_bucket(fetches.sent_ns, frame.bucket_ns),
        debounce_ns=frame.debounce_ns,
        witnesses=witnesses,
    )


def merge(one: Collapse, other: Collapse) -> Collapse:
    """Add the counts up; an organisation stands in one of the two alone."""
    return Collapse(
        deliveries=one.deliveries + other.deliveries,
        refetches=one.refetches + other.refetches,
        excess_refetches=one.excess_refetches + other.excess_refetches,
        cancelled=one.cancelled + other.cancelled,
        failed=one.failed + other.failed,
        retries=one.retries + other.retries,
        all_refetches=one.all_refetches + other.all_refetches,
        by_organisation=one.by_organisation | other.by_organisation,
        deliveries_over_time=added(one.deliveries_over_time, other.deliveries_over_time),
        refetches_over_time=added(one.refetches_over_time, other.refetches_over_time),
        debounce_ns=max(one.debounce_ns, other.debounce_ns),
        witnesses=one.witnesses.merged(other.witnesses),
    )


def ratio(partial: Collapse) -> float | None:
    """Deliveries per refetch that deliveries caused; None without such a refetch."""
    return partial.deliveries / partial.refetches if partial.refetches else None


def conclude(partial: Collapse) -> Finding:
    """FAILED on an excess refetch, UNKNOWN where deliveries caused none."""
    value = ratio(partial)
    if partial.excess_refetches:
        verdict = Verdict.FAILED
        text = f"{partial.excess_refetches:,} refetches were sent that the debounce rule does not explain"
    elif value is None:
        verdict = Verdict.UNKNOWN
        text = f"{partial.deliveries:,} deliveries and no refetch that they caused: there is no ratio"
    else:
        verdict = Verdict.HELD
        text = (
            f"{partial.deliveries:,} deliveries became {partial.refetches:,} refetches, {value:.2f} to 1;"
            " the debounce rule explains each of them"
        )
    return Finding(
        name="collapse",
        verdict=verdict,
        value=None if value is None else float(partial.excess_refetches),
        unit="excess",
        count=partial.refetches,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def due_refetches(arrived_ns: Ints, debounce_ns: int, max_wait_ns: int | None) -> Ints:
    """When refetches are due for deliveries at these sorted times: int64, sorted.

    An event at exactly the time a refetch is due comes after it. Without a debounce each event has its own.
    """
    if debounce_ns == 0 or not len(arrived_ns):
        return arrived_ns
    ends = np.flatnonzero(np.diff(arrived_ns) >= debounce_ns)
    last_ns = arrived_ns[np.append(ends, len(arrived_ns) - 1)]
    if max_wait_ns is None:
        return np.asarray(last_ns + debounce_ns)
    return _due_with_maximum(arrived_ns, debounce_ns, max_wait_ns)


def _due_with_maximum(arrived_ns: Ints, debounce_ns: int, max_wait_ns: int) -> Ints:
    due: list[int] = []
    first_ns = int(arrived_ns[0])
    deadline_ns = first_ns + min(debounce_ns, max_wait_ns)
    for at_ns in arrived_ns[1:].tolist():
        if deadline_ns <= at_ns:
            due.append(deadline_ns)
            first_ns = at_ns
        deadline_ns = min(at_ns + debounce_ns, first_ns + max_wait_ns)
    return np.array([*due, deadline_ns], np.int64)


def _excess(history: History) -> tuple[int, Witnesses]:
    """Refetches beyond those due so far, at the moment when there are most; over all dashboards."""
    total, witnesses = 0, Witnesses()
    deliveries, fetches, max_wait_ns = history.deliveries, history.fetches, history.frame.max_wait_ns
    caused = fetches.where(fetches.cause == Cause.EVENT)
    for dashboard in np.unique(caused.dashboard):
        arrived_ns = deliveries.arrived_ns[deliveries.dashboard == dashboard]
        # Shorter waits: no refetch is due later by them, so that none which the rule explains is ever one too many.
        window_ns = max(history.frame.debounce_ns - BOUNDARY_NS, 0)
        due_ns = due_refetches(
            arrived_ns, window_ns, None if max_wait_ns is None else max(max_wait_ns - BOUNDARY_NS, 0)
        )
        sent_ns = caused.sent_ns[caused.dashboard == dashboard]
        surplus = np.arange(1, len(sent_ns) + 1) - np.searchsorted(due_ns, sent_ns, side="right")
        excess = max(0, int(surplus.max()))
        total += excess
        if excess:
            at_ns = int(sent_ns[np.argmax(surplus > 0)])
            text = f"{excess} refetches more than the debounce rule explains, the first of them here"
            witness = Witness(at_ns, history.frame.organisation, int(dashboard), float(excess), text)
            witnesses = witnesses.merged(Witnesses.of([witness]))
    return total, witnesses
