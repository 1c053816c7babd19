import numpy as np
from hypothesis import given

from sim.history import UNEXPLAINED
from sim.history.matching import CLOCK_TOLERANCE_MS, match
from tests.histories import EPOCH_MS, history
from tests.history.agents import FRAME, Told, told

HOUR_MS = 3_600_000


def _explained(words: str, clock_ms: int = EPOCH_MS) -> list[int]:
    """For each delivery, by arrival: the row of the write that explains it."""
    return [int(row) for row in history(words, clock_ms=clock_ms).deliveries.write]


def test_an_event_is_explained_by_the_write_before_it() -> None:
    assert _explained("w1+@100-104 e0.1+@103") == [0]


def test_no_write_is_given_an_event_of_another_machine_status_or_owner() -> None:
    assert _explained("w1+@100-104 e0.2+@103 e0.1-@103 e0.1+@103o4 e0.1+@103o?") == [UNEXPLAINED] * 4


def test_a_write_that_was_sent_after_the_arrival_explains_nothing() -> None:
    assert _explained("w1+@200-204 e0.1+@103~200") == [UNEXPLAINED]


def test_the_same_announcement_has_the_same_write_at_every_dashboard_and_in_every_copy() -> None:
    assert _explained("w1+@100-104 e0.1+@103 e1.1+@109 e1.1+@4000") == [0, 0, 0]


def test_each_of_two_announcements_has_its_own_write() -> None:
    assert _explained("w1+@100-104 w1-@200-204 w1+@300-304 e0.1+@103~100 e0.1-@203 e0.1+@303~300") == [0, 1, 2]


def test_a_lost_event_does_not_lend_its_write_to_another() -> None:
    # The event of the write at 100 is lost at one dashboard, that of the write at 9,000 at the other.
    words = "w1+@100-104 w1-@5000-5004 w1+@9000-9004"
    assert _explained(f"{words} e0.1+@9003~9000 e1.1+@103~100") == [0, 2]


def test_an_event_that_comes_after_the_next_write_was_sent_belongs_to_the_earlier_one() -> None:
    # One offset explains machine 2 and the late event: that of the write at 100, not at 1,300.
    words = "w2+@50-52 e0.2+@51 w1+@100-104 w1-@700-704 w1+@1300-1304"
    assert _explained(f"{words} e0.1+@2000~101") == [0, 1]


def test_a_plain_heartbeat_shortly_before_the_arrival_does_not_take_the_event() -> None:
    assert _explained("w2+@50-52 e0.2+@51 w1+@100-104 w1=+@600-604 e0.1+@700~102") == [0, 1]


def test_events_that_overtake_each_other_keep_their_writes() -> None:
    words = "w2+@50-52 e0.2+@51 w1+@100-104 w1-@200-204 w1+@300-304"
    assert _explained(f"{words} e0.1+@310~301 e0.1-@320~201 e0.1+@330~101") == [0, 3, 2, 1]


def test_a_clock_that_is_an_hour_off_changes_nothing() -> None:
    words = "w1+@100-104 w1-@5000-5004 w2+@300-308 e0.1+@103 e0.1-@5001 e0.2+@305"
    assert _explained(words, clock_ms=EPOCH_MS + HOUR_MS) == _explained(words) == [0, 1, 2]


def test_whole_seconds_find_their_writes() -> None:
    # last_seen is the second begun: 0.1 s is stamped 0, 2.9 s is stamped 2,000.
    words = "w1+@100-104 w1-@1500-1504 w1+@2900-2904 w2+@1999-2003"
    assert _explained(f"{words} e0.1+@103~0 e0.1-@1503~1000 e0.1+@2903~2000 e0.2+@2001~2000") == [0, 1, 2, 3]


def test_of_two_heartbeats_in_the_second_of_the_stamp_the_one_that_changed_something_is_announced() -> None:
    assert _explained("w1+@50-52 w1=+@700-704 e0.1+@800~0") == [0]


def test_a_clock_that_drifts_within_the_tolerance_finds_its_writes() -> None:
    writes = [f"w1{'+-'[k % 2]}@{k * 1000}-{k * 1000 + 4}" for k in range(10)]
    events = [f"e0.1{'+-'[k % 2]}@{k * 1000 + 3}~{k * 1000 + k * CLOCK_TOLERANCE_MS // 20}" for k in range(10)]
    assert _explained(" ".join(writes + events)) == list(range(10))


def test_an_event_from_long_before_or_after_our_writes_is_somebody_elses() -> None:
    calm = "w1+@100-104 e0.1+@103 w2+@200-204 e0.2+@203 w3+@9000-9004"
    assert _explained(f"{calm} e0.3+@9003~{9000 + CLOCK_TOLERANCE_MS + 10}") == [0, 1, UNEXPLAINED]
    assert _explained(f"{calm} e0.3+@9003~{9000 - CLOCK_TOLERANCE_MS - 10}") == [0, 1, UNEXPLAINED]


def test_the_cleanup_jobs_event_is_explained_by_no_heartbeat() -> None:
    assert _explained("w1-@100-104 e0.1-@103 e0.1-@5000~") == [0, UNEXPLAINED]


def test_without_last_seen_events_are_told_by_their_order_at_each_dashboard() -> None:
    # Dashboard 1 joined late: its first event of machine 1 online is the second one.
    words = "w1+@100-104 w1-@2000-2004 w1+@4000-4004"
    assert _explained(f"{words} e0.1+@103~ e0.1-@2003~ e0.1+@4003~ e1.1+@4005~") == [0, 1, 2, 2]


def test_an_absurd_clock_is_no_error() -> None:
    assert _explained("w1+@100-104 e0.1+@103~250000000000000 e0.1+@104~-250000000000000")[0] in (0, UNEXPLAINED)


@given(told())
def test_truth_is_recovered_from_losses_copies_delays_and_any_clock(case: Told) -> None:
    sent_ns = np.append(case.writes.sent_ns, -1)  # UNEXPLAINED is the last
    assert sent_ns[match(FRAME.organisation, case.deliveries, case.writes)].tolist() == list(case.truth_ns)


@given(told())
def test_no_write_is_given_to_two_announcements_or_to_an_event_before_it(case: Told) -> None:
    deliveries, writes = case.deliveries, case.writes
    explained = match(FRAME.organisation, deliveries, writes)
    rows = np.flatnonzero(explained != UNEXPLAINED)
    write = explained[rows]
    assert (writes.sent_ns[write] <= deliveries.arrived_ns[rows]).all()
    assert (writes.machine[write] == deliveries.machine[rows]).all()
    assert (writes.status[write] == deliveries.status[rows]).all()
    announced = {(w, s) for w, s in zip(write.tolist(), deliveries.last_seen_ms[rows].tolist(), strict=True)}
    assert len({w for w, _ in announced}) == len(announced)
