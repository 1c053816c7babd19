"""The recordings of a real page in tests/data/react_query, as typed records.

All times are milliseconds since the recording server received the first realtime upgrade.
"""

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = Path(__file__).resolve().parent.parent / "data" / "react_query"


class Failure(msgspec.Struct, frozen=True):
    """The request with this number, in order of arrival, is failed: `500`, or `reset`."""

    request: int
    kind: str


class Slow(msgspec.Struct, frozen=True):
    """The request with this number has a latency of its own."""

    request: int
    latency_ms: float


class PageOptions(msgspec.Struct, frozen=True):
    """How the recorded page differed from the product's."""

    fetch_cache: str = ""
    keep_debounce: int = 0


class Script(msgspec.Struct, frozen=True):
    """What the recording server and test did."""

    duration_ms: float
    rpc_latency_ms: float
    first_latency_ms: float | None = None
    failures: list[Failure] = []
    slow: list[Slow] = []
    protocol: str = "http/1.1"
    page_options: PageOptions = PageOptions()


class Action(msgspec.Struct, frozen=True):
    """What the test did to the browser."""

    do: str
    started_ms: float


class Request(msgspec.Struct, frozen=True):
    """A request as the recording server saw it; `seq` is how many events its answer showed."""

    tab: int
    arrived_ms: float
    seq: int | None = None
    finished_ms: float | None = None
    aborted_ms: float | None = None
    status: int | str | None = None


class Socket(msgspec.Struct, frozen=True):
    """A socket as the recording server saw it."""

    n: int
    tab: int
    opened_ms: float | None = None
    subscribed_ms: float | None = None


class Event(msgspec.Struct, frozen=True):
    """An event, when it was really sent, and to which sockets."""

    sent_ms: float
    sockets: list[int]


class PageEntry(msgspec.Struct, frozen=True):
    """An entry of the page's own log."""

    at_ms: float
    tab: int
    kind: str
    arg: object = None


class Observed(msgspec.Struct, frozen=True):
    """What was recorded."""

    refetch_requests: list[Request]
    sockets: list[Socket]
    events: list[Event]
    page: list[PageEntry]
    actions: list[Action] = []


class Trace(msgspec.Struct, frozen=True):
    """One recording. `variant`: `signal`, `nosignal`, or `plain` (no React Query)."""

    name: str
    page: str
    variant: str
    t0_monotonic_ms: float
    script: Script
    observed: Observed


def names() -> list[str]:
    """The names of all recordings."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def trace(name: str) -> Trace:
    """The recording of that name."""
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=Trace)
