"""Agents against a line whose other end is the test."""

import numpy as np

from sim.actors import NoMeter
from sim.actors.agents import Agents
from sim.contract import StatusCode
from sim.history import NEVER_NS, UNANSWERED, HistoryBuilder, RunFrame, Writes
from sim.schedule import Action, Schedule
from tests.actors.lines import FakeLine

ONLINE, OFFLINE, UNKNOWN = int(StatusCode.ONLINE), int(StatusCode.OFFLINE), int(StatusCode.UNKNOWN)
FRAME = RunFrame(
    organisation=0, machines=2, dashboards=0, window_ns=1_000, ended_ns=1_000, bucket_ns=10, debounce_ns=1,
    max_wait_ns=None, loss_deadline_ns=1,
)  # fmt: skip


class _Driven:
    """Two agents, the first of them online, with actions (due, machine, action)."""

    def __init__(self, *actions: tuple[int, int, Action], offline_after_ns: int = 10_000) -> None:
        self.line = FakeLine()
        self.history = HistoryBuilder()
        self.acked: list[int] = []
        due, machine, action = zip(*actions, strict=True) if actions else ((), (), ())
        self.schedule = Schedule(
            0, 2, np.array([True, False]), np.array(due, np.int64), np.array(machine, np.int32),
            np.array(action, np.int8),
        )  # fmt: skip
        self.agents = Agents(self.schedule, self.line, self.history, NoMeter(), offline_after_ns, self.acked.append)
        for number, status in enumerate((ONLINE, OFFLINE)):
            self.agents.learn(number, status, self.line.time_ns)
        self.agents.start(self.line.time_ns)

    def at(self, time_ns: int) -> None:
        """So long after the start."""
        self.line.time_ns = 1_000 + time_ns
        self.agents.fire(self.line.time_ns)

    def writes(self) -> Writes:
        return self.history.build(FRAME, 1_000).writes


def test_actions_leave_when_they_are_due_and_a_crash_is_silence() -> None:
    driven = _Driven((10, 0, Action.DOWN), (20, 1, Action.UP), (30, 1, Action.CRASH))
    driven.at(9)
    assert driven.line.beats == []
    driven.at(10)
    driven.at(30)
    assert [(beat.machine, beat.status) for beat in driven.line.beats] == [(0, OFFLINE), (1, ONLINE)]
    assert driven.agents.next_due_ns == NEVER_NS


def test_an_agent_waits_for_its_answer_before_it_sends_the_next() -> None:
    driven = _Driven((10, 0, Action.DOWN), (20, 0, Action.UP))
    driven.at(25)
    assert len(driven.line.beats) == 1
    assert (driven.agents.is_busy, driven.agents.is_changing) == (True, True)
    driven.line.time_ns = 1_040
    driven.line.acknowledge(0)
    assert len(driven.line.beats) == 2
    driven.line.acknowledge(1)
    assert (driven.agents.is_busy, driven.agents.is_changing) == (False, False)
    writes = driven.writes()
    assert writes.due_ns.tolist() == [10, 20]
    assert writes.ready_ns.tolist() == [10, 40]
    assert writes.before.tolist() == [ONLINE, OFFLINE]
    assert driven.acked == [1_040, 1_040]


def test_an_unchanged_heartbeat_is_no_change() -> None:
    driven = _Driven((10, 0, Action.HEARTBEAT))
    driven.at(10)
    assert (driven.agents.is_busy, driven.agents.is_changing) == (True, False)
    driven.line.acknowledge()
    assert driven.acked == []


def test_after_a_failure_the_status_before_is_not_known() -> None:
    driven = _Driven((10, 0, Action.DOWN), (20, 0, Action.UP), (30, 0, Action.HEARTBEAT))
    driven.at(10)
    driven.line.acknowledge(status=500)
    driven.at(20)
    driven.line.acknowledge()
    driven.at(30)
    driven.line.acknowledge()
    assert driven.writes().before.tolist() == [ONLINE, UNKNOWN, ONLINE]
    assert driven.acked == []


def test_the_cleanup_job_may_have_marked_a_silent_machine() -> None:
    driven = _Driven((500, 0, Action.HEARTBEAT), offline_after_ns=400)
    driven.at(500)
    assert driven.agents.is_changing
    driven.line.acknowledge()
    assert driven.writes().before.tolist() == [UNKNOWN]


def test_the_jobs_event_tells_it() -> None:
    driven = _Driven((500, 0, Action.UP), offline_after_ns=400)
    driven.line.time_ns = 1_450
    driven.agents.announced(0, OFFLINE, has_last_seen=False)
    driven.at(500)
    driven.line.acknowledge()
    assert driven.writes().before.tolist() == [OFFLINE]


def test_what_is_unanswered_or_never_sent_at_the_end_is_noted() -> None:
    driven = _Driven((10, 0, Action.DOWN), (20, 0, Action.UP), (900, 1, Action.UP), (901, 1, Action.DOWN))
    driven.at(25)
    assert driven.agents.finish(1_900) == 2  # one that waits and one that was due; the last one was not
    assert driven.line.beats[0].is_aborted
    writes = driven.writes()
    assert (writes.acked_ns.tolist(), writes.http_status.tolist()) == ([NEVER_NS], [UNANSWERED])


def test_machines_are_brought_to_their_states_a_few_at_a_time() -> None:
    driven = _Driven()
    driven.agents.learn(0, OFFLINE, 0)
    driven.agents.learn(1, ONLINE, 0)
    settled: list[bool] = []
    driven.agents.align(lambda: settled.append(True))
    assert [(beat.machine, beat.status) for beat in driven.line.beats] == [(0, ONLINE), (1, OFFLINE)]
    driven.line.acknowledge(0)
    assert settled == []
    driven.line.acknowledge(1)
    assert settled == [True]


def test_those_that_are_online_as_they_should_be_say_so() -> None:
    driven = _Driven()
    driven.agents.learn(0, ONLINE, -NEVER_NS)
    settled: list[bool] = []
    driven.agents.align(lambda: settled.append(True))
    assert [(beat.machine, beat.status) for beat in driven.line.beats] == [(0, ONLINE)]
    driven.line.acknowledge()
    assert settled == [True]
    # Whether it was online before is not known, since it may have been silent for long; now it is.
    driven.agents.start(1_000)
    driven.agents.align(lambda: None)
    driven.line.acknowledge()
    assert driven.writes().before.tolist() == [UNKNOWN, ONLINE]


def test_a_machine_for_a_patch_is_online_and_calm() -> None:
    driven = _Driven((10, 0, Action.HEARTBEAT))
    assert driven.agents.online_machine(5) == 0
    driven.at(10)
    assert driven.agents.online_machine(5) is None


def test_a_machine_that_was_online_before_may_be_marked_offline_at_any_moment() -> None:
    driven = _Driven((10, 0, Action.HEARTBEAT))
    driven.agents.learn(0, ONLINE, -NEVER_NS)
    driven.at(10)
    driven.line.acknowledge()
    assert driven.writes().before.tolist() == [UNKNOWN]
