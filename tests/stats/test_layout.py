import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.stats.layout import BUCKETS, LARGEST_VALUE, highest_of, index_of, indexes_of, lowest_of

values = st.one_of(
    st.integers(0, LARGEST_VALUE),
    st.tuples(st.integers(0, 61), st.integers(-2, 2)).map(lambda pair: max(0, (1 << pair[0]) + pair[1])),
)


@given(st.lists(values, min_size=1))
def test_a_value_lies_in_its_bucket_and_the_bucket_is_narrow(many: list[int]) -> None:
    array = np.array(many, np.int64)
    index = indexes_of(array)
    assert index.tolist() == [index_of(value) for value in many]
    assert (lowest_of(index) <= array).all()
    assert (array <= highest_of(index)).all()
    assert ((highest_of(index) - lowest_of(index)) * 1024 <= lowest_of(index)).all()


def test_values_that_a_float_rounds_up_to_a_power_of_two_stay_below_it() -> None:
    array = np.array([(1 << bits) - 1 for bits in range(1, 63)], np.int64)
    assert indexes_of(array).tolist() == [index_of(int(value)) for value in array]
    assert (highest_of(indexes_of(array))[11:] == array[11:]).all()


def test_buckets_are_numbered_without_a_gap_up_to_the_last() -> None:
    index = np.arange(BUCKETS, dtype=np.int64)
    assert (lowest_of(index)[1:] == highest_of(index)[:-1] + 1).all()
    assert index_of(0) == 0
    assert index_of(LARGEST_VALUE) == BUCKETS - 1
