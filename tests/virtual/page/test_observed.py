"""What is observed has the fields of a recording."""

import json

import msgspec
import pytest

from sim.virtual.page import Observed
from tests.virtual.page.scripts import run


def _requests(observed: Observed) -> list[dict[str, object]]:
    return [msgspec.to_builtins(request) for request in observed.refetch_requests]


def test_an_answered_request_and_one_that_is_still_open() -> None:
    observed = run({"rpc_latency_ms": 900, "duration_ms": 2_000, "events": [1_000]})
    answered, still_open = _requests(observed)
    assert set(answered) == {"n", "tab", "fetch", "connection", "arrived_ms", "seq", "status", "finished_ms"}
    assert set(still_open) == {"n", "tab", "fetch", "connection", "arrived_ms", "seq"}
    assert (answered["seq"], still_open["seq"]) == (0, None)


@pytest.mark.parametrize(("protocol", "end"), [("http/1.1", "aborted_ms"), ("h2", "finished_ms")])
def test_an_abort_is_noted_as_the_recordings_have_it(protocol: str, end: str) -> None:
    script = {"rpc_latency_ms": 1_500, "first_latency_ms": 0, "events": [2_000, 2_800], "protocol": protocol}
    aborted = _requests(run(script))[1]
    assert set(aborted) == {"n", "tab", "fetch", "connection", "arrived_ms", "seq", end}


def test_an_answer_shows_the_events_that_were_sent_before_it() -> None:
    script = {"rpc_latency_ms": 600, "events": [1_000, 3_000, 3_900], "failures": [{"request": 1, "kind": "reset"}]}
    assert [request["seq"] for request in _requests(run(script))] == [0, None, 1, 3, 3]


def test_a_socket_that_was_refused_says_no_more() -> None:
    refuse = [{"from_ms": 2_000, "to_ms": 9_000}]
    observed = run({"closes": [{"at_ms": 2_000}], "refuse": refuse, "duration_ms": 8_000})
    opened, refused = json.loads(msgspec.json.encode(observed.sockets))
    assert set(refused) == {"n", "tab", "upgrade_ms", "refused"}
    assert set(opened) - set(refused) == {
        "opened_ms", "subscribe_frame_ms", "subscribed_ms", "close_code", "closed_ms",
    }  # fmt: skip


def test_times_are_rounded_and_events_numbered() -> None:
    observed = run({"events": [1_000.123456, 2_000]}, observed={"events": [{"sent_ms": 1_001.98765}]})
    assert [(event.i, event.sent_ms) for event in observed.events] == [(0, 1_001.99), (1, 2_000.3)]


def test_zero_is_the_first_upgrade_whatever_the_clock_says() -> None:
    observed = run({}, t0_monotonic_ms=3_043_849.98)
    assert 0 <= observed.sockets[0].upgrade_ms < 0.1
