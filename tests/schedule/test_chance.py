import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.schedule.chance import Purpose, arrivals, chosen, ns_of, stream, takes_part


def test_streams_differ_by_every_argument_and_equal_otherwise() -> None:
    def first(*arguments: int) -> int:
        seed, organisation, purpose, part = arguments
        return int(stream(seed, organisation, Purpose(purpose), part).integers(1 << 62))

    drawn = [first(1, 2, 3, 0), first(2, 2, 3, 0), first(1, 3, 3, 0), first(1, 2, 4, 0), first(1, 2, 3, 1)]
    assert len(set(drawn)) == 5
    assert first(1, 2, 3, 0) == drawn[0]


@pytest.mark.parametrize(("seconds", "ns"), [(0, 0), (1e-12, 1), (0.3, 300_000_000), (86_400, 86_400 * 10**9)])
def test_times_are_whole_nanoseconds_and_none_vanishes(seconds: float, ns: int) -> None:
    assert ns_of(seconds) == ns


@given(st.floats(0, 1), st.integers(0, 200), st.integers(0, 100))
def test_a_share_is_rounded_to_one_of_its_neighbours(share: float, count: int, seed: int) -> None:
    numbers = chosen(np.random.default_rng(seed), share, count)
    assert abs(numbers.size - share * count) < 1
    assert numbers.tolist() == sorted(set(numbers.tolist()))
    assert all(0 <= number < count for number in numbers.tolist())


def test_a_share_of_few_is_right_in_the_mean() -> None:
    rng = np.random.default_rng(3)
    taken = [chosen(rng, 0.3, 1).size for _ in range(4000)]
    assert np.mean(taken) == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 4000))


@pytest.mark.parametrize(
    ("share", "organisations", "taking"),
    [(1.0, 10, 10), (0.3, 10, 3), (0.31, 10, 4), (0.07, 100, 7), (1e-9, 10, 1), (0.5, 1, 1)],
)
def test_the_first_organisations_take_part(share: float, organisations: int, taking: int) -> None:
    parts = [takes_part(number, organisations, share) for number in range(organisations)]
    assert parts == [True] * taking + [False] * (organisations - taking)


def test_arrivals_lie_in_the_window_and_none_come_at_rate_zero() -> None:
    rng = np.random.default_rng(4)
    at_ns = arrivals(rng, 50, 10**9)
    assert ((at_ns >= 0) & (at_ns < 10**9)).all()
    assert at_ns.size > 0
    assert arrivals(rng, 0, 10**9).size == 0
