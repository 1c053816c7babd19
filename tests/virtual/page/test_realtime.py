"""What the scripted server and the network do to sockets, and what the page makes of it."""

from collections.abc import Sequence

import msgspec
import pytest

from sim.virtual.page import Observed
from tests.virtual.page.scripts import arrivals_ms, run


def _sockets(observed: Observed) -> Sequence[dict[str, object]]:
    return [msgspec.to_builtins(socket) for socket in observed.sockets]


def _upgrades_s(observed: Observed) -> Sequence[float]:
    return [round(socket.upgrade_ms / 1_000, 1) for socket in observed.sockets]


def _receivers(observed: Observed) -> Sequence[Sequence[int]]:
    return [event.sockets for event in observed.events]


def test_an_event_reaches_the_socket_and_is_refetched_after_the_debounce() -> None:
    observed = run({"events": [1_000, 1_200]})
    assert arrivals_ms(observed) == [0, 1_700]
    assert _receivers(observed) == [[0], [0]]


def test_nothing_is_sent_before_the_subscription_is_confirmed() -> None:
    observed = run({"events": [700, 4_000], "subscribed_delay_ms": 1_500})
    assert _receivers(observed) == [[], [0]]
    assert arrivals_ms(observed) == [0, 4_500]


@pytest.mark.parametrize(("close", "code"), [({"at_ms": 2_000}, 1006), ({"at_ms": 2_000, "code": 1012}, 1012)])
def test_a_closed_socket_is_opened_again_after_5_s(close: dict[str, int], code: int) -> None:
    observed = run({"closes": [close], "events": [3_000, 8_000]})
    assert _upgrades_s(observed) == [0, 7]
    assert _sockets(observed)[0]["close_code"] == code
    assert _receivers(observed) == [[], [1]]
    assert arrivals_ms(observed) == [0, 8_500]


def test_refused_upgrades_let_the_page_poll() -> None:
    refuse = [{"from_ms": 2_000, "to_ms": 33_000}]
    observed = run({"duration_ms": 40_000, "closes": [{"at_ms": 2_000}], "refuse": refuse})
    assert [socket.get("refused") for socket in _sockets(observed)] == [None] + 6 * [503] + [None]
    assert arrivals_ms(observed) == [0, 32_500]


def test_an_unanswered_upgrade_is_waited_for() -> None:
    script = {"duration_ms": 40_000, "closes": [{"at_ms": 2_000}], "hang": [{"from_ms": 2_000, "to_ms": 9_000}]}
    observed = run(script)
    assert [socket.unanswered for socket in observed.sockets] == [False, True]
    assert arrivals_ms(observed) == [0, 32_500]


def test_a_socket_that_opens_for_a_moment_stops_the_polling() -> None:
    flap = [{"from_ms": 2_000, "to_ms": 60_000, "after_ms": 50, "code": 4003}]
    observed = run({"duration_ms": 50_000, "closes": [{"at_ms": 2_000}], "flap": flap})
    assert {socket.close_code for socket in observed.sockets[1:-1]} == {4003}
    assert arrivals_ms(observed) == [0]


def test_a_silent_socket_is_evicted_by_the_first_sweep_after_the_timeout() -> None:
    eviction = {"timeout_ms": 3_000, "sweep_ms": 2_000, "phase_ms": 1_500}
    observed = run({"eviction": eviction, "duration_ms": 16_000})
    closes_s = [socket["closed_ms"] for socket in _sockets(observed) if socket.get("close_code") == 4000]
    assert [round(float(str(at)) / 1_000, 1) for at in closes_s] == [4.5, 14.5]


@pytest.mark.parametrize(("kind", "sockets"), [("bad_utf8", 2), ("null", 1), ("binary", 1), ("not_json", 1)])
def test_only_bad_utf8_costs_the_socket(kind: str, sockets: int) -> None:
    observed = run({"garbage": [{"at_ms": 2_000, "kind": kind}]})
    assert len(observed.sockets) == sockets
    assert _sockets(observed)[0].get("close_code") == (1002 if kind == "bad_utf8" else None)


def _offline(*, events: Sequence[int] = (), closes: Sequence[int] = ()) -> Observed:
    actions = [{"at_ms": 2_000, "do": "offline"}, {"at_ms": 8_000, "do": "online"}]
    return run(
        {"duration_ms": 20_000, "events": events, "closes": [{"at_ms": at} for at in closes], "actions": actions}
    )


def test_offline_an_event_is_held_back() -> None:
    observed = _offline(events=[3_000])
    assert _receivers(observed) == [[0]]
    assert arrivals_ms(observed) == [0, 8_000, 8_500]


def test_offline_a_close_is_noticed_and_a_new_socket_fails() -> None:
    observed = _offline(closes=[2_500])
    assert _upgrades_s(observed) == [0, 12.5]


def test_offline_a_close_after_a_held_event_is_noticed_with_it() -> None:
    observed = _offline(events=[3_000], closes=[4_000])
    assert _upgrades_s(observed) == [0, 13]
    assert arrivals_ms(observed) == [0, 8_000, 8_500]


def test_a_page_that_leaves_closes_its_socket() -> None:
    observed = run({"events": [3_000], "actions": [{"at_ms": 2_000, "do": "unmount"}]})
    assert _sockets(observed)[0]["close_code"] == 1005
    assert _receivers(observed) == [[]]


def test_a_page_that_leaves_while_it_connects_upgrades_nothing() -> None:
    actions = [{"at_ms": 2_000, "do": "unmount"}, {"at_ms": 2_002, "do": "mount"}, {"at_ms": 2_003, "do": "leave"}]
    assert len(run({"actions": actions}).sockets) == 1
