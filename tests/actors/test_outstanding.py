from hypothesis import given
from hypothesis import strategies as st

from sim.actors.outstanding import Outstanding


def test_it_is_clear_when_all_have_arrived() -> None:
    outstanding = Outstanding()
    assert outstanding.is_clear(0)
    outstanding.expect(2, 100)
    outstanding.arrived()
    assert not outstanding.is_clear(50)
    outstanding.arrived()
    assert outstanding.is_clear(50)


def test_what_is_lost_is_forgotten_at_its_deadline() -> None:
    outstanding = Outstanding()
    outstanding.expect(2, 100)
    outstanding.expect(1, 200)
    outstanding.arrived()
    assert not outstanding.is_clear(99)
    assert not outstanding.is_clear(150)  # one that was lost may still be the later one
    outstanding.arrived()
    assert outstanding.is_clear(150)


def test_an_event_may_overtake_its_answer_and_others_are_of_nobody() -> None:
    outstanding = Outstanding()
    outstanding.arrived()
    outstanding.expect(1, 100)
    assert outstanding.is_clear(1)
    outstanding.arrived()  # nobody expected it
    assert outstanding.is_clear(1)
    outstanding.expect(1, 100)
    assert not outstanding.is_clear(1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=20))
def test_after_all_deadlines_it_is_clear_whatever_came(steps: list[tuple[int, int]]) -> None:
    outstanding = Outstanding()
    for number, (expected, arrived) in enumerate(steps):
        outstanding.expect(expected, number)
        for _ in range(arrived):
            outstanding.arrived()
    assert outstanding.is_clear(len(steps))


def test_each_that_did_not_come_in_time_is_told_of_once() -> None:
    outstanding = Outstanding()
    outstanding.expect(3, 100)
    outstanding.expect(2, 200)
    outstanding.arrived()
    assert outstanding.expire(99) == 0
    assert outstanding.expire(100) == 2
    assert outstanding.expire(150) == 0
    assert outstanding.is_clear(200)  # forgets them, and leaves it to `expire` to tell
    assert outstanding.expire(200) == 2
    assert outstanding.expire(300) == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=20), st.booleans())
def test_all_that_were_expected_arrived_or_are_told_of(steps: list[tuple[int, int]], asks: bool) -> None:
    outstanding = Outstanding()
    told = came = 0
    for number, (expected, arrived) in enumerate(steps):
        told += outstanding.expire(number)
        outstanding.expect(expected, number + 1)
        if asks:
            outstanding.is_clear(number)
        for _ in range(min(arrived, expected)):
            came += 1
            outstanding.arrived()
    told += outstanding.expire(len(steps))
    assert told + came == sum(expected for expected, _ in steps)
