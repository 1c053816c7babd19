import json
import tomllib
from pathlib import Path

import pytest

from sim.scenario import RampStage, Stage, StepStage, WaveStage, json_schema, resolved
from tests.scenario.files import SMALLEST, loaded, problems

STAGES: dict[str, Stage] = {
    '{kind="step",at_s=1,organisations=2}': StepStage(kind="step", at_s=1.0, organisations=2),
    '{kind="ramp",at_s=0,organisations=3,over_s=60}': RampStage(kind="ramp", at_s=0.0, organisations=3, over_s=60.0),
    '{kind="wave",at_s=1.5,low=2,high=2,period_s=4}': WaveStage(kind="wave", at_s=1.5, low=2, high=2, period_s=4.0),
}


def _problems(folder: Path, *stages: str) -> list[str]:
    return problems(folder, SMALLEST, [f"stages=[{', '.join(stages)}]"])


@pytest.mark.parametrize(("table", "stage"), STAGES.items())
def test_each_kind_is_read_and_resolved(table: str, stage: Stage, tmp_path: Path) -> None:
    scenario = loaded(tmp_path, SMALLEST, [f"stages=[{table}]"])
    assert scenario.stages == (stage,)
    assert tomllib.loads(resolved(scenario))["stages"] == [stage.model_dump()]
    assert loaded(tmp_path, resolved(scenario)) == scenario


def test_without_any_there_are_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, SMALLEST).stages == ()


def test_one_of_them_can_be_set_by_its_number(tmp_path: Path) -> None:
    text = SMALLEST + "[[stages]]\nkind = 'step'\nat_s = 1\norganisations = 2\n"
    (stage,) = loaded(tmp_path, text, ["stages.0.organisations=3"]).stages
    assert stage == StepStage(kind="step", at_s=1.0, organisations=3)


ONE = {
    '{kind="step",at_s=10,organisations=2}': "stages.0.at_s: 10 is not allowed; it must be less than duration_s, 10",
    '{kind="step",at_s=-1,organisations=2}': "stages.0.at_s: -1 is not allowed; it must be at least 0",
    '{kind="step",at_s=1,organisations=4}': (
        "stages.0.organisations: 4 is not allowed; it must be at most fleet.organisations, 3"
    ),
    '{kind="step",at_s=1,organisations=-1}': "stages.0.organisations: -1 is not allowed; it must be at least 0",
    '{kind="step",at_s=1,organisations=1.5}': "stages.0.organisations: 1.5 is not allowed; it must be a whole number",
    '{kind="step",at_s=1}': "stages.0.organisations: missing; it must be given",
    '{kind="ramp",at_s=1,organisations=3,over_s=0}': "stages.0.over_s: 0 is not allowed; it must be greater than 0",
    '{kind="wave",at_s=1,low=1,high=4,period_s=2}': (
        "stages.0.high: 4 is not allowed; it must be at most fleet.organisations, 3"
    ),
    '{kind="wave",at_s=1,low=2,high=1,period_s=2}': "stages.0.high: 1 is not allowed; it must be at least low, 2",
    '{kind="wave",at_s=1,low=1,high=2,period_s=0.9}': "stages.0.period_s: 0.9 is not allowed; it must be at least 1",
    '{kind="step",at_s=1,organisations=2,over_s=3}': (
        "stages.0.over_s: unknown key; the keys here are at_s, kind, organisations"
    ),
    '{kind="stairs",at_s=1}': 'stages.0.kind: "stairs" is not allowed; it must be one of "ramp", "step", "wave"',
    "{at_s=1}": 'stages.0.kind: missing; it must be one of "ramp", "step", "wave"',
}


@pytest.mark.parametrize(("table", "line"), ONE.items())
def test_a_problem_has_its_path_its_value_and_what_is_allowed(table: str, line: str, tmp_path: Path) -> None:
    assert _problems(tmp_path, table) == [line]


def test_several_problems_of_one_stage_and_of_several_come_at_once(tmp_path: Path) -> None:
    found = _problems(
        tmp_path,
        '{kind="step",at_s=1,organisations=1}',
        '{kind="wave",at_s=20,low=7,high=8,period_s=2}',
        '{kind="ramp",at_s=30,organisations=3}',
    )
    assert [line.partition(":")[0] for line in found] == [
        "stages.1.at_s",
        "stages.1.low",
        "stages.1.high",
        "stages.2.over_s",
    ]


def test_each_begins_later_than_the_one_before(tmp_path: Path) -> None:
    steps = [f'{{kind="step",at_s={at_s},organisations=1}}' for at_s in (4, 4, 5, 2)]
    assert _problems(tmp_path, *steps) == [
        "stages.1.at_s: 4 is not allowed; it must be more than at_s of the stage before, 4",
        "stages.3.at_s: 2 is not allowed; it must be more than at_s of the stage before, 5",
    ]


def test_what_cannot_be_compared_is_not_complained_about(tmp_path: Path) -> None:
    overrides = ['stages=[{kind="step",at_s=11,organisations=9}]', "duration_s=-1", "fleet.organisations=0"]
    found = problems(tmp_path, SMALLEST, overrides)
    assert [line.partition(":")[0] for line in found] == ["duration_s", "fleet.organisations"]


def test_editors_know_them() -> None:
    schema = json.loads(json_schema())
    forms = schema["properties"]["stages"]["items"]["discriminator"]["mapping"]
    assert sorted(forms) == ["ramp", "step", "wave"]
    assert schema["$defs"]["WaveStage"]["required"] == ["at_s", "kind", "low", "high", "period_s"]
