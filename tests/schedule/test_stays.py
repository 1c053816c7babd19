from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario import Scenario
from sim.schedule import Stay, present, stays_for, stays_of
from tests.schedule.scenarios import S, any_stages, scenario

WINDOW_NS = 100 * S


def _covering(stays: tuple[Stay, ...], at_ns: int) -> int:
    return sum(stay.from_ns <= at_ns < stay.until_ns for stay in stays)


@given(any_stages, st.lists(st.integers(0, WINDOW_NS - 1), max_size=20))
def test_as_many_stays_cover_a_time_as_are_present(what: Scenario, times_ns: list[int]) -> None:
    stays = stays_for(what)
    edges = {edge + by for stay in stays for edge in (stay.from_ns, stay.until_ns) for by in (-1, 0, 1)}
    stages = {round(stage.at_s * S) + by for stage in what.stages for by in (-1, 0, 1)}
    for at_ns in {*times_ns, *edges, *stages}:
        assert _covering(stays, at_ns) == present(what, at_ns)


@given(any_stages)
def test_those_that_are_present_are_the_first_ones(what: Scenario) -> None:
    stays = stays_for(what)
    for at_ns in {edge for stay in stays for edge in (stay.from_ns, stay.until_ns - 1)}:
        there = sorted(stay.organisation for stay in stays if stay.from_ns <= at_ns < stay.until_ns)
        assert there == list(range(present(what, at_ns)))


@given(any_stages)
def test_stays_of_one_organisation_are_apart_and_all_lie_in_the_window(what: Scenario) -> None:
    stays = stays_for(what)
    assert list(stays) == sorted(stays, key=lambda stay: (stay.from_ns, stay.organisation))
    assert all(0 <= stay.from_ns < stay.until_ns <= WINDOW_NS for stay in stays)
    for number in range(10):
        mine = tuple(stay for stay in stays if stay.organisation == number)
        assert mine == stays_of(what, number)
        assert all(one.until_ns < other.from_ns for one, other in pairwise(mine))


@given(any_stages)
def test_together_they_are_as_long_as_the_curve_is_high(what: Scenario) -> None:
    # Of ten organisations each stays for as long as the curve is above it: the area below the rounded curve.
    lasted_s = sum(stay.until_ns - stay.from_ns for stay in stays_for(what)) / S
    grid_s = np.arange(0, 100, 0.05)
    area_s = 0.05 * sum(present(what, round(at_s * S)) for at_s in grid_s)
    changes = 2 * len(stays_for(what))
    assert abs(lasted_s - area_s) <= 0.05 * changes + 1e-6


def test_without_stages_everybody_stays_throughout() -> None:
    what = scenario()
    assert stays_for(what) == tuple(Stay(number, 0, WINDOW_NS) for number in range(10))
    assert [present(what, at_ns) for at_ns in (-1, 0, WINDOW_NS - 1, WINDOW_NS)] == [0, 10, 10, 0]


def test_before_the_first_stage_nobody_is_present() -> None:
    what = scenario(stages=[{"kind": "step", "at_s": 4, "organisations": 2}])
    assert stays_for(what) == (Stay(0, 4 * S, WINDOW_NS), Stay(1, 4 * S, WINDOW_NS))
    assert [present(what, at_ns) for at_ns in (0, 4 * S - 1, 4 * S)] == [0, 0, 2]


def test_who_stays_on_into_the_next_stage_does_not_leave() -> None:
    stages = [{"kind": "step", "at_s": at_s, "organisations": number} for at_s, number in ((0, 3), (20, 1), (40, 2))]
    assert stays_for(scenario(stages=stages)) == (
        Stay(0, 0, WINDOW_NS),
        Stay(1, 0, 20 * S),
        Stay(2, 0, 20 * S),
        Stay(1, 40 * S, WINDOW_NS),
    )


def test_a_wave_brings_them_back_again_and_again() -> None:
    wave = {"kind": "wave", "at_s": 0, "low": 1, "high": 2, "period_s": 40}
    assert stays_for(scenario(stages=[wave])) == (
        Stay(0, 0, WINDOW_NS),
        Stay(1, 10 * S, 30 * S + 1),
        Stay(1, 50 * S, 70 * S + 1),
        Stay(1, 90 * S, WINDOW_NS),
    )


def test_a_stay_depends_on_no_seed_and_on_no_other_key() -> None:
    stages = [{"kind": "ramp", "at_s": 0, "organisations": 10, "over_s": 50}]
    one, other = (scenario(stages=stages, seed=seed, churn={"events_per_s": 1.0 * seed}) for seed in (1, 2))
    assert stays_for(one) == stays_for(other)
