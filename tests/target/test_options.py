import dataclasses

import pytest

from sim.errors import UsageError
from sim.scenario.model import TargetOptions as ScenarioOptions
from sim.target.options import OPTION_NAMES, TargetOptions, target_options


def test_a_scenario_has_the_same_options_with_the_same_defaults() -> None:
    assert ScenarioOptions().model_dump() == dataclasses.asdict(TargetOptions())


def test_texts_become_values_of_their_option_and_the_last_one_counts() -> None:
    settings = ["evict=false", "page_size=5", "page_size=20", "no_member=4003", "evict_after_s=1.5"]
    expected = TargetOptions(evict=False, page_size=20, no_member="4003", evict_after_s=1.5)
    assert target_options({"page_size": 3, "evict_sweep_s": 30.0}, settings) == expected


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "evict_after_s=0",
            "option evict_after_s: 0.0 is not allowed; it must be a number of seconds greater",
        ),
        ("evict_after_s=inf", "option evict_after_s: inf is not allowed"),
        ("cleanup_interval_s=soon", "option cleanup_interval_s: 'soon' is not allowed"),
        ("evict=yes", "option evict: 'yes' is not allowed; it must be true or false"),
        ("page_size=101", "option page_size: 101 is not allowed; it must be 0 to 100"),
        ("page_size=1.5", "option page_size: '1.5' is not allowed"),
        ("sockets_per_organisation=0", "option sockets_per_organisation: 0 is not allowed"),
        ("patch_filter=url", "option patch_filter: 'url' is not allowed; it must be both or body"),
        ("no_member=401", "option no_member: '401' is not allowed; it must be 403 or 4003"),
        ("evikt=true", "option evikt: unknown; did you mean evict?"),
        ("zzzzzz=1", "option zzzzzz: unknown; it must be one of cleanup_interval_s"),
        ("evict", "option 'evict': it must be name=value"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(setting: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        target_options({}, [setting])
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_values_by_name_are_checked_too() -> None:
    with pytest.raises(UsageError, match="option page_sise: unknown; did you mean page_size"):
        target_options({"page_sise": 1})
    with pytest.raises(UsageError, match="option evict: 1 is not allowed"):
        target_options({"evict": 1})


def test_every_option_can_be_set_by_its_default() -> None:
    defaults = dataclasses.asdict(TargetOptions())
    settings = [f"{name}={str(defaults[name]).lower()}" for name in OPTION_NAMES]
    assert target_options({}, settings) == TargetOptions()
