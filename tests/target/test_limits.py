from hypothesis import given
from hypothesis import strategies as st

from sim.target.limits import FORGET_AT, Limits, WindowLimit


@given(st.integers(1, 5), st.lists(st.floats(0, 10), max_size=40))
def test_no_window_has_more_than_the_count(count: int, gaps: list[float]) -> None:
    limit = WindowLimit(count, window_s=7.0)
    now_s = 0.0
    admitted: list[float] = []
    for gap in gaps:
        now_s += gap
        recent = [time for time in admitted if time > now_s - 7.0]
        admits = limit.admits("one", now_s)
        assert admits == (len(recent) < count)
        if admits:
            admitted.append(now_s)


def test_subjects_do_not_share_a_window() -> None:
    limit = WindowLimit(1, window_s=1.0)
    assert limit.admits("one", 0.0)
    assert limit.admits("other", 0.0)
    assert not limit.admits("one", 0.5)


def test_subjects_whose_window_is_over_are_forgotten_and_others_are_not() -> None:
    limit = WindowLimit(1, window_s=1.0)
    assert limit.admits("late", 10.0)
    for number in range(FORGET_AT):
        assert limit.admits(f"early {number}", 0.0)
    assert not limit.admits("late", 10.5)
    assert limit.admits("early 0", 10.5)


def test_limits_hold_by_address_and_by_subject() -> None:
    limits = Limits(enforced=True)
    by_key = [limits.admits_registration(f"10.0.0.{number}", "key", 0.0) for number in range(6)]
    assert by_key == [True] * 5 + [False]
    by_ip = [limits.admits_login("10.0.0.1", f"{number}@example.com", 0.0) for number in range(11)]
    assert by_ip == [True] * 10 + [False]
    assert limits.admits_login("10.0.0.1", "0@example.com", 300.0)


def test_limits_that_are_not_enforced_admit_everything() -> None:
    limits = Limits(enforced=False)
    assert all(limits.admits_registration("10.0.0.1", "key", 0.0) for _ in range(100))
