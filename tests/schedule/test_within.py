"""What of a schedule lies in a stay: the same as when the whole is played through and what is outside is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario import Scenario
from sim.schedule import (
    Action,
    ProbeKind,
    Stay,
    VisitAction,
    probes_for,
    schedule_for,
    share_digest,
    sizes_for,
    visits_for,
)
from tests.schedule.scenarios import S, any_scenario, scenario

_times = st.integers(-1 * S, 11 * S)


@given(any_scenario, st.integers(0, 9), _times, _times)
def test_a_schedule_begins_with_the_states_that_hold_then(
    what: Scenario, organisation: int, one_ns: int, other_ns: int
) -> None:
    whole = schedule_for(what, 1, organisation)
    from_ns, until_ns = sorted((one_ns, other_ns))
    part = whole.within(from_ns, until_ns)
    online = whole.initial_online.tolist()
    kept = []
    for due_ns, machine, action in zip(whole.due_ns.tolist(), whole.machine.tolist(), whole.action, strict=True):
        if due_ns < from_ns:
            online[machine] = action in (Action.UP, Action.HEARTBEAT)
        elif due_ns < until_ns:
            kept.append((due_ns, machine, action))
    assert part.initial_online.tolist() == online
    assert list(zip(part.due_ns.tolist(), part.machine.tolist(), part.action, strict=True)) == kept
    assert (part.organisation, part.machines) == (whole.organisation, whole.machines)


@given(any_scenario, st.integers(0, 9))
def test_the_whole_window_is_the_whole_schedule(what: Scenario, organisation: int) -> None:
    whole = schedule_for(what, 1, organisation)
    assert whole.within(0, 10 * S).digest() == whole.digest()


def test_the_whole_stays_as_it_is() -> None:
    whole = schedule_for(scenario(churn={"events_per_s": 5.0}), 1, 0)
    digest = whole.digest()
    assert whole.within(50 * S, 60 * S).initial_online.tolist() != whole.initial_online.tolist()
    assert whole.digest() == digest


@given(any_scenario, st.integers(0, 9), _times, _times)
def test_visits_within_a_time_know_who_is_away_at_its_beginning(
    what: Scenario, organisation: int, one_ns: int, other_ns: int
) -> None:
    visits = visits_for(what, 1, organisation)
    from_ns, until_ns = sorted((one_ns, other_ns))
    part = visits.within(from_ns, until_ns)
    inside = (visits.due_ns >= from_ns) & (visits.due_ns < until_ns)
    for name in ("due_ns", "dashboard", "action"):
        assert getattr(part, name).tolist() == getattr(visits, name)[inside].tolist()
    away = visits.away_at(from_ns)
    for dashboard in range(sizes_for(what, 1, organisation).dashboards):
        before = visits.action[(visits.dashboard == dashboard) & (visits.due_ns < from_ns)]
        left = [action for action in before.tolist() if action != VisitAction.CUT]
        assert (dashboard in away) == bool(left and left[-1] == VisitAction.LEAVE)


@pytest.mark.parametrize(("from_s", "until_s"), [(0, 100), (20, 60), (60, 60), (100, 200)])
def test_probes_within_a_time_are_those_that_are_due_in_it(from_s: int, until_s: int) -> None:
    whole = probes_for(scenario(probes={"per_s": 20}), 1, 3)
    part = whole.within(from_s * S, until_s * S)
    inside = (whole.due_ns >= from_s * S) & (whole.due_ns < until_s * S)
    assert (from_s == 0) == (len(part.due_ns) == len(whole.due_ns) > len(ProbeKind))
    for name in ("due_ns", "kind", "other"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[inside])


def test_the_digest_tells_stays_apart_and_is_the_same_without_any() -> None:
    what = scenario(dashboard={"leaves_per_hour": 100})
    schedule, visits = schedule_for(what, 1, 0), visits_for(what, 1, 0)
    stays = [(), (Stay(0, 0, 5),), (Stay(0, 0, 6),), (Stay(0, 1, 5),), (Stay(0, 0, 5), Stay(0, 7, 9))]
    digests = [share_digest(schedule, visits, each) for each in stays]
    assert len(set(digests)) == len(stays)
    assert digests[0] == share_digest(schedule, visits)
