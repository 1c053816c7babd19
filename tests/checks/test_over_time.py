import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.checks.over_time import added, per_bucket

TIMES = st.lists(st.integers(-(10**6), 10**6), max_size=50)


def test_a_time_on_an_edge_belongs_to_the_later_bucket_and_the_warm_up_to_none() -> None:
    assert per_bucket(np.array([-1, 0, 9, 10, 35], np.int64), 10) == {0: 2, 1: 1, 3: 1}


@given(TIMES, TIMES, st.integers(1, 1000))
def test_counts_of_parts_add_up_to_the_whole(one: list[int], other: list[int], bucket_ns: int) -> None:
    counts = [per_bucket(np.array(times, np.int64), bucket_ns) for times in (one, other, one + other)]
    assert added(counts[0], counts[1]) == added(counts[1], counts[0]) == counts[2]
