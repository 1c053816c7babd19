import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario import Scenario
from sim.schedule import VisitAction, sizes_for, visits_for
from tests.schedule.scenarios import S, any_scenario, scenario

CUT, LEAVE, RETURN = VisitAction


@given(any_scenario, st.integers(0, 9))
def test_users_return_from_where_they_left_and_cuts_fall_on_open_pages(what: Scenario, organisation: int) -> None:
    visits = visits_for(what, 1, organisation)
    away_ns = round(what.dashboard.away_s * S)
    for dashboard in range(sizes_for(what, 1, organisation).dashboards):
        mine = visits.dashboard == dashboard
        left_ns, before_ns = None, -1
        for due_ns, action in zip(visits.due_ns[mine].tolist(), visits.action[mine].tolist(), strict=True):
            assert due_ns > before_ns
            assert (left_ns is None) == (action != RETURN)
            if left_ns is not None:
                assert due_ns == left_ns + away_ns
            left_ns, before_ns = due_ns if action == LEAVE else None, due_ns


@given(any_scenario, st.integers(0, 9))
def test_columns_are_sorted_and_typed_and_lie_in_the_window(what: Scenario, organisation: int) -> None:
    visits = visits_for(what, 1, organisation)
    order = np.lexsort((visits.dashboard, visits.due_ns))
    assert (order == np.arange(order.size)).all()
    assert ((visits.due_ns >= 0) & (visits.due_ns < what.duration_s * S)).all()
    assert [column.dtype for column in (visits.due_ns, visits.dashboard, visits.action)] == [
        np.dtype(np.int64),
        np.dtype(np.int32),
        np.dtype(np.int8),
    ]


def test_a_mass_reconnect_cuts_its_share_at_one_instant() -> None:
    burst = {"kind": "mass_reconnect", "at_s": 10, "share": 0.5, "organisations": 0.2}
    what = scenario(dashboards=40, bursts=[burst])
    visits = visits_for(what, 1, 1)
    assert set(visits.due_ns.tolist()) == {10 * S}
    assert len(set(visits.dashboard.tolist())) == 20
    assert set(visits.action.tolist()) == {CUT}
    assert visits_for(what, 1, 2).due_ns.size == 0


def test_each_mass_reconnect_chooses_anew() -> None:
    bursts = [{"kind": "mass_reconnect", "at_s": at_s, "share": 0.5} for at_s in (10, 20)]
    visits = visits_for(scenario(dashboards=40, bursts=bursts), 1, 0)
    first, second = (set(visits.dashboard[visits.due_ns == at_s * S].tolist()) for at_s in (10, 20))
    assert len(first) == len(second) == 20
    assert first != second


def test_users_leave_at_the_rate_that_is_given() -> None:
    what = scenario(dashboards=1000, dashboard={"leaves_per_hour": 36, "away_s": 0.001})
    visits = visits_for(what, 1, 0)
    # 1,000 expected in 100 s, with a standard deviation of 32.
    assert np.sum(visits.action == LEAVE) == pytest.approx(1000, abs=4 * 32)
    assert np.sum(visits.action == LEAVE) - np.sum(visits.action == RETURN) in (0, 1)


def test_nothing_happens_without_dashboards_or_without_a_reason() -> None:
    assert visits_for(scenario(dashboards=0, dashboard={"leaves_per_hour": 3600}), 1, 0).due_ns.size == 0
    assert visits_for(scenario(dashboards=9), 1, 0).due_ns.size == 0
