"""Counts over time: number of a bucket -> how many. Empty buckets are absent, and workers' counts add up."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def per_bucket(at_ns: NDArray[np.int64], bucket_ns: int) -> dict[int, int]:
    """How many of these times lie in each bucket; those before the window are left out."""
    buckets, counts = np.unique(at_ns[at_ns >= 0] // bucket_ns, return_counts=True)
    return dict(zip(buckets.tolist(), counts.tolist(), strict=True))


def added(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    """Both together."""
    return {bucket: one.get(bucket, 0) + other.get(bucket, 0) for bucket in one.keys() | other.keys()}
