from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from sim.scenario import Scenario, load
from sim.schedule import Action, Schedule, combined_digest, schedule_for, share_digest, visits_for
from tests.schedule.scenarios import S, any_scenario, scenario

_STATE_AFTER = {
    (True, Action.HEARTBEAT): True,
    (False, Action.UP): True,
    (True, Action.DOWN): False,
    (True, Action.CRASH): False,
}
"""Whether a machine is online after an action; what is not here must not happen."""


def _of_machine(schedule: Schedule, machine: int) -> list[tuple[int, Action]]:
    mine = schedule.machine == machine
    return [
        (due_ns, Action(action))
        for due_ns, action in zip(schedule.due_ns[mine].tolist(), schedule.action[mine].tolist(), strict=True)
    ]


@given(any_scenario, st.integers(0, 3), st.integers(0, 9))
def test_each_machine_does_only_what_its_state_allows(what: Scenario, seed: int, organisation: int) -> None:
    schedule = schedule_for(what, seed, organisation)
    for machine in range(schedule.machines):
        online, before_ns = bool(schedule.initial_online[machine]), -1
        for due_ns, action in _of_machine(schedule, machine):
            assert due_ns > before_ns
            assert (online, action) in _STATE_AFTER
            online, before_ns = _STATE_AFTER[online, action], due_ns


@given(any_scenario, st.integers(0, 9))
def test_an_online_machine_is_never_silent_for_longer_than_interval_and_jitter(
    what: Scenario, organisation: int
) -> None:
    schedule = schedule_for(what, 1, organisation)
    interval_ns, jitter_ns = what.heartbeat.interval_s * S, what.heartbeat.jitter_s * S
    for machine in range(schedule.machines):
        end = (round(what.duration_s * S), Action.CRASH)
        start = (0, Action.HEARTBEAT if schedule.initial_online[machine] else Action.DOWN)
        actions = [start, *_of_machine(schedule, machine), end]
        for (due_ns, action), (next_ns, following) in pairwise(actions):
            if action in (Action.HEARTBEAT, Action.UP):
                assert next_ns - due_ns <= interval_ns + jitter_ns + 1
            if due_ns > 0 and following is Action.HEARTBEAT:
                assert next_ns - due_ns >= interval_ns - jitter_ns - 1


@given(any_scenario, st.integers(0, 9))
def test_columns_are_sorted_and_typed_and_lie_in_the_window(what: Scenario, organisation: int) -> None:
    schedule = schedule_for(what, 1, organisation)
    order = np.lexsort((schedule.machine, schedule.due_ns))
    assert (order == np.arange(order.size)).all()
    assert ((schedule.due_ns >= 0) & (schedule.due_ns < what.duration_s * S)).all()
    assert ((schedule.machine >= 0) & (schedule.machine < schedule.machines)).all()
    assert (schedule.due_ns.dtype, schedule.machine.dtype, schedule.action.dtype) == (
        np.dtype(np.int64),
        np.dtype(np.int32),
        np.dtype(np.int8),
    )
    assert schedule.initial_online.shape == (schedule.machines,)


def test_actions_of_the_same_nanosecond_come_by_machine() -> None:
    what = scenario(
        machines=6000,
        duration_s=0.01,
        heartbeat={"interval_s": 0.001},
        bursts=[{"kind": "rolling_restart", "at_s": 0, "spread_s": 0.001, "down_s": 0.001}],
    )
    schedule = schedule_for(what, 1, 0)
    same = np.diff(schedule.due_ns) == 0
    assert same.sum() > 20
    assert (np.diff(schedule.machine)[same] > 0).all()


@given(any_scenario, st.integers(0, 9))
def test_equal_arguments_give_an_equal_schedule(what: Scenario, organisation: int) -> None:
    assert schedule_for(what, 1, organisation).digest() == schedule_for(what, 1, organisation).digest()


def test_another_seed_or_organisation_gives_other_times() -> None:
    due_ns = [
        tuple(schedule_for(scenario(), seed, number).due_ns.tolist()) for seed, number in ((1, 1), (2, 1), (1, 2))
    ]
    assert len(set(due_ns)) == 3
    assert all(due_ns)


@pytest.mark.parametrize("name", ["quick", "busy-tenant", "steady", "rolling-restart"])
def test_an_organisation_does_not_depend_on_how_many_others_there_are(name: str) -> None:
    few, many = load(name, ["fleet.organisations=4"]), load(name, ["fleet.organisations=4000"])
    for organisation in range(4):
        assert schedule_for(few, 5, organisation).digest() == schedule_for(many, 5, organisation).digest()


def test_a_burst_more_moves_nothing_of_what_was_there() -> None:
    calm = scenario(machines=40, churn={"up_per_hour": 100}, online_share=0.5)
    burst = {"kind": "wave", "at_s": 90}
    stirred = scenario(machines=40, churn={"up_per_hour": 100}, online_share=0.5, bursts=[burst])
    before, after = schedule_for(calm, 1, 0), schedule_for(stirred, 1, 0)
    early = before.due_ns < 90 * S
    assert early.sum() > 40
    assert before.due_ns[early].tolist() == after.due_ns[after.due_ns < 90 * S].tolist()
    assert (before.initial_online == after.initial_online).all()


def test_toggles_are_a_poisson_process() -> None:
    what = scenario(machines=500, churn={"events_per_s": 3.0}, heartbeat={"interval_s": 86_400})
    counts, gaps_s = [], []
    for organisation in range(200):
        schedule = schedule_for(what, 1, organisation)
        due_ns = schedule.due_ns[schedule.action != Action.HEARTBEAT]
        counts.append(due_ns.size)
        gaps_s.append(np.diff(due_ns) / S)
    # 300 expected in each; the mean of 200 Poisson counts has a standard deviation of sqrt(300 / 200).
    assert np.mean(counts) == pytest.approx(300, abs=4 * np.sqrt(300 / 200))
    # The index of dispersion is 1, with a standard deviation of sqrt(2 / 199).
    assert np.var(counts, ddof=1) / np.mean(counts) == pytest.approx(1, abs=4 * np.sqrt(2 / 199))
    assert kstest(np.concatenate(gaps_s), "expon", args=(0, 1 / 3)).pvalue > 0.001


def test_rates_per_hour_keep_the_fleet_in_the_balance_of_the_two_state_chain() -> None:
    # A two-state Markov chain in balance is up for u / (u + d), and comes up u d / (u + d) times per time.
    up, down = 90.0, 45.0
    churn = {"up_per_hour": up, "down_per_hour": down * 2 / 3, "crash_per_hour": down / 3}
    what = scenario(machines=2000, churn=churn, duration_s=3600, online_share=up / (up + down))
    schedule = schedule_for(what, 1, 0)
    counts = np.bincount(schedule.action, minlength=4)
    expected = 2000 * up * down / (up + down)
    assert counts[Action.UP] == pytest.approx(expected, rel=0.02)
    assert counts[Action.DOWN] == pytest.approx(expected * 2 / 3, rel=0.02)
    assert counts[Action.CRASH] == pytest.approx(expected / 3, rel=0.03)
    ups = schedule.initial_online.sum() + counts[Action.UP] - counts[Action.DOWN] - counts[Action.CRASH]
    assert ups / 2000 == pytest.approx(up / (up + down), abs=0.05)


@pytest.mark.parametrize(
    ("name", "golden"),
    [
        ("quick", "a1adcff11b3010f00f68dc40c3a466ab42a23c49dda90424824cc1962d9023db"),
        ("site-outage", "beabd123d1738992e0a39fc642db8355f5f6c9adba0a4e777a01fca45dc9fc0c"),
    ],
)
def test_the_schedule_is_the_same_on_the_next_day_and_on_the_next_machine(name: str, golden: str) -> None:
    what = load(name)
    digests = {
        k: share_digest(schedule_for(what, what.seed, k), visits_for(what, what.seed, k))
        for k in range(what.fleet.organisations)
    }
    assert combined_digest(digests) == golden
