import numpy as np
import pytest

from sim.schedule import Action
from sim.schedule.intents import NO_END, Intents, Wish
from sim.schedule.transitions import settled

UP, DOWN, CRASH = Action.UP, Action.DOWN, Action.CRASH
Row = tuple[int, Wish, int]


def _of_one(online: bool, *rows: Row) -> list[tuple[int, Action]]:
    """What one machine does by 100 ns, given (time, wish, end) rows."""
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    intents = Intents(columns[0], np.zeros(len(rows), np.int64), columns[1], columns[2])
    transitions = settled(intents, np.array([online]), 100)
    return [(at, Action(action)) for at, action in zip(transitions.due_ns, transitions.action, strict=True)]


@pytest.mark.parametrize(
    ("online", "wish", "done"),
    [
        (True, Wish.RISE, []),
        (True, Wish.FALL, [(10, DOWN)]),
        (True, Wish.VANISH, [(10, CRASH)]),
        (True, Wish.TOGGLE, [(10, DOWN)]),
        (True, Wish.ABSENCE, [(10, DOWN), (20, UP)]),
        (True, Wish.BLACKOUT, [(10, CRASH), (20, UP)]),
        (False, Wish.RISE, [(10, UP)]),
        (False, Wish.FALL, []),
        (False, Wish.VANISH, []),
        (False, Wish.TOGGLE, [(10, UP)]),
        (False, Wish.ABSENCE, []),
        (False, Wish.BLACKOUT, []),
    ],
)
def test_a_wish_holds_only_in_its_state(online: bool, wish: Wish, done: list[tuple[int, Action]]) -> None:
    end = 20 if wish in (Wish.ABSENCE, Wish.BLACKOUT) else NO_END
    assert _of_one(online, (10, wish, end)) == done


def test_nothing_but_its_end_brings_a_machine_back_from_an_absence() -> None:
    inner: tuple[Row, ...] = ((11, Wish.RISE, NO_END), (12, Wish.TOGGLE, NO_END), (13, Wish.BLACKOUT, 90))
    assert _of_one(True, (10, Wish.ABSENCE, 20), *inner) == [(10, DOWN), (20, UP)]


def test_a_machine_that_fell_silent_by_itself_comes_up_by_a_wave() -> None:
    assert _of_one(True, (10, Wish.VANISH, NO_END), (15, Wish.RISE, NO_END)) == [(10, CRASH), (15, UP)]


def test_a_wish_at_the_end_of_an_absence_comes_too_early_and_one_after_it_holds() -> None:
    assert _of_one(True, (10, Wish.ABSENCE, 20), (20, Wish.FALL, NO_END)) == [(10, DOWN), (20, UP)]
    assert _of_one(True, (10, Wish.ABSENCE, 20), (21, Wish.FALL, NO_END)) == [
        (10, DOWN),
        (20, UP),
        (21, DOWN),
    ]


def test_a_machine_acts_once_per_nanosecond() -> None:
    assert _of_one(True, (10, Wish.TOGGLE, NO_END), (10, Wish.TOGGLE, NO_END)) == [(10, DOWN)]


def test_a_void_wish_does_not_use_up_its_nanosecond() -> None:
    assert _of_one(True, (10, Wish.RISE, NO_END), (10, Wish.FALL, NO_END)) == [(10, DOWN)]


def test_what_lies_after_the_window_is_left_out() -> None:
    assert _of_one(True, (99, Wish.ABSENCE, 100)) == [(99, DOWN)]
    assert _of_one(True, (100, Wish.FALL, NO_END)) == []


def test_machines_do_not_disturb_each_other_and_come_sorted() -> None:
    intents = Intents(
        np.array([5, 6, 7], np.int64),
        np.array([1, 0, 1], np.int64),
        np.array([Wish.FALL, Wish.FALL, Wish.RISE], np.int64),
        np.full(3, NO_END, np.int64),
    )
    transitions = settled(intents, np.array([True, True]), 100)
    assert transitions.machine.tolist() == [0, 1, 1]
    assert transitions.due_ns.tolist() == [6, 5, 7]
    assert transitions.action.tolist() == [DOWN, DOWN, UP]
