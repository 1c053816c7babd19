import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.checks.debounce import BOUNDARY_NS, boundary_deliveries, due_refetches
from tests.checks.timers import naive_due


@pytest.mark.parametrize(
    ("arrived", "window", "max_wait", "due"),
    [
        ([], 500, None, []),
        ([0], 500, None, [500]),
        ([0, 499, 998], 500, None, [1498]),
        ([0, 500], 500, None, [500, 1000]),  # an event at the very time comes after the refetch
        ([0, 0, 0], 500, None, [500]),
        ([0, 0, 7], 0, None, [0, 0, 7]),
        ([0, 400, 800, 1200], 500, 1000, [1000, 1700]),
        ([0, 400, 800, 1000], 500, 1000, [1000, 1500]),
        ([0, 500], 500, 1000, [500, 1000]),
        ([-900, -500, -100, 300], 500, 1000, [100, 800]),
        ([0, 100], 500, 50, [50, 150]),
    ],
)
def test_due_refetches_by_hand(arrived: list[int], window: int, max_wait: int | None, due: list[int]) -> None:
    assert due_refetches(np.array(arrived, np.int64), window, max_wait).tolist() == due


arrivals = st.lists(st.integers(-5_000, 5_000), max_size=30).map(sorted)


@given(arrivals, st.integers(0, 700), st.none() | st.integers(1, 2_000))
def test_due_refetches_equal_a_plain_loop(arrived: list[int], window: int, max_wait: int | None) -> None:
    due = due_refetches(np.array(arrived, np.int64), window, max_wait)
    assert due.tolist() == naive_due(arrived, window, max_wait)


@given(arrivals, st.integers(1, 700), st.none() | st.integers(1, 2_000), st.integers(1, 100))
def test_shorter_waits_never_make_a_refetch_due_later(
    arrived: list[int], window: int, max_wait: int | None, less: int
) -> None:
    at = np.array(arrived, np.int64)
    due = due_refetches(at, window, max_wait)
    sooner = due_refetches(at, max(window - less, 0), None if max_wait is None else max(max_wait - less, 0))
    assert len(sooner) >= len(due)
    assert (sooner[: len(due)] <= due).all()


@pytest.mark.parametrize(
    ("arrived", "max_wait", "near"),
    [
        ([], None, 0),
        ([0], None, 0),
        ([0, 497, 1000, 1503], None, 0),
        ([0, 498, 998, 1500], None, 3),  # gaps of 498, 500 and 502
        ([0, 400, 798], 800, 1),  # 2 ms before the longest wait is over
        ([0, 400, 802], 800, 1),
        ([0, 400, 803], 800, 0),
        ([0, 500], 800, 1),  # close to both ends, and one delivery
    ],
)
def test_deliveries_close_to_the_end_of_a_wait_by_hand(arrived: list[int], max_wait: int | None, near: int) -> None:
    at_ns = np.array(arrived, np.int64) * 1_000_000
    max_wait_ns = None if max_wait is None else max_wait * 1_000_000
    assert boundary_deliveries(at_ns, 500_000_000, max_wait_ns) == near
    assert boundary_deliveries(at_ns, 0, None) == 0


@given(arrivals, st.integers(5, 700), st.none() | st.integers(5, 2_000))
def test_no_delivery_is_close_where_a_little_more_or_less_changes_nothing(
    arrived: list[int], window: int, max_wait: int | None
) -> None:
    def due(shift: int) -> list[int]:
        return [
            at - shift for at in naive_due(arrived, window + shift, max_wait if max_wait is None else max_wait + shift)
        ]

    scale = BOUNDARY_NS // 2  # a unit is half of the tolerance
    at_ns = np.array(arrived, np.int64) * scale
    near = boundary_deliveries(at_ns, window * scale, None if max_wait is None else max_wait * scale)
    if near == 0:
        assert len(due(-2)) == len(due(0)) == len(due(2))
