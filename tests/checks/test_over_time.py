import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.checks.over_time import Counts

TIMES = st.lists(st.integers(-(10**6), 10**6), max_size=50)


def _of(times: list[int], bucket_ns: int) -> Counts:
    return Counts.of(np.array(times, np.int64), bucket_ns)


def test_a_time_on_an_edge_belongs_to_the_later_bucket_and_the_warm_up_to_none() -> None:
    assert _of([-1, 0, 9, 10, 35], 10) == {0: 2, 1: 1, 3: 1}


@given(TIMES, TIMES, st.integers(1, 1000))
def test_counts_of_parts_add_up_to_the_whole(one: list[int], other: list[int], bucket_ns: int) -> None:
    first, second, whole = (_of(times, bucket_ns) for times in (one, other, one + other))
    assert first + second == second + first == whole
    assert first + Counts() == Counts() + first == first


@given(TIMES, st.integers(1, 1000))
def test_it_is_a_mapping_without_its_zeros_and_its_columns_give_it_back(times: list[int], bucket_ns: int) -> None:
    counts = _of(times, bucket_ns)
    assert len(counts) == len(list(counts)) == len(dict(counts))
    assert all(count > 0 for count in counts.values())
    assert counts.get(10**7) is None
    first, column = counts.columns()
    assert Counts(first, np.array(column, np.int64)) == counts
