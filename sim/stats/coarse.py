"""A small histogram, for figures over time: there are many of them, each with few values.

Eight neighbouring buckets of `Histogram` are one bucket here, so a percentile is right to 1 %. Only filled buckets are
kept: 8 bytes each.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.stats.layout import BUCKETS, highest_of, indexes_of

Ints = NDArray[np.int64]

_TOGETHER: Final = 8
_LARGEST_INDEX: Final = BUCKETS // _TOGETHER


class CoarseHistogram:
    """Counts of whole numbers of nanoseconds, 0 to 2^62. Adding two gives a new one."""

    __slots__ = ("_counts", "_indexes")
    __hash__ = None  # type: ignore[assignment]  # mypy wants a method; equal ones compare by content

    def __init__(self, indexes: Sequence[int] | Ints = (), counts: Sequence[int] | Ints = ()) -> None:
        """Of the columns that `columns` gives. Raises `ValueError` for columns that no histogram has."""
        self._indexes = np.asarray(indexes, np.int32)
        self._counts = np.asarray(counts, np.int32)
        if self._indexes.shape != self._counts.shape or self._indexes.ndim != 1 or (self._counts <= 0).any():
            raise ValueError("indexes and counts must be lists of the same length, and counts at least 1")
        if (np.diff(self._indexes) <= 0).any() or ((self._indexes < 0) | (self._indexes > _LARGEST_INDEX)).any():
            raise ValueError(f"indexes must rise, from 0 to {_LARGEST_INDEX}")

    @classmethod
    def of(cls, values: Ints) -> "CoarseHistogram":
        """The histogram of some values of 0 to 2^62."""
        return cls(*np.unique(indexes_of(values) // _TOGETHER, return_counts=True))

    def __add__(self, other: "CoarseHistogram") -> "CoarseHistogram":
        both = np.concatenate([self._indexes, other._indexes])
        indexes, inverse = np.unique(both, return_inverse=True)
        weights = np.concatenate([self._counts, other._counts])
        return CoarseHistogram(indexes, np.bincount(inverse, weights).astype(np.int64) if len(both) else ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CoarseHistogram) and self.columns() == other.columns()

    def __repr__(self) -> str:
        return f"CoarseHistogram(count={self.count})"

    @property
    def count(self) -> int:
        """How many values there are."""
        return int(self._counts.sum())

    def percentile(self, q: float) -> int | None:
        """The highest value of the first bucket at which the running count reaches `q` percent; None without values."""
        if not len(self._counts):
            return None
        running = self._counts.cumsum()
        place = int(np.searchsorted(running, max(1.0, q / 100 * self.count), side="left"))
        index = np.array([self._indexes[place]], np.int64) * _TOGETHER + _TOGETHER - 1
        return int(highest_of(index)[0])

    def columns(self) -> tuple[list[int], list[int]]:
        """Index and count of the filled buckets, sorted, as plain lists."""
        return self._indexes.tolist(), self._counts.tolist()
