"""A viewer against a line whose other end is the test."""

import numpy as np
import pytest

from sim.actors import Answer, Event
from sim.actors.viewer import Viewer
from sim.contract import StatusCode
from sim.dashboard import Cause, PageRules
from sim.history import NEVER_NS, History, HistoryBuilder, Outcome, RunFrame
from tests.actors.lines import FakeLine, FakeMeter

S = 1_000_000_000
MS = 1_000_000
ONLINE, OFFLINE = int(StatusCode.ONLINE), int(StatusCode.OFFLINE)
BOTH_ONLINE, ONE_OFFLINE = bytes([ONLINE, ONLINE]), bytes([ONLINE, OFFLINE])


class _Seen:
    """A viewer in a house that only listens."""

    def __init__(self, rules: PageRules | None = None, health: bool = False) -> None:
        self.line = FakeLine()
        self.line.time_ns = 0
        self.history = HistoryBuilder()
        self.answers: list[Answer] = []
        self.meter = FakeMeter()
        self.delivery_ns = MS
        """How long each event took; 0 where nobody knows its write."""
        self.viewer = Viewer(
            0, rules or PageRules(), health, self.line, self, self.history, self.meter, np.random.default_rng(0)
        )

    def delivered(self, dashboard: int, arrived_ns: int, event: Event) -> int:
        self.history.delivery(dashboard, *event, arrived_ns, arrived_ns)
        return arrived_ns - self.delivery_ns if self.delivery_ns else 0

    def strayed(self, arrived_ns: int, event: Event) -> None:
        self.delivered(-1, arrived_ns, event)

    def inspected(self, dashboard: int, answer: Answer) -> None:
        assert dashboard == 0
        self.answers.append(answer)

    def at(self, seconds: float) -> None:
        self.line.time_ns = round(seconds * S)
        self.viewer.wake(self.line.time_ns)

    def open(self) -> None:
        """Mount, subscribe, and show the first load, all at time 0."""
        self.viewer.mount()
        listener = self.line.sockets[-1].listener
        listener.opened(self.line.time_ns)
        listener.subscribed(self.line.time_ns)
        self.line.answer(BOTH_ONLINE)

    def event(self, seconds: float) -> None:
        self.line.time_ns = round(seconds * S)
        self.line.sockets[-1].listener.event(self.line.time_ns, Event(0, 1, OFFLINE, 5))

    def told(self) -> History:
        self.viewer.finish(self.line.time_ns)
        frame = RunFrame(
            organisation=0, machines=2, dashboards=1, window_ns=100 * S, ended_ns=100 * S, bucket_ns=S,
            debounce_ns=S // 2, max_wait_ns=None, loss_deadline_ns=S,
        )  # fmt: skip
        return self.history.build(frame, 0)


def test_it_subscribes_loads_and_is_then_quiet() -> None:
    seen = _Seen()
    progress: list[tuple[bool, bool]] = []
    seen.viewer.on_progress = lambda: progress.append((seen.viewer.is_subscribed, seen.viewer.first_shown))
    seen.open()
    assert seen.line.sockets[0].did == ["subscribe"]
    assert progress == [(True, False), (True, True)]
    assert seen.viewer.is_quiet


def test_an_event_is_refetched_after_the_debounce_and_shown() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    assert not seen.viewer.is_settled
    assert seen.line.alarms[-1] == (0, round(1.5 * S))
    seen.at(1.5)
    seen.line.time_ns = round(1.6 * S)
    seen.line.answer(ONE_OFFLINE)
    assert seen.viewer.is_quiet
    told = seen.told()
    assert told.fetches.sent_ns.tolist() == [0, round(1.5 * S)]
    assert told.fetches.ended_ns.tolist() == [0, round(1.6 * S)]
    assert told.states.rows().tolist() == [[0, 0, 0, ONLINE], [0, 0, 1, ONLINE], [0, round(1.6 * S), 1, OFFLINE]]


def test_an_answer_to_a_request_that_left_before_an_event_leaves_it_unshown() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.at(1.5)
    seen.event(1.55)
    seen.line.answer(ONE_OFFLINE)
    assert not seen.viewer.is_quiet


def test_an_invalidation_gives_the_request_under_way_up() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.at(1.5)
    seen.event(1.6)
    seen.at(2.1)
    assert seen.line.refetches[1].is_aborted
    seen.line.answer(ONE_OFFLINE)
    assert seen.told().fetches.outcome.tolist() == [Outcome.SHOWN, Outcome.CANCELLED, Outcome.SHOWN]


def test_a_failure_is_retried_and_each_attempt_noted() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    for seconds in (1.5, 2.5, 4.5, 8.5):
        seen.at(seconds)
        seen.line.answer(b"", status=500)
    fetches = seen.told().fetches
    assert (fetches.attempts[-1], fetches.outcome[-1]) == (4, Outcome.FAILED)
    assert (fetches.sent_ns[-1], fetches.asked_ns[-1]) == (round(1.5 * S), round(8.5 * S))


def test_a_closed_socket_is_opened_again_and_both_are_noted() -> None:
    seen = _Seen()
    seen.open()
    seen.line.time_ns = 10 * S
    seen.line.sockets[0].listener.closed(10 * S, 4000, "Heartbeat timeout")
    assert not seen.viewer.is_subscribed
    seen.at(15.0)
    assert len(seen.line.sockets) == 2
    assert not seen.viewer.is_quiet
    sessions = seen.told().sessions
    assert sessions.closed_ns.tolist() == [10 * S, NEVER_NS]
    assert (sessions.code.tolist(), sessions.by_us.tolist()) == ([4000, 0], [0, 1])


def test_pings_and_pongs_are_noted() -> None:
    seen = _Seen(PageRules(ping_interval_ns=10 * S))
    seen.open()
    seen.at(10.0)
    seen.line.sockets[0].listener.pong(10 * S)
    seen.at(20.0)
    seen.at(30.0)
    assert seen.line.sockets[0].did == ["subscribe", *["drain", "ping"] * 3]
    sessions = seen.told().sessions
    assert (sessions.silent_ns.tolist(), sessions.unponged_ns.tolist()) == ([30 * S], [20 * S])


def test_a_cut_is_ours_and_leads_to_a_reconnect() -> None:
    seen = _Seen()
    seen.open()
    seen.line.time_ns = 3 * S
    seen.viewer.cut()
    assert seen.line.sockets[0].did == ["subscribe", "cut"]
    seen.at(8.0)
    assert len(seen.line.sockets) == 2
    assert seen.told().sessions.by_us.tolist() == [1, 1]


def test_leaving_ends_everything_and_coming_back_begins_anew() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.line.time_ns = round(1.2 * S)
    seen.viewer.leave()
    assert seen.line.sockets[0].did[-1] == "close"
    assert seen.viewer.is_settled
    seen.line.time_ns = 5 * S
    seen.viewer.mount()
    assert (len(seen.line.sockets), len(seen.line.refetches)) == (2, 2)
    seen.viewer.note_open()
    mounts = seen.told().mounts
    assert mounts.from_ns.tolist() == [0, 5 * S, 5 * S]
    assert mounts.until_ns.tolist() == [round(1.2 * S), NEVER_NS, 5 * S]


def test_with_a_health_page_every_event_is_a_request() -> None:
    seen = _Seen(health=True)
    seen.open()
    for seconds in (1.0, 1.01, 1.02):
        seen.event(seconds)
    assert len(seen.line.refetches) == 4


def test_an_answer_that_is_handled_after_a_later_one_is_shown_after_it() -> None:
    seen = _Seen(health=True)
    seen.open()
    seen.event(1.0)
    seen.event(1.1)
    seen.line.time_ns = round(1.3 * S)
    seen.line.answer(ONE_OFFLINE, number=1)
    seen.line.time_ns = round(1.2 * S)  # by the kernel's stamp it came first
    seen.line.answer(ONE_OFFLINE, number=2)
    told = seen.told()
    assert told.fetches.ended_ns.tolist()[1:] == [round(1.3 * S)] * 2
    assert told.states.at_ns.tolist()[-1] == round(1.3 * S)


def test_an_event_of_another_channel_restarts_no_debounce() -> None:
    seen = _Seen()
    seen.open()
    seen.line.sockets[0].listener.stray(S, Event(7, 0, OFFLINE, 5))
    assert seen.viewer.is_quiet
    assert seen.told().deliveries.dashboard.tolist() == [-1]


def test_an_attempt_that_failed_counts_even_if_the_page_gave_its_retry_up() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.at(1.5)
    seen.line.answer(b"", status=401)
    seen.event(1.6)
    seen.at(2.1)
    seen.line.answer(ONE_OFFLINE)
    fetches = seen.told().fetches
    assert fetches.outcome.tolist()[1:] == [Outcome.CANCELLED, Outcome.SHOWN]
    assert fetches.failures.tolist() == [0, 1, 0]


def test_each_pong_answers_one_ping() -> None:
    seen = _Seen(PageRules(ping_interval_ns=10 * S))
    seen.open()
    for seconds in (10.0, 20.0, 30.0):
        seen.at(seconds)
    seen.line.sockets[0].listener.pong(31 * S)
    assert seen.told().sessions.unponged_ns.tolist() == [20 * S]


def test_the_meter_is_told_the_segments_of_each_event() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.event(1.2)
    seen.at(1.7)
    assert seen.meter.segments == []
    seen.line.time_ns = round(1.75 * S)
    seen.line.answer(ONE_OFFLINE)
    assert seen.meter.segments == [(MS, 700 * MS, 50 * MS), (MS, 500 * MS, 50 * MS)]
    assert seen.meter.caused == 1
    assert seen.meter.refetches == [(Cause.LOAD, 0, 200), (Cause.EVENT, 50 * MS, 200)]


def test_the_debounce_ends_with_the_first_refetch_though_it_was_cancelled() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.at(1.5)
    seen.event(1.6)
    seen.at(2.1)  # cancels the one of 1.5
    seen.line.time_ns = round(2.2 * S)
    seen.line.answer(ONE_OFFLINE)
    assert seen.meter.segments == [(MS, 500 * MS, 700 * MS), (MS, 500 * MS, 100 * MS)]
    assert seen.meter.caused == 2


def test_a_retry_is_part_of_the_refetch_and_causes_none() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.at(1.5)
    seen.line.answer(b"", status=500, reason="broken")
    seen.at(2.5)
    seen.line.answer(ONE_OFFLINE)
    assert seen.meter.segments == [(MS, 500 * MS, 1000 * MS)]
    assert seen.meter.caused == 1
    assert [cause for cause, _, _ in seen.meter.refetches] == [Cause.LOAD, Cause.EVENT, Cause.EVENT]


def test_an_event_that_no_refetch_was_sent_after_is_in_no_segment() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.at(1.5)
    seen.event(1.55)
    seen.line.answer(ONE_OFFLINE)
    assert len(seen.meter.segments) == 1


def test_an_event_of_nobodys_write_is_in_no_segment_and_causes_a_refetch() -> None:
    seen = _Seen()
    seen.delivery_ns = 0
    seen.open()
    seen.event(1.0)
    seen.at(1.5)
    seen.line.answer(ONE_OFFLINE)
    assert (seen.meter.segments, seen.meter.caused) == ([], 1)


def test_an_event_before_the_user_left_is_shown_when_they_come_back() -> None:
    seen = _Seen()
    seen.open()
    seen.event(1.0)
    seen.line.time_ns = 2 * S - 800 * MS
    seen.viewer.leave()
    seen.line.time_ns = 5 * S
    seen.viewer.mount()
    seen.line.time_ns = round(5.1 * S)
    seen.line.answer(ONE_OFFLINE)
    assert seen.meter.segments == [(MS, 4000 * MS, 100 * MS)]
    assert seen.meter.caused == 0  # the first load was not of its doing


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_health_page_shows_an_event_with_the_first_answer_that_was_asked_for_after_it(order: tuple[int, int]) -> None:
    seen = _Seen(health=True)
    seen.open()
    seen.event(1.0)
    seen.event(1.1)
    for seconds, number in zip((1.2, 1.3), order, strict=True):
        seen.line.time_ns = round(seconds * S)
        seen.line.answer(ONE_OFFLINE, number=number)
    shown = {(1, 2): [(MS, 0, 200 * MS), (MS, 0, 200 * MS)], (2, 1): [(MS, 0, 200 * MS), (MS, 0, 100 * MS)]}
    assert seen.meter.segments == shown[order]
    assert seen.meter.caused == 2
