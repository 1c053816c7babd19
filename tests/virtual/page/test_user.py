"""What a test does to tabs, and what the pages make of it."""

import pytest

from tests.virtual.page.scripts import arrivals_ms, ends, run

_OPEN = {"at_ms": 1_500, "do": "open_tab", "tab": 1}


def test_a_hidden_page_waits_for_the_whole_second() -> None:
    actions = [{"at_ms": 2_000, "do": "hide"}, {"at_ms": 6_000, "do": "show"}]
    observed = run({"events": [3_100], "actions": actions}, t0_monotonic_ms=1_000_250.0)
    assert arrivals_ms(observed) == [0, 3_750, 6_000]


@pytest.mark.parametrize(("names"), [("unmount", "mount"), ("leave", "return")])
def test_coming_back_loads_again(names: tuple[str, str]) -> None:
    actions = [{"at_ms": 2_000, "do": names[0]}, {"at_ms": 4_000, "do": names[1]}]
    observed = run({"events": [1_900, 3_000, 5_000], "actions": actions})
    assert arrivals_ms(observed) == [0, 4_000, 5_500]


@pytest.mark.parametrize(
    ("event", "arrived"), [("focus", [0]), ("blur", [0]), ("visibilitychange", [0, 2_000]), ("online", [0])]
)
def test_what_a_page_is_told(event: str, arrived: list[int]) -> None:
    assert arrivals_ms(run({"actions": [{"at_ms": 2_000, "do": "dispatch", "event": event}]})) == arrived


def test_a_hidden_page_that_is_told_of_its_visibility_stays_hidden() -> None:
    actions = [{"at_ms": 2_000, "do": "hide"}, {"at_ms": 3_000, "do": "dispatch", "event": "visibilitychange"}]
    assert arrivals_ms(run({"actions": actions})) == [0]


def test_a_page_that_only_believes_to_be_offline_keeps_its_socket() -> None:
    actions = [
        {"at_ms": 2_000, "do": "dispatch", "event": "offline"},
        {"at_ms": 5_000, "do": "dispatch", "event": "online"},
    ]
    observed = run({"events": [3_000, 4_000], "actions": actions})
    assert arrivals_ms(observed) == [0, 5_000]
    assert len(observed.sockets) == 1


@pytest.mark.parametrize(("new_window", "first_tab"), [(True, [0, 4_500]), (False, [0, 5_000])])
def test_a_second_tab_hides_the_first_unless_it_has_a_window(new_window: bool, first_tab: list[int]) -> None:
    observed = run({"events": [4_000], "actions": [_OPEN], "new_window": new_window})
    assert arrivals_ms(observed) == first_tab
    assert arrivals_ms(observed, tab=1) == [1_700, 4_500]
    assert [event.sockets for event in observed.events] == [[0, 1]]


def test_a_tab_that_is_opened_early_takes_longer() -> None:
    assert arrivals_ms(run({"actions": [_OPEN | {"at_ms": 1_020}]}), tab=1) == [1_300]


def test_showing_one_tab_hides_the_other() -> None:
    observed = run({"events": [4_200], "actions": [_OPEN, {"at_ms": 3_000, "do": "show"}]})
    assert arrivals_ms(observed) == [0, 3_000, 4_700]
    assert arrivals_ms(observed, tab=1) == [1_700, 5_000]


def test_closing_the_front_tab_shows_the_other() -> None:
    observed = run({"actions": [_OPEN, {"at_ms": 3_000, "do": "close_tab", "tab": 1}]})
    assert arrivals_ms(observed) == [0, 3_000]
    assert [socket.close_code for socket in observed.sockets][1:] == [1001]


def test_closing_a_tab_aborts_its_requests_even_without_the_signal() -> None:
    script = {"rpc_latency_ms": 2_000, "first_latency_ms": 0, "events": [2_000]}
    observed = run(script | {"actions": [{"at_ms": 3_000, "do": "close_tab"}]}, variant="nosignal")
    assert ends(observed) == ["200", "aborted"]


def test_a_tab_that_is_closed_before_it_loaded_loads_nothing() -> None:
    observed = run({"actions": [_OPEN, {"at_ms": 1_600, "do": "close_tab", "tab": 1}]})
    assert arrivals_ms(observed, tab=1) == []


def test_a_page_that_polls_or_asks_offline_sends_nothing() -> None:
    actions = [{"at_ms": 1_000, "do": "offline"}, {"at_ms": 38_000, "do": "online"}]
    script = {"duration_ms": 45_000, "closes": [{"at_ms": 2_000}], "actions": actions}
    assert arrivals_ms(run(script, page="health", variant="plain")) == [0]
    assert arrivals_ms(run(script)) == [0, 38_000]
