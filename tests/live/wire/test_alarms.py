from time import monotonic_ns

import pytest
from gevent import get_hub

from sim.live.wire.alarms import Alarms
from tests.live.waiting import Inbox

MS = 1_000_000
Ring = tuple[int, int]


def _alarms(inbox: Inbox[Ring]) -> Alarms:
    return Alarms(lambda who, now_ns: inbox.add((who, now_ns)))


def test_each_rings_in_the_order_of_its_time_and_never_before() -> None:
    inbox: Inbox[Ring] = Inbox()
    alarms = _alarms(inbox)
    now_ns = monotonic_ns()
    times_ns = {who: now_ns + delay_ms * MS for who, delay_ms in enumerate((30, 10, 20, 0, 10, 25))}
    for who, at_ns in times_ns.items():
        alarms.set(who, at_ns)
    rings = inbox.wait(len(times_ns))
    assert [who for who, _ in rings] == sorted(times_ns, key=lambda who: (times_ns[who], who))
    ended_ns = monotonic_ns()
    assert all(times_ns[who] <= rung_ns <= ended_ns for who, rung_ns in rings)


def test_many_close_deadlines_are_never_early() -> None:
    inbox: Inbox[Ring] = Inbox()
    alarms = _alarms(inbox)
    now_ns = monotonic_ns()
    times_ns = [now_ns + k * 137_000 for k in range(400)]
    for who, at_ns in enumerate(times_ns):
        alarms.set(who, at_ns)
    rings = inbox.wait(len(times_ns))
    assert [who for who, _ in rings] == list(range(400))
    assert min(rung_ns - times_ns[who] for who, rung_ns in rings) >= 0


def test_an_alarm_in_the_past_rings_from_the_hub_and_not_at_once() -> None:
    inbox: Inbox[Ring] = Inbox()
    alarms = _alarms(inbox)
    alarms.set(7, monotonic_ns() - MS)
    assert inbox.items == []
    assert inbox.wait(1)[0][0] == 7


def test_one_that_is_set_again_rings_at_both_times() -> None:
    inbox: Inbox[Ring] = Inbox()
    alarms = _alarms(inbox)
    now_ns = monotonic_ns()
    alarms.set(1, now_ns + 20 * MS)
    alarms.set(1, now_ns + 5 * MS)
    first, second = inbox.wait(2)
    assert now_ns + 5 * MS <= first[1]
    assert now_ns + 20 * MS <= second[1]


def test_a_deadline_that_moves_on_is_set_again_while_it_rings() -> None:
    inbox: Inbox[Ring] = Inbox()
    from_ns = monotonic_ns()

    def ring(who: int, now_ns: int) -> None:
        inbox.add((who, now_ns))
        if len(inbox.items) < 5:
            alarms.set(who, now_ns + 3 * MS)

    alarms = Alarms(ring)
    alarms.set(0, from_ns + 3 * MS)
    rings = inbox.wait(5)
    assert all(rung_ns >= from_ns + 3 * MS * (k + 1) for k, (_, rung_ns) in enumerate(rings))


def test_after_stop_none_rings() -> None:
    inbox: Inbox[Ring] = Inbox()
    alarms, others = _alarms(inbox), _alarms(inbox)
    alarms.set(1, monotonic_ns())
    others.set(2, monotonic_ns() + 5 * MS)
    alarms.stop()
    assert [who for who, _ in inbox.wait(1)] == [2]


def test_an_error_while_one_rings_does_not_silence_the_others(hub_errors: list[BaseException]) -> None:
    inbox: Inbox[Ring] = Inbox()

    def ring(who: int, now_ns: int) -> None:
        inbox.add((who, now_ns))
        if who == 0:
            raise ValueError("broken")

    alarms = Alarms(ring)
    now_ns = monotonic_ns()
    for who in range(3):
        alarms.set(who, now_ns + who * MS)
    assert [who for who, _ in inbox.wait(3)] == [0, 1, 2]
    assert [str(error) for error in hub_errors] == ["broken"]
    hub_errors.clear()


@pytest.mark.parametrize("later_ms", [1, 50])
def test_the_earliest_of_all_arms_the_timer(later_ms: int) -> None:
    inbox: Inbox[Ring] = Inbox()
    alarms = _alarms(inbox)
    get_hub().loop.update_now()
    now_ns = monotonic_ns()
    alarms.set(1, now_ns + later_ms * MS)
    alarms.set(2, now_ns)
    assert [who for who, _ in inbox.wait(2)] == [2, 1]
