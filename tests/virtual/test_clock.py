from hypothesis import given
from hypothesis import strategies as st

from sim.virtual.clock import Clock


@given(st.lists(st.integers(0, 20)), st.integers(0, 20))
def test_steps_happen_at_their_times_in_order_and_equal_ones_as_planned(times: list[int], until_ns: int) -> None:
    clock, happened = Clock(), list[tuple[int, int]]()
    for number, at_ns in enumerate(times):
        clock.at(at_ns, lambda now_ns, number=number: happened.append((now_ns, number)))  # type: ignore[misc]
    clock.run(until_ns)
    expected = sorted((at_ns, number) for number, at_ns in enumerate(times) if at_ns <= until_ns)
    assert happened == expected
    assert clock.now_ns == until_ns


def test_a_step_may_plan_others_and_the_past_happens_now() -> None:
    clock, happened = Clock(), list[int]()

    def step(now_ns: int) -> None:
        clock.at(now_ns - 5, happened.append)
        clock.at(now_ns + 5, happened.append)

    clock.at(10, step)
    clock.run(14)
    assert happened == [10]
    clock.run(15)
    assert happened == [10, 15]
