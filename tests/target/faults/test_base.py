import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.target.faults.base import Count, EveryNth, Parameter


@given(st.integers(1, 20), st.integers(0, 100))
def test_each_nth_opportunity_has_its_turn(n: int, opportunities: int) -> None:
    count = Count()
    every = EveryNth(n, count)
    turns = [number for number in range(1, opportunities + 1) if every.turn()]
    assert turns == list(range(n, opportunities + 1, n))
    assert count == Count(0, opportunities)


@pytest.mark.parametrize(
    ("parameter", "allowed", "refused", "said"),
    [
        (Parameter("N", 7, True, 1), 1, 0, "a whole number of at least 1"),
        (Parameter("MS", 7, False, 0, smallest_allowed=False), 0.5, 0, "a number greater than 0"),
    ],
)
def test_a_parameter_says_what_it_allows(parameter: Parameter, allowed: float, refused: float, said: str) -> None:
    assert parameter.allows(allowed)
    assert not parameter.allows(refused)
    assert parameter.allowed() == said
