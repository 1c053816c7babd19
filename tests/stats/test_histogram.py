import functools
import json

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from sim.stats import Histogram

LARGEST = 1 << 62
PERCENTAGES = (0.0, 0.01, 1.0, 25.0, 50.0, 90.0, 95.0, 99.0, 99.9, 99.999, 100.0)
many = st.lists(st.integers(0, LARGEST), max_size=60)


def _theirs(values: list[int]) -> list[int | None]:
    histogram = HdrHistogram(1, LARGEST, 3)
    for value in values:
        histogram.record_value(value)
    return [histogram.get_value_at_percentile(q) for q in PERCENTAGES]


@given(many.filter(bool))
def test_percentiles_equal_those_of_the_hdrhistogram_package(values: list[int]) -> None:
    ours = Histogram.of(values)
    assert [ours.percentile(q) for q in PERCENTAGES] == _theirs(values)


def test_percentiles_of_many_values_equal_theirs_and_are_near_to_numpys() -> None:
    values = np.random.default_rng(7).lognormal(15, 3, 50_000).astype(np.int64)
    ours = Histogram.of(values)
    assert [ours.percentile(q) for q in PERCENTAGES] == _theirs(values.tolist())
    for q in (50.0, 90.0, 99.0, 99.9):
        exact = np.percentile(values, q, method="inverted_cdf")
        assert ours.percentile(q) == pytest.approx(exact, rel=1 / 1024)


@given(many)
def test_count_total_minimum_maximum_and_mean_are_exact(values: list[int]) -> None:
    histogram = Histogram.of(values)
    assert (histogram.count, histogram.total) == (len(values), sum(values))
    assert histogram.minimum == min(values, default=None)
    assert histogram.maximum == max(values, default=None)
    assert histogram.mean == (sum(values) / len(values) if values else None)


@given(many)
def test_one_by_one_is_as_all_at_once(values: list[int]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    assert histogram == Histogram.of(values)


@given(many, many, many)
def test_adding_is_associative_and_commutative_and_the_whole(a: list[int], b: list[int], c: list[int]) -> None:
    x, y, z = Histogram.of(a), Histogram.of(b), Histogram.of(c)
    assert (x + y) + z == x + (y + z) == Histogram.of(a + b + c)
    assert x + y == y + x
    assert x + Histogram() == x == Histogram.of(a)


@given(st.lists(many, max_size=5))
def test_merging_in_place_is_adding(parts: list[list[int]]) -> None:
    merged = Histogram()
    for part in parts:
        merged.merge(Histogram.of(part))
    assert merged == functools.reduce(Histogram.__add__, map(Histogram.of, parts), Histogram())


@given(many)
def test_it_goes_through_json_without_loss(values: list[int]) -> None:
    histogram = Histogram.of(values)
    text = json.dumps([*histogram.sparse(), histogram.total, histogram.minimum, histogram.maximum])
    assert Histogram.from_sparse(*json.loads(text)) == histogram


@given(many)
def test_columns_hold_every_value_once(values: list[int]) -> None:
    low_ns, high_ns, count = Histogram.of(values).columns()
    assert count.sum() == len(values)
    for low, high, number in zip(low_ns.tolist(), high_ns.tolist(), count.tolist(), strict=True):
        assert number == sum(low <= value <= high for value in values) > 0


def test_an_empty_one_has_no_percentile_and_no_mean() -> None:
    empty = Histogram()
    assert (empty.count, empty.total, empty.mean, empty.percentile(50)) == (0, 0, None, None)
    assert (empty.sparse(), empty.columns()[2].size) == (([], []), 0)
    assert empty == Histogram.of([])
    assert empty != Histogram.of([0])
    assert empty != 0


def test_it_says_what_it_is_and_cannot_be_a_key() -> None:
    assert repr(Histogram.of([3, 5])) == "Histogram(count=2, minimum=3, maximum=5)"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Histogram())


@pytest.mark.parametrize("value", [-1, LARGEST + 1])
def test_a_value_out_of_range_is_refused_and_changes_nothing(value: int) -> None:
    histogram = Histogram.of([7])
    with pytest.raises(ValueError, match="not from 0 to"):
        histogram.record(value)
    with pytest.raises(ValueError, match="not from 0 to"):
        histogram.record_many(np.array([5, value], np.int64))
    assert histogram == Histogram.of([7])


@pytest.mark.parametrize("q", [-0.1, 100.1, float("nan")])
def test_a_percentage_out_of_range_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="not a percentage"):
        Histogram.of([1]).percentile(q)


@pytest.mark.parametrize(
    ("indexes", "counts", "minimum", "maximum", "message"),
    [
        ([1, 2], [1], 1, 2, "same length"),
        ([2, 1], [1, 1], 1, 2, "must rise"),
        ([1, 1], [1, 1], 1, 1, "must rise"),
        ([-1], [1], 0, 0, "must rise"),
        ([10**9], [1], 0, 0, "must rise"),
        ([1], [0], 1, 1, "at least 1"),
        ([1], [1], None, None, "first and the last"),
        ([1, 5], [1, 1], 1, 6, "first and the last"),
        ([], [], 1, 2, "first and the last"),
    ],
)
def test_columns_that_no_histogram_has_are_refused(
    indexes: list[int], counts: list[int], minimum: int | None, maximum: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Histogram.from_sparse(indexes, counts, 3, minimum, maximum)


@given(many, many)
def test_what_came_since_is_the_histogram_of_the_later_values(first: list[int], later: list[int]) -> None:
    whole, since = Histogram.of(first + later), Histogram.of(first + later).since(Histogram.of(first))
    expected = Histogram.of(later)
    assert (since.sparse(), since.count, since.total) == (expected.sparse(), expected.count, expected.total)
    assert [since.percentile(q) for q in PERCENTAGES] == [expected.percentile(q) for q in PERCENTAGES]
    assert whole == Histogram.of(first + later)


@given(many.filter(bool), many)
def test_its_extremes_are_known_to_the_width_of_a_bucket(later: list[int], first: list[int]) -> None:
    since = Histogram.of(first + later).since(Histogram.of(first))
    assert since.minimum is not None
    assert since.maximum is not None
    assert since.minimum <= min(later) <= max(later) <= since.maximum
    lowest, highest, _ = Histogram.of([min(later), max(later)]).columns()
    assert since.minimum >= lowest[0]
    assert since.maximum <= highest[-1]


@given(many)
def test_since_the_start_is_all_and_since_now_is_nothing(values: list[int]) -> None:
    whole = Histogram.of(values)
    assert whole.since(Histogram()) == whole
    assert whole.since(whole) == Histogram()


@given(many, many, many)
def test_intervals_add_up(a: list[int], b: list[int], c: list[int]) -> None:
    one, two, three = Histogram.of(a), Histogram.of(a + b), Histogram.of(a + b + c)
    added = three.since(two) + two.since(one)
    assert (added.sparse(), added.total) == (three.since(one).sparse(), three.since(one).total)
