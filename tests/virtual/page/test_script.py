"""A script says only what is known, and a mistake is told with its place."""

import json

import pytest

from sim.errors import UsageError
from sim.virtual.page import decode
from sim.virtual.page.script import ACTIONS, Action, Failure, Window

_WRONG = [
    ({"wobble": 1}, "unknown field `wobble` - at `$.script`"),
    ({"duration_ms": -1}, ">= 0.0 - at `$.script.duration_ms`"),
    ({"duration_ms": 1e12}, "- at `$.script.duration_ms`"),
    ({"events": [1, "2"]}, "- at `$.script.events[1]`"),
    ({"failures": [{"request": 0, "kind": "200"}]}, "kind = '200' is neither reset nor a status of 400 to 599"),
    ({"garbage": [{"at_ms": 0, "kind": "noise"}]}, "kind = 'noise' is none of bad_utf8, "),
    ({"closes": [{"at": 0}]}, "- at `$.script.closes[0]`"),
    ({"eviction": {"timeout_ms": 1, "sweep_ms": 0}}, "- at `$.script.eviction.sweep_ms`"),
    ({"protocol": "h3"}, "protocol = 'h3' is none of http/1.1, h2"),
    ({"mode": "blind"}, "mode = 'blind' is none of headless, headed"),
    ({"page_options": {"fetch_cache": "yes"}}, "fetch_cache = 'yes' is none of default, no-store"),
    ({"actions": [{"at_ms": 0, "do": "jump"}]}, "do = 'jump' is none of hide, "),
    ({"actions": [{"at_ms": 0, "do": "dispatch"}]}, "dispatch has an event"),
    ({"actions": [{"at_ms": 0, "do": "hide", "event": "blur"}]}, "dispatch has an event"),
    ({"actions": [{"at_ms": 0, "do": "dispatch", "event": "storm"}]}, "event = 'storm' is none of focus, "),
    ({"actions": [{"at_ms": 7, "do": "hide", "tab": 1}]}, "hide at 7 ms: tab 1 is not open"),
    ({"actions": [{"at_ms": 7, "do": "open_tab", "tab": 0}]}, "open_tab at 7 ms: tab 0 is open already"),
    ({"actions": [{"at_ms": 7, "do": "show"}, {"at_ms": 6, "do": "close_tab"}]}, "show at 7 ms: tab 0 is not open"),
]


@pytest.mark.parametrize(("wrong", "message"), _WRONG, ids=[message for _, message in _WRONG])
def test_what_is_unknown_is_told_with_its_place(wrong: dict[str, object], message: str) -> None:
    script = {"duration_ms": 1, "rpc_latency_ms": 1} | wrong
    content = json.dumps({"page": "dashboard", "variant": "signal", "script": script}).encode()
    with pytest.raises(UsageError) as caught:
        decode(content, "x.json")
    told = str(caught.value)
    assert told.startswith("x.json: ")
    assert message in told
    assert "\n" not in told


def test_a_window_ends_before_its_end() -> None:
    window = Window(2, 4)
    assert [at for at in range(6) if window.holds(at)] == [2, 3]


def test_a_failure_is_recorded_as_a_number_or_as_reset() -> None:
    assert [Failure(0, kind).status for kind in ("500", "reset")] == [500, "reset"]


def test_an_action_names_its_tab_or_means_the_first() -> None:
    assert {do: Action(0, do).number for do in ACTIONS if do != "dispatch" and Action(0, do).number} == {"open_tab": 1}
    assert Action(0, "hide", tab=3).number == 3
