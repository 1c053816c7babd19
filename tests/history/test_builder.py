import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.history import (
    NEVER_NS,
    NO_LAST_SEEN,
    UNEXPLAINED,
    UNKNOWN_OWNER,
    History,
    HistoryBuilder,
    Outcome,
    ProbeOutcome,
    RunFrame,
)
from sim.history.file import TABLES
from tests.histories import history, ns

FRAME = RunFrame(
    organisation=2, machines=3, dashboards=1, window_ns=10, ended_ns=20, bucket_ns=5, debounce_ns=1, max_wait_ns=None,
    loss_deadline_ns=5,
)  # fmt: skip


def _told(shift_ns: int) -> History:
    """One fact of each kind, recorded on a clock that is `shift_ns` ahead of the run clock."""
    builder = HistoryBuilder()
    builder.write(0, 2, 3, shift_ns + 1, shift_ns + 2, shift_ns + 3, NEVER_NS, 0)
    builder.delivery(0, 2, 0, 2, 77, shift_ns + 9, shift_ns + 10)
    builder.fetch(0, 1, shift_ns + 11, NEVER_NS, Outcome.OPEN, 3, shift_ns + 12, 2)
    builder.plain_answer(0, shift_ns + 12, 4, 1)
    builder.odd_answer(0, shift_ns + 13, 1, 2, 0, 7, 3, 2)
    builder.session(0, shift_ns - 5, NEVER_NS, shift_ns + 4, 403, False, shift_ns - 5)
    builder.mount(0, shift_ns - 6, NEVER_NS)
    builder.breach(0, shift_ns + 14, 1)
    builder.state(0, shift_ns + 15, 2, 3)
    builder.machine(2, shift_ns - 7, 3, shift_ns - 8)
    builder.probe(4, shift_ns + 16, shift_ns + 17, 7, ProbeOutcome.REFUSED, 403)
    return builder.build(FRAME, shift_ns)


@given(st.integers(-(2**60), 2**60))
def test_times_are_shifted_to_the_run_clock_and_never_stays_never(origin_ns: int) -> None:
    told, expected = _told(origin_ns), _told(0)
    for name in TABLES:
        np.testing.assert_array_equal(getattr(told, name).rows(), getattr(expected, name).rows())
    assert told.writes.acked_ns[0] == told.mounts.until_ns[0] == told.sessions.subscribed_ns[0] == NEVER_NS


def test_each_fact_is_in_its_table() -> None:
    told = _told(0)
    assert told.frame == FRAME
    assert told.writes.rows().tolist() == [[0, 2, 3, 1, 2, 3, NEVER_NS, 0, 0, NO_LAST_SEEN]]
    assert told.deliveries.rows().tolist() == [[0, 2, 0, 2, 77, 9, 10, 0]]
    assert told.fetches.rows().tolist() == [[0, 1, 11, NEVER_NS, 0, 3, 12, 2]]
    assert told.answers.rows().tolist() == [[0, 12, 1, 4, 0, 1, UNKNOWN_OWNER, 0, 0], [0, 13, 1, 1, 2, 0, 7, 3, 2]]
    assert told.sessions.rows().tolist() == [[0, -5, NEVER_NS, 4, 403, 0, -5, NEVER_NS]]
    assert told.mounts.rows().tolist() == [[0, -6, NEVER_NS]]
    assert told.breaches.rows().tolist() == [[0, 14, 1]]
    assert told.states.rows().tolist() == [[0, 15, 2, 3]]
    assert told.machines.rows().tolist() == [[2, -7, 3, -8]]
    assert told.probes.rows().tolist() == [[4, 16, 17, 7, 1, 403]]


def test_rows_are_sorted_by_their_times_whatever_order_they_were_told_in() -> None:
    words = ["w1+@300-304", "w2+@100-104", "e0.1+@303", "e0.2+@103", "r0@900-910", "r0@600-610", "s0@50..", "s0@-9..9"]
    told, again = history(" ".join(words)), history(" ".join(reversed(words)))
    for name in TABLES:
        np.testing.assert_array_equal(getattr(told, name).rows(), getattr(again, name).rows())
    assert told.writes.sent_ns.tolist() == [ns(100), ns(300)]
    assert told.deliveries.write.tolist() == [0, 1]
    assert told.sessions.subscribed_ns.tolist() == [ns(-9), ns(50)]


def test_plain_answers_are_summed_up_per_dashboard() -> None:
    answers = history("a0@100:5 a1@150:5 a0@200:6+2o?").answers
    assert answers.rows().tolist() == [
        [1, ns(150), 1, 5, 0, 0, UNKNOWN_OWNER, 0, 0],
        [0, ns(200), 2, 11, 0, 2, UNKNOWN_OWNER, 0, 0],
    ]


def test_nothing_told_is_an_empty_history() -> None:
    empty = HistoryBuilder().build(FRAME, 0)
    assert [len(getattr(empty, name)) for name in TABLES] == [0] * len(TABLES)


def test_building_again_after_more_was_told_has_it_all() -> None:
    builder = HistoryBuilder()
    builder.breach(0, 5, 0)
    first = builder.build(FRAME, 0)
    builder.breach(0, 6, 1)
    assert (len(first.breaches), len(builder.build(FRAME, 0).breaches)) == (1, 2)


def test_a_part_of_the_cleanup_jobs_events_alone_is_known_from_the_part_before() -> None:
    builder = HistoryBuilder()
    builder.write(0, 2, 3, 1, 1, 1, 3, 200)
    builder.delivery(0, 2, 0, 2, 1, 2, 2)
    assert builder.cut(FRAME, 0).deliveries.write.tolist() == [0]
    builder.write(0, 2, 2, 11, 11, 11, 13, 200)
    builder.delivery(0, 2, 0, 2, NO_LAST_SEEN, 12, 12)
    assert builder.build(FRAME, 0).deliveries.write.tolist() == [UNEXPLAINED]
