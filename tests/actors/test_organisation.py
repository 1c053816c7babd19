"""One stay of an organisation, against a line whose other end is the test."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest

from sim.actors import Contents, NoMeter, Organisation, RunRules
from sim.contract import StatusCode
from sim.history import NEVER_NS, History
from sim.scenario import Scenario
from sim.schedule import LEAD_NS, Action, Stay, VisitAction, schedule_for, share_digest, stays_for, visits_for
from tests.actors.lines import FakeLine

S = 1_000_000_000
ORIGIN_NS = 1_000 * S
WINDOW_NS = 100 * S
ONLINE, OFFLINE = int(StatusCode.ONLINE), int(StatusCode.OFFLINE)
_NOTHING: Mapping[str, object] = MappingProxyType({})


def _scenario(parts: Mapping[str, object] = _NOTHING) -> Scenario:
    fleet = {"organisations": 4, "machines": 6, "dashboards": 3, "online_share": 0.5}
    churn, options = {"events_per_s": 3.0}, {"leaves_per_hour": 400, "away_s": 4}
    return Scenario.model_validate(
        {"name": "test", "duration_s": 100, "fleet": fleet, "churn": churn, "dashboard": options, **parts}
    )


class _Counter(NoMeter):
    """Counts subscriptions alone."""

    def __init__(self) -> None:
        self.subscribed = 0

    def subscriptions(self, change: int) -> None:
        self.subscribed += change


class _Hosted:
    """An organisation whose window begins at ORIGIN_NS, and whose target answers at once."""

    def __init__(
        self, from_ns: int, until_ns: int, scenario: Scenario | None = None, *, ready_ns: int | None = None
    ) -> None:
        self.scenario = scenario or _scenario()
        self.line, self.meter = FakeLine(), _Counter()
        self.actor = Organisation(
            1, RunRules(self.scenario, 5), self.line, self.meter, None, Stay(1, from_ns, until_ns)
        )
        self.line.time_ns = ORIGIN_NS + from_ns - LEAD_NS
        self.actor.learn(self.line.time_ns, Contents(bytes([ONLINE, OFFLINE] * 3), 6))
        self.actor.align(lambda: None)
        self._answer_beats()
        self.greeted = len(self.line.beats)
        for dashboard in self.actor.present_dashboards:
            self.actor.mount(dashboard, lambda: None)
        self._open_sockets()
        self.line.time_ns = ORIGIN_NS + (from_ns if ready_ns is None else ready_ns)
        self.actor.start(ORIGIN_NS)

    def run(self, until_ns: int) -> None:
        """Let its alarms ring until this time of the run clock, that included."""
        while self.line.alarms and min(at_ns for _, at_ns in self.line.alarms) <= ORIGIN_NS + until_ns:
            alarm = min(self.line.alarms, key=lambda pair: pair[1])
            self.line.alarms.remove(alarm)
            self.line.time_ns = max(self.line.time_ns, alarm[1])
            self.actor.ring(alarm[0], self.line.time_ns)
            self._answer_beats()
            self._answer_refetches()
            self._open_sockets()
        self.line.time_ns = max(self.line.time_ns, ORIGIN_NS + until_ns)

    def end(self, now_ns: int) -> History:
        self.line.time_ns = ORIGIN_NS + now_ns
        return self.actor.finish(self.line.time_ns)

    def _answer_beats(self) -> None:
        for number, beat in enumerate(self.line.beats):  # an answer may send the next one
            if not beat.is_aborted:
                beat.is_aborted = True
                self.line.acknowledge(number)

    def _answer_refetches(self) -> None:
        for number, refetch in enumerate(self.line.refetches):
            if not refetch.is_aborted:
                refetch.is_aborted = True
                self.line.answer(bytes([ONLINE] * 6), number=number)

    def _open_sockets(self) -> None:
        for socket in self.line.sockets:
            if not socket.did:
                socket.listener.opened(self.line.time_ns)
                socket.listener.subscribed(self.line.time_ns)
        self._answer_refetches()


def test_it_does_in_its_stay_what_it_would_do_then_if_it_were_there_throughout() -> None:
    hosted = _Hosted(30 * S, 50 * S)
    hosted.run(WINDOW_NS)
    writes = hosted.end(WINDOW_NS).writes
    whole = schedule_for(hosted.scenario, 5, 1)
    inside = (whole.due_ns >= 30 * S) & (whole.due_ns < 50 * S) & (whole.action != Action.CRASH)
    mine = writes.where(writes.due_ns >= 30 * S)
    assert mine.due_ns.tolist() == whole.due_ns[inside].tolist()
    assert mine.machine.tolist() == whole.machine[inside].tolist()
    assert len(mine) > 20


def test_its_machines_are_brought_to_the_states_that_hold_then_and_say_so() -> None:
    hosted = _Hosted(30 * S, 50 * S)
    whole = schedule_for(hosted.scenario, 5, 1)
    online = whole.within(30 * S, 50 * S).initial_online
    assert online.tolist() != whole.initial_online.tolist()
    told = {beat.machine: beat.status for beat in hosted.line.beats[: hosted.greeted]}
    for machine, is_online in enumerate(online.tolist()):
        reads_online = machine % 2 == 0
        assert told.get(machine) == (ONLINE if is_online else OFFLINE if reads_online else None)


def test_only_those_whose_users_are_there_are_opened_and_the_others_when_they_return() -> None:
    visits = visits_for(_scenario(), 5, 1)
    left = np.flatnonzero(visits.action == VisitAction.LEAVE)[0]
    away, left_ns = int(visits.dashboard[left]), int(visits.due_ns[left])
    hosted = _Hosted(left_ns + 1 * S, left_ns + 20 * S)
    assert hosted.actor.present_dashboards == [number for number in range(3) if number != away]
    hosted.run(left_ns + 20 * S)
    mounts = hosted.end(left_ns + 20 * S).mounts
    assert mounts.from_ns[mounts.dashboard == away].tolist()[0] == left_ns + 4 * S


def test_it_has_ended_when_its_stay_is_over_and_nothing_is_under_way() -> None:
    hosted = _Hosted(30 * S, 50 * S)
    hosted.run(50 * S - 1)
    assert not hosted.actor.has_ended(hosted.line.time_ns)
    hosted.run(50 * S)
    assert hosted.actor.has_ended(hosted.line.time_ns + 60 * S)
    sent = len(hosted.line.beats)
    hosted.run(WINDOW_NS)
    assert len(hosted.line.beats) == sent
    assert hosted.actor.has_ended(hosted.line.time_ns)


@pytest.mark.parametrize(("stages", "given_up_s"), [((), 65), ((70,), 65), ((60,), 56.5), ((52,), 50)])
def test_what_does_not_settle_is_given_up_in_time(stages: tuple[int, ...], given_up_s: float) -> None:
    steps = [{"kind": "step", "at_s": at_s, "organisations": n} for at_s, n in ((0, 2), (50, 0))]
    steps += [{"kind": "step", "at_s": at_s, "organisations": 2} for at_s in stages]
    scenario = _scenario({"stages": steps})
    assert stays_for(scenario)[1] == Stay(1, 0, 50 * S)
    hosted = _Hosted(0, 50 * S, scenario)
    hosted.run(50 * S)
    hosted.actor.change_acked(hosted.line.time_ns + 30 * S)  # its event comes to nobody
    assert not hosted.actor.is_settled
    end_ns = ORIGIN_NS + round(given_up_s * S)
    assert hosted.actor.has_ended(end_ns)
    assert not hosted.actor.has_ended(end_ns - 1)


def test_one_that_stays_until_the_window_is_over_ends_with_the_run() -> None:
    hosted = _Hosted(30 * S, WINDOW_NS)
    hosted.run(WINDOW_NS)
    assert not hosted.actor.has_ended(hosted.line.time_ns + 1_000 * S)


def test_its_history_says_what_is_measured_of_it() -> None:
    hosted = _Hosted(30 * S, 50 * S)
    hosted.run(50 * S)
    frame = hosted.end(52 * S).frame
    assert (frame.stay_from_ns, frame.stay_until_ns, frame.ended_ns) == (30 * S, 50 * S, 52 * S)
    assert (frame.from_ns, frame.is_last, frame.window_ns) == (-NEVER_NS, True, WINDOW_NS)
    assert (frame.measured_from_ns, frame.measured_until_ns, frame.measured_ns) == (30 * S, 50 * S, 20 * S)


def test_one_that_is_ready_too_late_catches_up_and_is_measured_from_then_on() -> None:
    hosted = _Hosted(30 * S, 50 * S, ready_ns=33 * S)
    hosted.run(50 * S)
    history = hosted.end(51 * S)
    assert (history.frame.stay_from_ns, history.frame.measured_ns) == (33 * S, 17 * S)
    late = history.writes.where((history.writes.due_ns >= 30 * S) & (history.writes.due_ns < 33 * S))
    assert len(late) > 0
    assert set(late.sent_ns.tolist()) == {33 * S}


def test_one_that_is_ready_when_its_stay_is_over_sends_nothing() -> None:
    hosted = _Hosted(30 * S, 50 * S, ready_ns=50 * S)
    hosted.run(WINDOW_NS)
    assert len(hosted.line.beats) == hosted.greeted
    assert hosted.actor.has_ended(hosted.line.time_ns)
    frame = hosted.end(51 * S).frame
    assert (frame.measured_ns, frame.unsent_writes) == (0, 0)


def test_one_that_breaks_off_has_sent_what_was_due() -> None:
    hosted = _Hosted(30 * S, 50 * S)
    hosted.run(40 * S)
    history = hosted.end(40 * S)
    assert (history.frame.unsent_writes, history.frame.measured_ns) == (0, 10 * S)


def test_when_it_goes_nobody_of_it_is_subscribed_any_more() -> None:
    hosted = _Hosted(30 * S, 50 * S)
    assert hosted.meter.subscribed == len(hosted.actor.present_dashboards) > 0
    hosted.run(50 * S)
    hosted.end(51 * S)
    assert hosted.meter.subscribed == 0
    assert hosted.line.is_closed


def test_the_digest_is_the_organisations_whatever_the_stay() -> None:
    scenario = _scenario()
    whole = share_digest(schedule_for(scenario, 5, 1), visits_for(scenario, 5, 1))
    assert {_Hosted(*stay, scenario).actor.digest for stay in ((0, WINDOW_NS), (3 * S, 7 * S))} == {whole}
    staged = _scenario({"stages": [{"kind": "step", "at_s": 3, "organisations": 2}]})
    assert _Hosted(3 * S, WINDOW_NS, staged).actor.digest != whole
