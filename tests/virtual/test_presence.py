"""Runs in which organisations come and go."""

from collections import Counter

import numpy as np
import pytest

from sim.checks import Partials, Verdict, judge, merge
from sim.checks.folded import Folded
from sim.checks.partials import merge_all
from sim.contract import StatusCode
from sim.history import History, read_histories, write_histories
from sim.scenario import load
from sim.schedule import Action, Stay, present, schedule_for, stays_for
from sim.virtual.executor import VirtualOutcome
from tests.virtual.runs import failed, findings, virtual

S = 1_000_000_000
SIX = "fleet.organisations=6"
BUSY = (
    SIX, "duration_s=150", "target.evict_after_s=20", "target.evict_sweep_s=10", "dashboard.leaves_per_hour=30",
    'stages=[{kind="ramp",at_s=0,organisations=5,over_s=12},{kind="wave",at_s=20,low=1,high=6,period_s=30},'
    '{kind="step",at_s=100,organisations=0},{kind="step",at_s=104,organisations=6}]',
)  # fmt: skip


def _steps(*steps: tuple[float, int]) -> str:
    tables = (f'{{kind="step",at_s={at_s},organisations={number}}}' for at_s, number in steps)
    return f"stages=[{','.join(tables)}]"


def _doubts(outcome: VirtualOutcome) -> dict[str, str]:
    return {name: found.text for name, found in findings(outcome).items() if found.verdict is not Verdict.HELD}


@pytest.mark.parametrize("seed", range(1, 11))
def test_growth_holds(seed: int) -> None:
    run = virtual("growth", seed=seed)
    assert (run.reason, _doubts(run)) == (None, {})
    assert run.partials.load.organisations == 30


@pytest.mark.parametrize("page", ["dashboard", "health"])
def test_a_busy_coming_and_going_is_the_same_to_the_bit_and_in_parts(page: str) -> None:
    settings = (*BUSY, f"dashboard.page={page}")
    one, two, whole = (virtual("quick", *settings, seed=4, history=keep) for keep in (False, False, True))
    assert _doubts(one) == {}
    assert one.partials == two.partials
    for name in Partials.__struct_fields__:
        assert getattr(one.partials, name) == getattr(whole.partials, name), name


def test_each_stay_has_a_history_of_its_own_that_is_kept_and_judged_again() -> None:
    run = virtual("quick", *BUSY, history=True)
    stays = stays_for(load("quick", BUSY))
    told = [(h.frame.organisation, h.frame.stay_from_ns, h.frame.stay_until_ns) for h in run.histories]
    assert told == sorted((stay.organisation, stay.from_ns, stay.until_ns) for stay in stays)
    assert max(Counter(stay.organisation for stay in stays).values()) > 3
    again = read_histories(write_histories(run.histories))
    assert write_histories(again) == write_histories(run.histories)
    assert [len(history.writes) for history in again] == [len(history.writes) for history in run.histories]


def test_in_its_stays_an_organisation_does_what_it_would_do_then() -> None:
    run = virtual("quick", *BUSY, seed=2, history=True)
    scenario = load("quick", BUSY)
    for history in run.histories:
        frame = history.frame
        schedule = schedule_for(scenario, 2, frame.organisation).within(frame.stay_from_ns, frame.stay_until_ns)
        due_ns = schedule.due_ns[schedule.action != Action.CRASH]
        heartbeats = history.writes.where((history.writes.kind == 0) & (history.writes.due_ns >= frame.stay_from_ns))
        assert np.sort(heartbeats.due_ns).tolist() == due_ns.tolist()


def test_as_many_dashboards_are_subscribed_as_the_curve_says() -> None:
    run = virtual("quick", *BUSY, "dashboard.leaves_per_hour=0", "target.evict=false", history=True)
    scenario = load("quick", BUSY)
    for at_s in (1, 5, 11, 19, 25, 35, 60, 99, 100.5, 103, 105, 149):
        at_ns = round(at_s * S)
        measured = [h for h in run.histories if h.frame.stay_from_ns <= at_ns < h.frame.measured_until_ns]
        assert len(measured) == present(scenario, at_ns)
        for history in measured:
            sessions = history.sessions
            subscribed = (sessions.subscribed_ns <= at_ns) & (sessions.closed_ns > at_ns)
            assert np.count_nonzero(subscribed) == history.frame.dashboards


def test_nobody_is_there_twice() -> None:
    run = virtual("quick", *BUSY, history=True)
    for before, after in zip(run.histories, run.histories[1:], strict=False):
        if before.frame.organisation == after.frame.organisation:
            assert before.frame.ended_ns <= _begun_ns(after)


def _begun_ns(history: History) -> int:
    return int(min(history.machines.at_ns.min(), history.sessions.opened_ns.min(), history.writes.sent_ns.min()))


def test_a_newcomers_warm_up_is_no_part_of_its_figures() -> None:
    alone = virtual("quick", SIX, "duration_s=40", _steps((0, 3)), history=True)
    joined = virtual("quick", SIX, "duration_s=40", _steps((0, 3), (20, 6)), history=True)
    newcomers = [history for history in joined.histories if history.frame.stay_from_ns > 0]
    assert [history.frame.organisation for history in newcomers] == [3, 4, 5]
    for history in newcomers:
        early = history.writes.where(history.writes.due_ns < 20 * S)
        assert 0 < len(early) <= history.frame.machines
        whole = schedule_for(load("quick", ("duration_s=40",)), 1, history.frame.organisation)
        online = whole.within(20 * S, 40 * S).initial_online
        assert set(np.flatnonzero(online).tolist()) <= set(early.machine.tolist())  # those that are online report
        assert (history.sessions.subscribed_ns < 20 * S).sum() == history.frame.dashboards
    writes, before = joined.partials.load.writes, alone.partials.load.writes
    measured = sum(np.count_nonzero((h.writes.due_ns >= 20 * S) & (h.writes.kind == 0)) for h in newcomers)
    assert writes == before + measured


def test_an_organisation_that_was_marked_offline_meanwhile_comes_back_as_its_schedule_has_it() -> None:
    settings = (
        SIX, "duration_s=60", "target.offline_after_s=8", "target.cleanup_interval_s=2", "heartbeat.interval_s=3",
        _steps((0, 6), (10, 0), (40, 6)),
    )  # fmt: skip
    run = virtual("quick", *settings, history=True)
    assert _doubts(run) == {}
    for history in (history for history in run.histories if history.frame.stay_from_ns > 0):
        assert set(history.machines.status.tolist()) == {StatusCode.OFFLINE}  # all had been silent for too long
        online = schedule_for(load("quick", settings), 1, history.frame.organisation).within(40 * S, 60 * S)
        early = history.writes.where(history.writes.due_ns < 40 * S)
        assert sorted(early.machine.tolist()) == np.flatnonzero(online.initial_online).tolist()


@pytest.mark.parametrize("gap_s", [0.001, 0.4, 2.9, 3.0, 3.4, 3.6, 6])
def test_one_that_comes_back_soon_waits_until_its_former_stay_is_closed(gap_s: float) -> None:
    run = virtual("quick", SIX, "duration_s=40", _steps((0, 6), (20, 2), (20 + gap_s, 6)), history=True)
    assert _doubts(run) == {}
    assert run.partials.load.organisations == 6
    for number in range(2, 6):
        first, second = (history for history in run.histories if history.frame.organisation == number)
        assert first.frame.ended_ns <= _begun_ns(second)
        assert second.frame.stay_from_ns - (20 + gap_s) * S < 0.5 * S  # a few milliseconds late, at the worst


def test_with_nobody_there_nothing_is_known() -> None:
    run = virtual("quick", SIX, "duration_s=20", _steps((5, 0)))
    assert run.reason is None
    assert run.partials.load.organisations == 0
    assert {finding.verdict for finding in judge(run.partials)} == {Verdict.UNKNOWN}


def test_one_that_cannot_be_made_ready_ends_the_run_and_says_why() -> None:
    run = virtual("quick", SIX, "duration_s=60", "warmup.timeout_s=9", _steps((10, 2)), faults=["refuse_upgrade:1"])
    assert run.reason is not None
    assert run.reason.startswith("organisation 0: its machines did not reach their states, or not every dashboard")
    assert run.reason.endswith("within 9 s")
    assert 16 * S < run.simulated_ns < 20 * S
    assert run.partials.load.organisations == 0


def test_one_that_is_ready_late_is_measured_from_then_on() -> None:
    # Every other upgrade is refused, and the page tries again after 5 s: one is 2 s late, one was refused twice.
    settings = (SIX, "duration_s=60", "probes.per_s=0", _steps((10, 2)))
    run = virtual("quick", *settings, faults=["refuse_upgrade:2"], history=True)
    assert run.reason is None
    assert failed(run) == {"availability"}
    late_ns = {history.frame.organisation: history.frame.stay_from_ns for history in run.histories}
    assert [from_ns // S for from_ns in sorted(late_ns.values())] == [12, 17]
    measured_ns = {number: row.window_ns for number, row in run.partials.collapse.by_organisation.items()}
    assert measured_ns == {number: 60 * S - from_ns for number, from_ns in late_ns.items()}


@pytest.mark.parametrize("fault", ["drop_event:10", "lost_write:10", "leak_event:10", "duplicate_event:10"])
def test_a_fault_is_caught_among_comers_and_goers(fault: str) -> None:
    check = {"drop_event:10": "loss", "lost_write:10": "convergence", "leak_event:10": "leakage"}
    assert check.get(fault, "announcements") in failed(virtual("quick", *BUSY, faults=[fault]))


def test_a_stay_may_begin_anywhere_and_the_one_before_may_have_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a worker is lost in the middle of the window, and another one goes on with its organisations."""
    settings, begin_ns, window_ns = (SIX, "duration_s=120"), 71_234_567_890, 120 * S
    added: list[Partials] = []
    monkeypatch.setattr(Folded, "add", lambda _, part: added.append(part))
    virtual("quick", *settings)
    monkeypatch.undo()
    lost = merge_all(added[:6], window_ns, S)  # the first part of each; what came then was lost with its worker

    moved = tuple(Stay(number, begin_ns, window_ns) for number in range(6))
    monkeypatch.setattr("sim.virtual.presence.stays_for", lambda _: moved)
    taken_over = virtual("quick", *settings).partials
    both = merge(lost, taken_over)
    assert {finding.name: finding.text for finding in judge(both) if finding.verdict is not Verdict.HELD} == {}
    assert both.load.sizes == lost.load.sizes == taken_over.load.sizes
    assert both.schedule_digests == lost.schedule_digests == taken_over.schedule_digests
    assert both.blind.open_ns == lost.blind.open_ns + 6 * 2 * (window_ns - begin_ns)
    for number, row in both.collapse.by_organisation.items():
        before = lost.collapse.by_organisation[number].window_ns
        assert 5 * S <= before < 7 * S
        assert row.window_ns == before + window_ns - begin_ns
