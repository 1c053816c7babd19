import numpy as np
import pytest
from scipy.stats import kstest

from sim.schedule import Action
from sim.schedule.heartbeats import heartbeats
from sim.schedule.transitions import Transitions


def _beats(
    *rows: tuple[int, int, Action], online: list[bool], jitter_ns: int = 0, end_ns: int = 100
) -> list[list[int]]:
    """Due times of each machine's heartbeats, every 10 ns, given (machine, time, action) rows."""
    machine, due_ns, action = np.array(rows, np.int64).reshape(-1, 3).T
    transitions = Transitions(due_ns, machine, action)
    beat_ns, who = heartbeats(transitions, np.array(online), end_ns, 10, jitter_ns, np.random.default_rng(1))
    return [sorted(beat_ns[who == number].tolist()) for number in range(len(online))]


def test_a_machine_that_stays_up_beats_every_interval_from_its_phase() -> None:
    (beats,) = _beats(online=[True])
    assert 0 <= beats[0] < 10
    assert beats == list(range(beats[0], 100, 10))


def test_a_machine_that_stays_down_does_not_beat() -> None:
    assert _beats(online=[False]) == [[]]


def test_after_an_up_the_interval_counts_from_it() -> None:
    assert _beats((0, 33, Action.UP), online=[False]) == [[43, 53, 63, 73, 83, 93]]


def test_there_is_no_beat_at_or_after_a_down_or_a_crash() -> None:
    rows = (
        (0, 15, Action.UP),
        (0, 35, Action.DOWN),
        (1, 15, Action.UP),
        (1, 36, Action.CRASH),
        (1, 70, Action.UP),
    )
    assert _beats(*rows, online=[False, False]) == [[25], [25, 35, 80, 90]]


def test_a_beat_before_a_down_of_a_machine_that_was_up_stays() -> None:
    ((*beats,),) = _beats((0, 40, Action.DOWN), online=[True])
    assert len(beats) == 4
    assert max(beats) < 40


def test_jitter_moves_each_beat_by_up_to_half_of_it() -> None:
    (still,) = _beats((0, 3, Action.UP), online=[False], end_ns=100_000)
    (moved,) = _beats((0, 3, Action.UP), online=[False], jitter_ns=9, end_ns=100_000)
    shifts = np.array(moved[:9000]) - np.array(still[:9000])
    assert (shifts.min(), shifts.max()) == (-4, 4)
    assert np.bincount(shifts + 4).min() > 800


def test_jitter_moves_no_beat_to_or_beyond_a_down() -> None:
    rows = [(number, due_ns, action) for number in range(900) for due_ns, action in ((3, Action.UP), (53, Action.DOWN))]
    beats = _beats(*rows, online=[False] * 900, jitter_ns=9)
    # The beat due at 53 stays where its shift is negative; else the one of 43 is the last.
    assert {max(of_one) for of_one in beats} == {*range(39, 48), *range(49, 53)}


def test_jitter_moves_beats_into_the_window_from_after_its_end() -> None:
    # Due at 13 without jitter: 2 of its 9 shifts, to 9 and to 10, lie before the window's end at 11.
    beats = _beats(*((number, 3, Action.UP) for number in range(9000)), online=[False] * 9000, jitter_ns=9, end_ns=11)
    assert {due_ns for of_one in beats for due_ns in of_one} == {9, 10}
    assert sum(map(len, beats)) == pytest.approx(2000, abs=4 * 39.4)


def test_jitter_moves_beats_into_the_window_from_before_its_start() -> None:
    # Phases are uniform in the interval of 10 ns, so all beats, one per interval, stay as many on the whole.
    beats = _beats(online=[True] * 9000, jitter_ns=9, end_ns=10)
    counts = np.bincount(np.concatenate([np.array(of_one, np.int64) for of_one in beats]), minlength=10)
    assert counts.size == 10
    assert counts.tolist() == pytest.approx([900] * 10, abs=4 * 28.5)


def test_phases_are_uniform() -> None:
    none = np.empty(0, np.int64)
    interval_ns = 60 * 10**9
    beat_ns, who = heartbeats(
        Transitions(none, none, none),
        np.ones(4000, np.bool_),
        interval_ns,
        interval_ns,
        0,
        np.random.default_rng(2),
    )
    assert who.tolist() == list(range(4000))
    assert kstest(beat_ns / interval_ns, "uniform").pvalue > 0.001
