import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.stats import CoarseHistogram, Histogram

values = st.lists(st.integers(0, 2**62), max_size=60)


def _of(numbers: list[int]) -> CoarseHistogram:
    return CoarseHistogram.of(np.array(numbers, np.int64))


@given(values, values)
def test_adding_is_the_histogram_of_both(one: list[int], other: list[int]) -> None:
    assert _of(one) + _of(other) == _of(one + other) == _of(other) + _of(one)
    assert _of(one) + CoarseHistogram() == _of(one)


@given(values.filter(bool), st.floats(0, 100))
def test_percentiles_are_those_of_the_fine_one_to_one_percent(numbers: list[int], q: float) -> None:
    coarse, exact = _of(numbers).percentile(q), sorted(numbers)[max(1, int(np.ceil(q / 100 * len(numbers)))) - 1]
    assert coarse is not None
    assert exact <= coarse <= exact * 1.01 + 8


@given(values)
def test_columns_give_it_back(numbers: list[int]) -> None:
    assert CoarseHistogram(*_of(numbers).columns()) == _of(numbers)
    assert _of(numbers).count == len(numbers) == Histogram.of(numbers).count


def test_without_values_there_is_no_percentile() -> None:
    assert CoarseHistogram().percentile(50) is None


@pytest.mark.parametrize(
    "columns", [([1], [0]), ([1, 1], [1, 1]), ([2, 1], [1, 1]), ([-1], [1]), ([1], []), ([10**9], [1])]
)
def test_columns_that_no_histogram_has_are_refused(columns: tuple[list[int], list[int]]) -> None:
    with pytest.raises(ValueError, match="must"):
        CoarseHistogram(*columns)
