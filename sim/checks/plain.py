"""The JSON forms of what partial results are made of, besides numbers: histograms and counts over time."""

import msgspec
import numpy as np

from sim.checks.over_time import Counts
from sim.stats import CoarseHistogram, Histogram


class _HistogramFields(msgspec.Struct, frozen=True):
    indexes: list[int]
    counts: list[int]
    total: int
    minimum: int | None
    maximum: int | None


class _CoarseFields(msgspec.Struct, frozen=True):
    indexes: list[int]
    counts: list[int]


class _CountsFields(msgspec.Struct, frozen=True):
    first: int
    counts: list[int]


def to_plain(value: object) -> object:
    """What msgspec can encode in place of such a value. Raises `NotImplementedError` for any other."""
    if isinstance(value, Histogram):
        return _HistogramFields(*value.sparse(), value.total, value.minimum, value.maximum)
    if isinstance(value, CoarseHistogram):
        return _CoarseFields(*value.columns())
    if isinstance(value, Counts):
        return _CountsFields(*value.columns())
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def from_plain(kind: type, value: object) -> object:
    """The value of this kind again. Raises `ValueError` or `msgspec.ValidationError` for what is none of its forms."""
    if kind is Histogram:
        fields = msgspec.convert(value, _HistogramFields)
        return Histogram.from_sparse(fields.indexes, fields.counts, fields.total, fields.minimum, fields.maximum)
    if kind is CoarseHistogram:
        coarse = msgspec.convert(value, _CoarseFields)
        return CoarseHistogram(coarse.indexes, coarse.counts)
    if kind is Counts:
        counts = msgspec.convert(value, _CountsFields)
        return Counts(counts.first, np.array(counts.counts, np.int64))
    raise NotImplementedError(f"{kind.__name__} has no JSON form")
