"""Fewer time buckets for a picture: a day of seconds is more than a plot can show, and a page can carry."""

from dataclasses import replace
from typing import Final

import numpy as np

from sim.results.figures import Figures

MOST_BUCKETS: Final = 600


def coarse(figures: Figures) -> Figures:
    """The same run in at most MOST_BUCKETS buckets, each made of equally many; the last may be made of fewer.

    Counts are added up; of percentiles the highest is kept, so that no peak is lost; of sockets the lowest, since they
    are those subscribed throughout the bucket.
    """
    buckets = figures.writes_per_bucket.size
    merged = -(-buckets // MOST_BUCKETS)
    if merged <= 1:
        return figures
    starts = np.arange(0, buckets, merged)
    return replace(
        figures,
        bucket_s=figures.bucket_s * merged,
        writes_per_bucket=np.add.reduceat(figures.writes_per_bucket, starts),
        announced_per_bucket=np.add.reduceat(figures.announced_per_bucket, starts),
        deliveries_per_bucket=np.add.reduceat(figures.deliveries_per_bucket, starts),
        refetches_per_bucket=np.add.reduceat(figures.refetches_per_bucket, starts),
        sockets_per_bucket=np.minimum.reduceat(figures.sockets_per_bucket, starts),
        opportunities_per_bucket=np.add.reduceat(figures.opportunities_per_bucket, starts),
        leaks_per_bucket=np.add.reduceat(figures.leaks_per_bucket, starts),
        event_to_refetch_ms_p50_per_bucket=np.fmax.reduceat(figures.event_to_refetch_ms_p50_per_bucket, starts),
        event_to_refetch_ms_p95_per_bucket=np.fmax.reduceat(figures.event_to_refetch_ms_p95_per_bucket, starts),
        event_to_refetch_ms_p99_per_bucket=np.fmax.reduceat(figures.event_to_refetch_ms_p99_per_bucket, starts),
        lateness_ms_p99_per_bucket=np.fmax.reduceat(figures.lateness_ms_p99_per_bucket, starts),
        handling_ms_p99_per_bucket=np.fmax.reduceat(figures.handling_ms_p99_per_bucket, starts),
    )
