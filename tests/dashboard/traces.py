"""The recordings of a real page in tests/data/react_query, with all that was observed, as typed records.

All times are milliseconds since the recording server received the first realtime upgrade.
"""

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from sim.virtual.page import Trace

FOLDER: Final = Path(__file__).resolve().parent.parent / "data" / "react_query"


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

    @property
    def in_order(self) -> list[Request]:
        """The requests in the order in which they arrived."""
        return sorted(self.refetch_requests, key=lambda request: request.arrived_ms)


class Recorded(msgspec.Struct, frozen=True):
    """What a recording adds to a trace."""

    observed: Observed


def names() -> list[str]:
    """The names of all recordings."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def script_only(name: str) -> Trace:
    """The trace of that name as it was before it was recorded."""
    content = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=dict[str, msgspec.Raw])
    del content["observed"]
    return msgspec.json.decode(msgspec.json.encode(content), type=Trace)


@cache
def observed(name: str) -> Observed:
    """What was recorded of it."""
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=Recorded).observed
