"""Which bucket a value falls into: HdrHistogram's layout for 3 significant digits and a unit of 1.

Values below 2,048 have a bucket each. Above, a value is cut to its 11 leading bits: every doubling of the
value has 1,024 buckets, twice as wide as those before, so a bucket is at most 1/1,024 as wide as its lowest
value.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

LEADING_BITS: Final = 11
HALF: Final = 1 << (LEADING_BITS - 1)
LARGEST_VALUE: Final = 1 << 62
BUCKETS: Final = (62 - LEADING_BITS + 1) * HALF + HALF + 1
"""Buckets for the values 0 to LARGEST_VALUE."""


def index_of(value: int) -> int:
    """The bucket of a value of 0 to LARGEST_VALUE."""
    shift = max(0, value.bit_length() - LEADING_BITS)
    return shift * HALF + (value >> shift)


def indexes_of(values: Ints) -> Ints:
    """The buckets of many values of 0 to LARGEST_VALUE."""
    _, bit_length = np.frexp(values.astype(np.float64))
    shift = np.maximum(bit_length.astype(np.int64) - LEADING_BITS, 0)
    # From 2^53 on the float may be rounded up to the next power of two, which is a bit too much of a shift. Then
    # HALF - 1 is left, whose index is that of all ones and one shift less: the right one.
    index: Ints = shift * HALF + (values >> shift)
    return index


def lowest_of(index: Ints) -> Ints:
    """The lowest value of each bucket."""
    shift = _shift_of(index)
    return (index - shift * HALF) << shift


def highest_of(index: Ints) -> Ints:
    """The highest value of each bucket."""
    return lowest_of(index) + (np.int64(1) << _shift_of(index)) - 1


def _shift_of(index: Ints) -> Ints:
    return np.maximum(index // HALF - 1, 0)
