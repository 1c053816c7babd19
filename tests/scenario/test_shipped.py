"""The shipped scenarios are small enough for two cores, and show what their comments say."""

from collections import Counter

import numpy as np
import pytest

from sim.scenario import load, shipped_names
from sim.schedule import Action, present, schedule_for, sizes_for, stays_for

S = 1_000_000_000
WINDOW_NS = 500_000_000


def _collapse(name: str, organisation: int) -> tuple[float, float]:
    """Events per second of an organisation, and events per refetch by the debounce rule at the due times."""
    scenario = load(name)
    schedule = schedule_for(scenario, scenario.seed, organisation)
    due_ns = schedule.due_ns[np.isin(schedule.action, (Action.UP, Action.DOWN))]
    refetches = 1 + int(np.sum(np.diff(due_ns) >= WINDOW_NS))
    return due_ns.size / scenario.duration_s, due_ns.size / refetches


@pytest.mark.parametrize("name", shipped_names())
def test_it_is_held_by_two_cores(name: str) -> None:
    scenario = load(name)
    numbers = range(scenario.fleet.organisations)
    sizes = [sizes_for(scenario, scenario.seed, number) for number in numbers]
    per_s = np.zeros(int(scenario.duration_s), np.int64)
    for number in numbers:
        schedule = schedule_for(scenario, scenario.seed, number)
        sent_ns = schedule.due_ns[schedule.action != Action.CRASH]
        per_s += np.bincount(sent_ns // S, minlength=per_s.size)
    assert scenario.duration_s <= 60
    assert 40 <= sum(size.dashboards for size in sizes) <= 500
    assert per_s.max() <= 100
    assert any(str(objective) == "leakage.leaks == 0" for objective in scenario.objectives)


def test_the_busiest_tenant_starves_and_the_small_ones_are_calm() -> None:
    events_per_s, ratio = _collapse("busy-tenant", 0)
    assert events_per_s > 8
    assert ratio > 50
    events_per_s, ratio = _collapse("busy-tenant", 29)
    assert events_per_s < 1
    assert ratio < 2


def test_poisson_has_the_ratio_of_the_closed_form() -> None:
    ratios = [_collapse("poisson", organisation)[1] for organisation in range(20)]
    assert 2.4 < np.mean(ratios) < 3.1
    assert np.mean(ratios) == pytest.approx(np.exp(2 * 0.5), rel=0.08)


def test_flapping_needs_fewer_refetches_than_events() -> None:
    assert np.mean([_collapse("flapping", organisation)[1] for organisation in range(20)]) > 1.5


def test_growth_grows_to_its_whole_fleet_and_its_wave_brings_ten_back_once() -> None:
    scenario = load("growth")
    counts = [present(scenario, at_s * S) for at_s in (0, 8, 15, 19, 20, 27, 28, 36, 44, 52, 59)]
    assert counts == [0, 6, 12, 12, 20, 20, 20, 30, 20, 30, 20]
    stays = Counter(stay.organisation for stay in stays_for(scenario))
    assert [stays[number] for number in range(30)] == [1] * 20 + [2] * 10


def test_half_of_the_organisations_have_no_outage() -> None:
    scenario = load("site-outage")
    crashes = [int(np.sum(schedule_for(scenario, scenario.seed, number).action == Action.CRASH)) for number in range(8)]
    assert crashes == [10] * 4 + [0] * 4
    assert scenario.target.offline_after_s / scenario.heartbeat.interval_s == 180 / 60
