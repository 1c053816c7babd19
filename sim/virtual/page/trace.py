"""A trace file: the script, and, if it was recorded, when its entries were really carried out."""

from pathlib import Path
from typing import Annotated, Final

import msgspec

from sim.errors import UsageError
from sim.virtual.page.script import Script, require

PAGES: Final = ("dashboard", "health")
VARIANTS: Final = ("signal", "nosignal", "plain")
LONGEST_UPTIME_MS: Final = 1e12
"""So that nanoseconds fit 64 bits."""


class SentEvent(msgspec.Struct, frozen=True):
    """When an event of the script was really sent."""

    sent_ms: float


class StartedAction(msgspec.Struct, frozen=True):
    """When an action of the script was really begun."""

    started_ms: float


class Inputs(msgspec.Struct, frozen=True):
    """Those parts of what was recorded that the page did not bring about."""

    events: list[SentEvent] = []
    actions: list[StartedAction] = []
    garbage: list[SentEvent] = []


class Trace(msgspec.Struct, frozen=True):
    """One trace. What else its file holds is not read, least of all what the page did."""

    page: str
    variant: str
    """Whether fetches get React Query's abort signal; `plain`: without React Query, one request per event."""
    script: Script
    t0_monotonic_ms: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_UPTIME_MS)] = 0
    """The time zero on the clock whose whole seconds the timers of hidden tabs keep to."""
    observed: Inputs | None = None

    def __post_init__(self) -> None:
        require("page", self.page, PAGES)
        require("variant", self.variant, VARIANTS)
        if self.variant == "plain" and self.page != "health":
            raise ValueError("variant = 'plain': the dashboard is signal or nosignal")


def decode(content: bytes, source: str) -> Trace:
    """The trace with this content; raises UsageError, with the source and the place of what is wrong."""
    try:
        return msgspec.json.decode(content, type=Trace)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{source}: {error}") from None


def read_trace(path: Path) -> Trace:
    """The trace in a file; raises UsageError if it cannot be read, is not JSON, or says something unknown."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    return decode(content, str(path))
