"""A run that is folded in parts, cut where nothing is under way, gives what it gives as a whole."""

from hypothesis import given, settings

from sim.checks import merge
from sim.checks.partials import CHECKS
from tests.checks.worlds import Ground, grounds, partials, parts, world


@settings(max_examples=60)
@given(grounds)
def test_the_parts_of_a_run_add_up_to_the_whole(ground: Ground) -> None:
    for whole, (first, second) in zip(world(ground), parts(ground), strict=True):
        together, expected = merge(partials(first), partials(second)), partials(whole)
        assert (together.broken, expected.broken) == ({}, {})
        for check in CHECKS:
            assert getattr(together, check.name) == getattr(expected, check.name), check.name
        assert together == expected
