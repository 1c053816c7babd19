"""A trace file is read with or without what was observed."""

import json
from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.virtual.page import Trace, decode, read_trace

_TRACE: dict[str, object] = {
    "page": "health",
    "variant": "plain",
    "script": {"duration_ms": 1, "rpc_latency_ms": 2.5, "events": [1]},
    "about": "what is not read",
}


def _decoded(**other: object) -> Trace:
    return decode(json.dumps(_TRACE | other).encode(), "x.json")


def test_what_is_left_out_has_a_value() -> None:
    trace = _decoded()
    assert (trace.t0_monotonic_ms, trace.observed, trace.script.rpc_latency_ms) == (0, None, 2.5)


@pytest.mark.parametrize("observed", [None, {}, {"events": []}, {"events": [], "page": [], "sockets": [{"n": 0}]}])
def test_observed_may_be_empty(observed: object) -> None:
    trace = _decoded(observed=observed)
    assert trace.observed is None or not (trace.observed.events or trace.observed.actions)


def test_of_what_was_observed_only_the_inputs_are_read() -> None:
    observed = {"events": [{"sent_ms": 1.5, "sockets": [0]}], "refetch_requests": "anything"}
    read = _decoded(observed=observed).observed
    assert read is not None
    assert [event.sent_ms for event in read.events] == [1.5]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"page": "index"}, "page = 'index' is none of dashboard, health"),
        ({"variant": "loud"}, "variant = 'loud' is none of signal, nosignal, plain"),
        ({"page": "dashboard"}, "variant = 'plain': the dashboard is signal or nosignal"),
        ({"script": None}, "`$.script`"),
        ({"t0_monotonic_ms": 1e30}, "`$.t0_monotonic_ms`"),
        ({"observed": {"events": [{}]}}, "`$.observed.events[0]`"),
    ],
)
def test_a_mistake_is_told_with_its_place(other: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=r"^x\.json: ") as caught:
        _decoded(**other)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "x.json: "),
        (b"\xff", "malformed"),
        (b"{}", "missing required field `page`"),
        (b"[]", "Expected `object`"),
    ],
)
def test_what_is_no_trace(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_trace(path)
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_trace(tmp_path / "none.json")
    with pytest.raises(UsageError, match="Is a directory"):
        read_trace(tmp_path)
