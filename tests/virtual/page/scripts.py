"""Short scripts, as a trace file has them, and what comes of them."""

from collections.abc import Mapping, Sequence

import msgspec

from sim.virtual.page import Observed, Trace, simulate
from sim.virtual.page.observed import RequestRecord

GRAIN_MS = 50
"""The delays of browser and network are well below half of it; waits of the page are not."""


def trace(script: Mapping[str, object], **other: object) -> Trace:
    """A trace of a dashboard with this script; 10 s long and with no latency, unless it says otherwise."""
    whole = {"duration_ms": 10_000, "rpc_latency_ms": 0} | dict(script)
    return msgspec.convert({"page": "dashboard", "variant": "signal", "script": whole} | other, type=Trace)


def run(script: Mapping[str, object], **other: object) -> Observed:
    """What is observed of it."""
    return simulate(trace(script, **other))


def arrivals_ms(observed: Observed, tab: int = 0) -> Sequence[int]:
    """When the requests of a tab arrived, to 50 ms."""
    return [_coarse_ms(request.arrived_ms) for request in observed.refetch_requests if request.tab == tab]


def ends(observed: Observed) -> Sequence[str]:
    """What became of each request."""
    return [_end(request) for request in observed.refetch_requests]


def _coarse_ms(at_ms: float) -> int:
    return round(at_ms / GRAIN_MS) * GRAIN_MS


def _end(request: RequestRecord) -> str:
    fields = msgspec.to_builtins(request)
    if "status" in fields:
        return str(fields["status"])
    return "aborted" if "aborted_ms" in fields else "ended" if "finished_ms" in fields else "open"
