"""Counts over time: number of a bucket -> how many. Workers' counts add up, and so do those of parts of a run."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

_NONE: Final = np.empty(0, np.int64)


class Counts(Mapping[int, int]):
    """A mapping without its zeros. 8 bytes a bucket, however many there are: a long run has 36,000 an hour."""

    __slots__ = ("_counts", "_first")
    __hash__ = None  # type: ignore[assignment]  # mypy wants a method; it is compared by content

    def __init__(self, first: int = 0, counts: NDArray[np.int64] = _NONE) -> None:
        """`counts` are those of the buckets from number `first` on."""
        self._first = first
        self._counts = counts

    @classmethod
    def of(cls, at_ns: NDArray[np.int64], bucket_ns: int) -> "Counts":
        """How many of these times lie in each bucket; those before the window are left out."""
        buckets = at_ns[at_ns >= 0] // bucket_ns
        if not len(buckets):
            return cls()
        first = int(buckets.min())
        return cls(first, np.bincount(buckets - first).astype(np.int64))

    def __add__(self, other: "Counts") -> "Counts":
        return self._combined(other, np.add)

    def __sub__(self, other: "Counts") -> "Counts":
        return self._combined(other, np.subtract)

    def __mul__(self, other: "Counts") -> "Counts":
        return self._combined(other, np.multiply)

    def __getitem__(self, bucket: int) -> int:
        place = bucket - self._first
        count = int(self._counts[place]) if 0 <= place < len(self._counts) else 0
        if not count:
            raise KeyError(bucket)
        return count

    def __iter__(self) -> Iterator[int]:
        return iter((np.flatnonzero(self._counts) + self._first).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(self._counts))

    def __repr__(self) -> str:
        return f"Counts({dict(self)})"

    def _combined(self, other: "Counts", how: np.ufunc) -> "Counts":
        filled = [part for part in (self, other) if len(part._counts)]  # noqa: SLF001  (of the same class)
        if not filled:
            return self
        first = min(part._first for part in filled)  # noqa: SLF001
        end = max(part._first + len(part._counts) for part in filled)  # noqa: SLF001
        return Counts(first, how(self._between(first, end), other._between(first, end)))  # noqa: SLF001

    def _between(self, first: int, end: int) -> NDArray[np.int64]:
        counts = np.zeros(end - first, np.int64)
        if len(self._counts):
            begin = self._first - first
            counts[begin : begin + len(self._counts)] = self._counts
        return counts

    def columns(self) -> tuple[int, list[int]]:
        """The first bucket's number, and the counts from there on, for JSON."""
        return self._first, self._counts.tolist()
