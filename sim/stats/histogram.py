"""A histogram of times that keeps three significant digits, and adds up over workers without loss.

The layout and the percentiles are HdrHistogram's (Gil Tene, http://hdrhistogram.org) for 3 significant
digits from 1 ns to 2^62 ns; count, total, minimum and maximum are exact.
"""

from array import array
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from sim.stats.layout import (
    BUCKETS,
    HALF,
    LARGEST_VALUE,
    LEADING_BITS,
    highest_of,
    index_of,
    indexes_of,
    lowest_of,
)

Ints = NDArray[np.int64]

_LOW_BITS: Final = 32


class Histogram:
    """Counts of whole numbers of nanoseconds, 0 to 2^62.

    `record` and `record_many` add values in place; `a + b` is a new one, and adding is associative and
    commutative.
    """

    __slots__ = ("_counts", "_first", "_maximum", "_minimum", "_total")
    __hash__ = None  # type: ignore[assignment]  # mypy wants a method, but what changes in place has no hash

    def __init__(self) -> None:
        self._counts = array("q")  # its items are cheaper to raise than numpy's
        self._first = 0
        """Index of the first of them: they reach from the smallest value's to the largest value's and a little on."""
        self._total = 0
        self._minimum = LARGEST_VALUE
        self._maximum = 0

    @classmethod
    def of(cls, values: Ints | Sequence[int]) -> Self:
        """The histogram of some values. Raises `ValueError` for a value outside 0 to 2^62."""
        made = cls()
        made.record_many(np.asarray(values, np.int64))
        return made

    @classmethod
    def from_sparse(
        cls,
        indexes: Sequence[int],
        counts: Sequence[int],
        total: int,
        minimum: int | None,
        maximum: int | None,
    ) -> Self:
        """The histogram that `sparse`, `total`, `minimum` and `maximum` were taken from.

        Raises `ValueError` for columns that no histogram has.
        """
        index, count = np.asarray(indexes, np.int64), np.asarray(counts, np.int64)
        _check_sparse(index, count, minimum, maximum)
        made = cls()
        if minimum is not None and maximum is not None:
            first = int(index[0])
            dense = np.zeros(int(index[-1]) - first + 1, np.int64)
            dense[index - first] = count
            made._add(first, dense, total, minimum, maximum)
        return made

    def record(self, value: int) -> None:
        """Add one value. Raises `ValueError` for one outside 0 to 2^62."""
        if not 0 <= value <= LARGEST_VALUE:
            raise ValueError(f"{value} is not from 0 to 2^62")
        shift = value.bit_length() - LEADING_BITS  # as index_of, without the calls
        index = shift * HALF + (value >> shift) if shift > 0 else value
        place = index - self._first
        if not 0 <= place < len(self._counts):
            self._grow(index, index)
            place = index - self._first
        self._counts[place] += 1
        self._total += value
        if value < self._minimum:
            self._minimum = value
        if value > self._maximum:
            self._maximum = value

    def record_many(self, values: Ints) -> None:
        """Add an array of values. Raises `ValueError` for one outside 0 to 2^62, and then adds none."""
        if not values.size:
            return
        low, high = int(values.min()), int(values.max())
        if low < 0 or high > LARGEST_VALUE:
            raise ValueError(f"{low if low < 0 else high} is not from 0 to 2^62")
        indexes = indexes_of(values)
        first = int(indexes.min())
        self._add(first, np.bincount(indexes - first), _exact_sum(values), low, high)

    def merge(self, other: "Histogram") -> None:
        """Add all values of another histogram in place."""
        if other.minimum is not None and other.maximum is not None:
            counts = np.frombuffer(other._counts, np.int64)  # noqa: SLF001  (of the same class)
            self._add(other._first, counts, other.total, other.minimum, other.maximum)  # noqa: SLF001

    def __add__(self, other: "Histogram") -> "Histogram":
        added = Histogram()
        added.merge(self)
        added.merge(other)
        return added

    def since(self, earlier: "Histogram") -> "Histogram":
        """What was recorded after `earlier`, which held the first part of the same values.

        Its extremes are known as well as the buckets are wide.
        """
        index, count = self._filled()
        before = dict(zip(*earlier.sparse(), strict=True))
        count = count - np.array([before.get(each, 0) for each in index.tolist()], np.int64)
        index, count = index[count > 0], count[count > 0]
        if not index.size:
            return Histogram()
        low, high = max(int(lowest_of(index)[0]), self._minimum), min(int(highest_of(index)[-1]), self._maximum)
        return Histogram.from_sparse(index.tolist(), count.tolist(), self._total - earlier.total, low, high)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        mine = (self.total, self.minimum, self.maximum, self.sparse())
        return mine == (other.total, other.minimum, other.maximum, other.sparse())

    def __repr__(self) -> str:
        return f"Histogram(count={self.count}, minimum={self.minimum}, maximum={self.maximum})"

    @property
    def count(self) -> int:
        """How many values were added."""
        return int(np.frombuffer(self._counts, np.int64).sum()) if self._counts else 0

    @property
    def total(self) -> int:
        """The sum of all values, exactly."""
        return self._total

    @property
    def minimum(self) -> int | None:
        """The smallest value, exactly; None without values."""
        return self._minimum if self._counts else None

    @property
    def maximum(self) -> int | None:
        """The largest value, exactly; None without values."""
        return self._maximum if self._counts else None

    @property
    def mean(self) -> float | None:
        """The mean of the exact values; None without values."""
        return self._total / self.count if self._counts else None

    def percentile(self, q: float) -> int | None:
        """The value that `q` percent of all values do not exceed, to three digits; None without values.

        HdrHistogram's definition, with 0 for the lowest value: the highest value of the first bucket at
        which the running count reaches q percent of the count, rounded half up and at least 1. Raises
        `ValueError` for a q outside 0 to 100.
        """
        if not 0 <= q <= 100:
            raise ValueError(f"{q} is not a percentage from 0 to 100")
        if not self._counts:
            return None
        running = np.frombuffer(self._counts, np.int64).cumsum()
        wanted = max(1, int(q * int(running[-1]) / 100 + 0.5))
        index = np.flatnonzero(running >= wanted)[:1] + self._first
        return int((highest_of(index) if q else lowest_of(index))[0])

    def columns(self) -> tuple[Ints, Ints, Ints]:
        """The buckets that hold values, as columns: lowest value, highest value, count; sorted."""
        index, count = self._filled()
        return lowest_of(index), highest_of(index), count

    def sparse(self) -> tuple[list[int], list[int]]:
        """The buckets that hold values, as plain lists for JSON: index, sorted, and count."""
        index, count = self._filled()
        return index.tolist(), count.tolist()

    def _filled(self) -> tuple[Ints, Ints]:
        counts = np.array(self._counts, np.int64)
        place = np.flatnonzero(counts)
        return place + self._first, counts[place]

    def _add(self, first: int, counts: Ints, total: int, minimum: int, maximum: int) -> None:
        self._grow(first, first + counts.size - 1)
        place = first - self._first
        np.frombuffer(self._counts, np.int64)[place : place + counts.size] += counts
        self._total += total
        self._minimum = min(minimum, self._minimum)
        self._maximum = max(maximum, self._maximum)

    def _grow(self, low: int, high: int) -> None:
        """Make room for the buckets of these indexes, HALF at a time: few growths, and small where values are alike."""
        first = low // HALF * HALF
        if not self._counts:
            self._first = first
        before = max(self._first - first, 0)
        after = max((high // HALF + 1) * HALF - self._first - len(self._counts), 0)
        if before or after:
            self._counts = array("q", bytes(8 * before)) + self._counts + array("q", bytes(8 * after))
            self._first -= before


def _exact_sum(values: Ints) -> int:
    high, low = values >> _LOW_BITS, values & ((1 << _LOW_BITS) - 1)
    return (int(high.sum()) << _LOW_BITS) + int(low.sum())


def _check_sparse(index: Ints, count: Ints, minimum: int | None, maximum: int | None) -> None:
    if index.shape != count.shape or index.ndim != 1:
        raise ValueError("indexes and counts must be lists of the same length")
    if (np.diff(index) <= 0).any() or ((index < 0) | (index >= BUCKETS)).any():
        raise ValueError(f"indexes must rise, from 0 to {BUCKETS - 1}")
    if (count <= 0).any():
        raise ValueError("counts must be at least 1")
    outer = None if minimum is None or maximum is None else (index_of(minimum), index_of(maximum))
    if outer != ((int(index[0]), int(index[-1])) if index.size else None):
        raise ValueError("minimum and maximum must lie in the first and the last bucket")
