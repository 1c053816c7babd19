"""The curve by its pieces, beside the plain formulas of its stages."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario import RampStage, Scenario, StepStage, WaveStage
from sim.schedule.chance import ns_of
from sim.schedule.curve import Straight, Waving, pieces_of
from tests.schedule.scenarios import S, any_stages, scenario


def value(what: Scenario, at_s: float) -> float:
    """The curve as its stages are described, in floats: slow and plain. Stages begin at whole nanoseconds."""
    current = 0.0
    begins_s = [ns_of(stage.at_s) / S for stage in what.stages]
    for number, stage in enumerate(what.stages):
        if begins_s[number] > at_s:
            return current
        following = begins_s[number + 1] if number + 1 < len(what.stages) else math.inf
        since_s = min(at_s, following) - begins_s[number]
        match stage:
            case StepStage():
                current = stage.organisations
            case RampStage():
                current += (stage.organisations - current) * min(since_s / stage.over_s, 1)
            case WaveStage():
                half = (stage.high - stage.low) / 2
                current = stage.low + half * (1 - math.cos(2 * math.pi * since_s / stage.period_s))
    return current


@given(any_stages, st.floats(0, 99.99))
def test_it_is_what_the_stages_say(what: Scenario, at_s: float) -> None:
    at_ns = round(at_s * S)
    (piece,) = (piece for piece in pieces_of(what) if piece.from_ns <= at_ns < piece.until_ns)
    expected = value(what, at_ns / S)
    assert float(piece.value(at_ns)) == pytest.approx(expected, abs=1e-6)
    if abs(expected % 1 - 0.5) > 1e-6:  # nearer than that, floats cannot tell
        assert piece.present(at_ns) == math.floor(expected + 0.5)


@given(any_stages)
def test_pieces_cover_the_window_one_after_the_other(what: Scenario) -> None:
    pieces = pieces_of(what)
    assert (pieces[0].from_ns, pieces[-1].until_ns) == (0, 100 * S)
    assert all(one.from_ns < one.until_ns == other.from_ns for one, other in pairwise(pieces))


def test_without_stages_all_are_present_throughout() -> None:
    assert pieces_of(scenario()) == (Straight(0, 100 * S, Fraction(10), 10, 1),)


def test_a_ramp_brings_each_at_its_half_and_takes_it_away_after_it() -> None:
    up = Straight(5 * S, 60 * S, Fraction(0), 3, 30 * S)
    assert [list(up.times(k)) for k in range(4)] == [[(10 * S, 60 * S)], [(20 * S, 60 * S)], [(30 * S, 60 * S)], []]
    down = Straight(5 * S, 60 * S, Fraction(3), 0, 30 * S)
    assert [list(down.times(k)) for k in range(3)] == [
        [(5 * S, 30 * S + 1)],  # half rounds up: at that very nanosecond it is there
        [(5 * S, 20 * S + 1)],
        [(5 * S, 10 * S + 1)],
    ]


def test_a_ramp_that_is_not_over_is_cut_where_the_next_stage_begins() -> None:
    stages = [
        {"kind": "ramp", "at_s": 0, "organisations": 10, "over_s": 100},
        {"kind": "ramp", "at_s": 33, "organisations": 0, "over_s": 1},
        {"kind": "ramp", "at_s": 33.5, "organisations": 2, "over_s": 7},
    ]
    pieces = pieces_of(scenario(stages=stages))
    assert [piece.value(piece.from_ns) for piece in pieces] == [0, Fraction(33, 10), Fraction(33, 20)]
    assert [piece.present(piece.from_ns) for piece in pieces] == [0, 3, 2]


def test_after_a_wave_a_ramp_goes_on_from_where_it_was() -> None:
    wave = {"kind": "wave", "at_s": 0, "low": 2, "high": 8, "period_s": 12}
    ramp = {"kind": "ramp", "at_s": 15, "organisations": 0, "over_s": 5}
    assert float(pieces_of(scenario(stages=[wave, ramp]))[-1].value(15 * S)) == pytest.approx(5)


def test_a_wave_takes_and_brings_those_between() -> None:
    # Between 2 and 3 the half lies a quarter of the period from each low; the last nanosecond is its own.
    wave = Waving(10 * S, 30 * S, 2, 3, 10 * S)
    assert list(wave.times(1)) == [(10 * S, 30 * S)]
    assert list(wave.times(2)) == [(12_500_000_000, 17_500_000_001), (22_500_000_000, 27_500_000_001)]
    assert list(wave.times(3)) == []
    # Between 0 and 2 the halves are at sin^2 = 1/4 and 3/4: at a sixth and a third of the period.
    wave = Waving(0, 9 * S, 0, 2, 6 * S)
    assert list(wave.times(0)) == [(1 * S, 5 * S + 1), (7 * S, 9 * S)]
    assert list(wave.times(1)) == [(2 * S, 4 * S + 1), (8 * S, 9 * S)]


def test_a_level_wave_is_a_step() -> None:
    wave = Waving(0, 30 * S, 4, 4, 10 * S)
    assert [wave.present(at_s * S) for at_s in (0, 3, 5, 29)] == [4] * 4
    assert [list(wave.times(k)) for k in (3, 4)] == [[(0, 30 * S)], []]


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_straight_piece_counts_those_whose_times_cover_a_time(start: int, end: int, over_ns: int, at: int) -> None:
    piece = Straight(7, 7 + 10**6 + 1, Fraction(start, 3), end, over_ns)
    covering = [k for k in range(21) if any(low <= 7 + at < high for low, high in piece.times(k))]
    assert covering == list(range(piece.present(7 + at)))


@given(st.integers(0, 9), st.integers(0, 9), st.integers(10**9, 10**10), st.integers(0, 10**11), st.integers(-1, 1))
def test_a_wave_counts_those_whose_times_cover_a_time(low: int, more: int, period_ns: int, at: int, shift: int) -> None:
    piece = Waving(0, 10**11 + 1, low, low + more, period_ns)
    # Any time, and those just around where one comes or goes.
    edges = {edge + shift for k in range(low + more) for pair in piece.times(k) for edge in pair}
    for at_ns in [at, *sorted(edges)[:40]]:
        if 0 <= at_ns <= 10**11:
            covering = [k for k in range(20) if any(first <= at_ns < end for first, end in piece.times(k))]
            assert covering == list(range(piece.present(at_ns)))


def test_a_stage_at_the_very_end_has_no_piece() -> None:
    stages = [{"kind": "step", "at_s": at_s, "organisations": 3} for at_s in (50, 100 - 1e-12)]
    assert [(piece.from_ns, piece.until_ns) for piece in pieces_of(scenario(stages=stages))] == [
        (0, 50 * S),
        (50 * S, 100 * S),
    ]
