"""Collapse: how many deliveries one refetch stands for.

Sees: the ratio, and how refetches ended. It judges nothing: how much a debounce must save, objectives say, and whether
each refetch has a reason, `excess` does. Cannot see: a ratio where deliveries caused no refetch.
"""

import msgspec
import numpy as np

from sim.checks.finding import Finding, Verdict
from sim.checks.over_time import Counts
from sim.dashboard import Cause
from sim.history import History, Outcome


class OrganisationCollapse(msgspec.Struct, frozen=True, kw_only=True):
    """One organisation's counts, for the plot."""

    dashboards: int = 0
    deliveries: int = 0
    deliveries_in_window: int = 0
    refetches: int = 0
    window_ns: int = 0
    """How much of the window was measured of it."""

    @property
    def events_per_s(self) -> float:
        """Deliveries per dashboard and second of the window; 0 where nothing was measured."""
        seconds = max(self.dashboards, 1) * self.window_ns / 1e9
        return self.deliveries_in_window / seconds if seconds else 0.0


class Collapse(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the window and the drain, and per organisation."""

    deliveries: int = 0
    refetches: int = 0
    """Refetches that deliveries caused."""
    cancelled: int = 0
    failed: int = 0
    retries: int = 0
    all_refetches: int = 0
    """Whatever caused them, first loads excluded."""
    by_organisation: dict[int, OrganisationCollapse] = {}
    deliveries_over_time: Counts = Counts()
    refetches_over_time: Counts = Counts()
    debounce_ns: int = 0


def observe(history: History) -> Collapse:
    """Count one organisation's deliveries and refetches."""
    frame, arrived = history.frame, history.deliveries
    deliveries = arrived.where((arrived.arrived_ns >= frame.stay_from_ns) & (arrived.dashboard >= 0))
    is_measured = history.fetches.sent_ns >= frame.stay_from_ns
    fetches = history.fetches.where(is_measured & (history.fetches.cause != Cause.LOAD))
    refetches = int(np.count_nonzero(fetches.cause == Cause.EVENT))
    return Collapse(
        deliveries=len(deliveries),
        refetches=refetches,
        cancelled=int(np.count_nonzero(fetches.outcome == Outcome.CANCELLED)),
        failed=int(np.count_nonzero(fetches.outcome == Outcome.FAILED)),
        retries=int(np.maximum(fetches.attempts - 1, 0).sum()),
        all_refetches=len(fetches),
        by_organisation={
            frame.organisation: OrganisationCollapse(
                dashboards=frame.dashboards,
                deliveries=len(deliveries),
                deliveries_in_window=int(np.count_nonzero(deliveries.arrived_ns < frame.measured_until_ns)),
                refetches=refetches,
                window_ns=frame.measured_ns,
            )
        },
        deliveries_over_time=Counts.of(deliveries.arrived_ns, frame.bucket_ns),
        refetches_over_time=Counts.of(fetches.sent_ns, frame.bucket_ns),
        debounce_ns=frame.debounce_ns,
    )


def merge(one: Collapse, other: Collapse) -> Collapse:
    """Add the counts up."""
    organisations = one.by_organisation.keys() | other.by_organisation.keys()
    none = OrganisationCollapse()
    return Collapse(
        deliveries=one.deliveries + other.deliveries,
        refetches=one.refetches + other.refetches,
        cancelled=one.cancelled + other.cancelled,
        failed=one.failed + other.failed,
        retries=one.retries + other.retries,
        all_refetches=one.all_refetches + other.all_refetches,
        by_organisation={
            number: _added(one.by_organisation.get(number, none), other.by_organisation.get(number, none))
            for number in organisations
        },
        deliveries_over_time=one.deliveries_over_time + other.deliveries_over_time,
        refetches_over_time=one.refetches_over_time + other.refetches_over_time,
        debounce_ns=max(one.debounce_ns, other.debounce_ns),
    )


def ratio(partial: Collapse) -> float | None:
    """Deliveries per refetch that deliveries caused; None without such a refetch."""
    return partial.deliveries / partial.refetches if partial.refetches else None


def conclude(partial: Collapse) -> Finding:
    """HELD with the ratio, UNKNOWN where deliveries caused no refetch."""
    value = ratio(partial)
    if value is None:
        verdict = Verdict.UNKNOWN
        text = f"{partial.deliveries:,} deliveries and no refetch that they caused: there is no ratio"
    else:
        verdict = Verdict.HELD
        text = f"{partial.deliveries:,} deliveries became {partial.refetches:,} refetches, {value:.2f} to 1"
    return Finding(
        name="collapse",
        verdict=verdict,
        value=value,
        unit="deliveries per refetch",
        count=partial.refetches,
        bound=None,
        text=text,
    )


def _added(one: OrganisationCollapse, other: OrganisationCollapse) -> OrganisationCollapse:
    return OrganisationCollapse(
        dashboards=max(one.dashboards, other.dashboards),
        deliveries=one.deliveries + other.deliveries,
        deliveries_in_window=one.deliveries_in_window + other.deliveries_in_window,
        refetches=one.refetches + other.refetches,
        window_ns=one.window_ns + other.window_ns,
    )
