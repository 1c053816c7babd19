"""From the checks' partial results to the arrays behind the plots."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim.checks import Partials
from sim.checks.leakage import BUCKET_NS, opportunities_over_time
from sim.results.figures import HISTOGRAM_NAMES, Figures, HistogramColumns
from sim.stats import CoarseHistogram, Histogram

Ints = NDArray[np.int64]


def figures_of(partials: Partials) -> Figures:
    """The figures of a run. Pure."""
    empty = Histogram()
    latency, collapse, leakage = partials.latency, partials.collapse, partials.leakage
    buckets = _bucket_count(partials)
    over_time = latency.over_time
    organisations = sorted(collapse.by_organisation)
    rows = [collapse.by_organisation[number] for number in organisations]
    shown = over_time.get("event_to_refetch", {})
    return Figures(
        histograms={name: HistogramColumns(*latency.histograms.get(name, empty).columns()) for name in HISTOGRAM_NAMES},
        bucket_s=partials.bucket_ns / 1e9,
        window_s=partials.window_ns / 1e9,
        debounce_s=collapse.debounce_ns / 1e9,
        writes_per_bucket=_column(partials.load.writes_over_time, buckets),
        announced_per_bucket=_coarse(leakage.announced, partials.bucket_ns, buckets),
        deliveries_per_bucket=_column(collapse.deliveries_over_time, buckets),
        refetches_per_bucket=_column(collapse.refetches_over_time, buckets),
        sockets_per_bucket=_least(leakage.subscribed, partials.bucket_ns, buckets),
        opportunities_per_bucket=_coarse(opportunities_over_time(leakage), partials.bucket_ns, buckets),
        leaks_per_bucket=_coarse(leakage.leaks_over_time, partials.bucket_ns, buckets),
        event_to_refetch_ms_p50_per_bucket=_percentiles(shown, 50, buckets),
        event_to_refetch_ms_p95_per_bucket=_percentiles(shown, 95, buckets),
        event_to_refetch_ms_p99_per_bucket=_percentiles(shown, 99, buckets),
        lateness_ms_p99_per_bucket=_percentiles(over_time.get("lateness", {}), 99, buckets),
        handling_ms_p99_per_bucket=_percentiles(over_time.get("handling", {}), 99, buckets),
        organisation=np.array(organisations, np.int64),
        organisation_dashboards=np.array([row.dashboards for row in rows], np.int64),
        organisation_deliveries=np.array([row.deliveries for row in rows], np.int64),
        organisation_refetches=np.array([row.refetches for row in rows], np.int64),
        organisation_events_per_s=np.array([row.events_per_s for row in rows], np.float64),
    )


def _bucket_count(partials: Partials) -> int:
    """Enough buckets for the window and for the last thing that happened in the drain."""
    window = -(-partials.window_ns // partials.bucket_ns)
    collapse, leakage = partials.collapse, partials.leakage
    fine: int = max([*leakage.announced, *leakage.leaks_over_time], default=0)
    coarse: list[int] = [
        *partials.load.writes_over_time, *collapse.deliveries_over_time, *collapse.refetches_over_time
    ]  # fmt: skip
    return 1 + max([window - 1, fine * BUCKET_NS // partials.bucket_ns, *coarse])


def _column(by_bucket: Mapping[int, int], buckets: int) -> Ints:
    column = np.zeros(buckets, np.int64)
    for bucket, count in by_bucket.items():
        if 0 <= bucket < buckets:
            column[bucket] = count
    return column


def _coarse(by_fine_bucket: Mapping[int, int], bucket_ns: int, buckets: int) -> Ints:
    column = np.zeros(buckets, np.int64)
    for fine, count in by_fine_bucket.items():
        bucket = fine * BUCKET_NS // bucket_ns
        if bucket < buckets:
            column[bucket] += count
    return column


def _least(by_fine_bucket: Mapping[int, int], bucket_ns: int, buckets: int) -> Ints:
    """The smallest number within each bucket; 0 where a fine bucket of the run is missing."""
    last = max(by_fine_bucket, default=-1)
    column = np.full(buckets, np.iinfo(np.int64).max, np.int64)
    for fine in range(last + 1):
        bucket = fine * BUCKET_NS // bucket_ns
        if bucket < buckets:
            column[bucket] = min(int(column[bucket]), by_fine_bucket.get(fine, 0))
    return np.where(column == np.iinfo(np.int64).max, 0, column)


def _percentiles(by_bucket: Mapping[int, CoarseHistogram], q: float, buckets: int) -> NDArray[np.float64]:
    column = np.full(buckets, np.nan)
    for bucket, histogram in by_bucket.items():
        value_ns = histogram.percentile(q)
        if bucket < buckets and value_ns is not None:
            column[bucket] = value_ns / 1e6
    return column
