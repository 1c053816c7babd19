from pathlib import Path

import msgspec
import pytest

from sim import contract
from sim.scenario import DashboardOptions, Objective, Scenario, TargetOptions
from tests.scenario.files import SMALLEST, loaded, problems


def test_what_a_file_does_not_say_is_as_the_contract_has_it(tmp_path: Path) -> None:
    scenario = loaded(tmp_path, SMALLEST)
    assert scenario.seed == 1
    assert scenario.heartbeat.interval_s == contract.HEARTBEAT_INTERVAL_S
    assert scenario.target == TargetOptions()
    assert scenario.dashboard == DashboardOptions()
    assert scenario.dashboard.retry_delays_s == tuple(map(float, contract.RETRY_DELAYS_S))
    assert not scenario.bursts
    assert not scenario.objectives


def test_objectives_are_read_and_taken_as_records(tmp_path: Path) -> None:
    objective = Objective("leakage.leaks", "==", 0.0)
    scenario = loaded(tmp_path, SMALLEST, ["objectives=['leakage.leaks == 0']"])
    assert scenario.objectives == (objective,)
    again = Scenario.model_validate({**scenario.model_dump(by_alias=True), "objectives": [objective]})
    assert again == scenario


def test_the_health_page_and_an_empty_list_of_retries_are_allowed(tmp_path: Path) -> None:
    scenario = loaded(tmp_path, SMALLEST, ["dashboard.page=health", "dashboard.retry_delays_s=[]"])
    assert scenario.dashboard.page == "health"
    assert scenario.dashboard.retry_delays_s == ()


@pytest.mark.parametrize("rate", ["up_per_hour", "down_per_hour", "crash_per_hour", "flap_per_hour"])
def test_both_kinds_of_churn_exclude_each_other(rate: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, SMALLEST, ["churn.events_per_s=1", f"churn.{rate}=2"])
    assert found == f"churn.events_per_s: 1 is not allowed; it excludes {rate}: give one or the other"
    assert loaded(tmp_path, SMALLEST, ["churn.events_per_s=1", f"churn.{rate}=0"]).churn.events_per_s == 1
    assert loaded(tmp_path, SMALLEST, ["churn.events_per_s=none", f"churn.{rate}=2"]).churn.events_per_s is None


def test_the_targets_options_are_plain_values() -> None:
    options = TargetOptions().model_dump()
    assert msgspec.json.decode(msgspec.json.encode(options)) == options
    assert len(options) == 14
