"""The script of a trace: what the recording server and the test did to the page.

All times are milliseconds since the server received the first realtime upgrade, up to a day. A field, kind or action
that is not known here is an error: leaving it out would change the outcome without a word.
"""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

DAY_MS: Final = 86_400_000

Ms = Annotated[float, msgspec.Meta(ge=0, le=DAY_MS)]
Number = Annotated[int, msgspec.Meta(ge=0)]

ACTIONS: Final = (
    "hide",
    "show",
    "focus",
    "blur",
    "offline",
    "online",
    "unmount",
    "leave",
    "mount",
    "return",
    "open_tab",
    "close_tab",
    "dispatch",
)
WITHOUT_TAB: Final = ("open_tab", "offline", "online")
DISPATCHED: Final = ("focus", "blur", "offline", "online", "visibilitychange")
FETCH_CACHES: Final = ("", "default", "no-store")
PROTOCOLS: Final = ("http/1.1", "h2")
MODES: Final = ("headless", "headed")
GARBAGE: Final = ("bad_utf8", "not_json", "unknown_type", "other_channel", "null", "binary")

_FIRST_ERROR_STATUS: Final = 400
_LAST_STATUS: Final = 599


def require(name: str, value: str, allowed: Iterable[str]) -> None:
    """Raises ValueError, which msgspec reports together with the path, unless the value is one of those."""
    if value not in allowed:
        raise ValueError(f"{name} = {value!r} is none of {', '.join(filter(None, allowed))}")


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object of the script."""


class Failure(Record, frozen=True):
    """The request with this number, in order of arrival, is failed: `reset`, or with an HTTP status."""

    request: Number
    kind: str

    def __post_init__(self) -> None:
        is_status = self.kind.isdecimal() and _FIRST_ERROR_STATUS <= int(self.kind) <= _LAST_STATUS
        if self.kind != "reset" and not is_status:
            raise ValueError(f"kind = {self.kind!r} is neither reset nor a status of 400 to 599")

    @property
    def status(self) -> int | str:
        """What a recording says as the request's status."""
        return self.kind if self.kind == "reset" else int(self.kind)


class Slow(Record, frozen=True):
    """The request with this number has a latency of its own."""

    request: Number
    latency_ms: Ms


class Close(Record, frozen=True):
    """All sockets are closed: with a close frame of this code, or, without one, by ending the connection."""

    at_ms: Ms
    code: int | None = None
    reason: str = ""


class Window(Record, frozen=True):
    """From a time on, until just before another."""

    from_ms: Ms
    to_ms: Ms

    def holds(self, at_ms: float) -> bool:
        """Whether this time lies in it."""
        return self.from_ms <= at_ms < self.to_ms


class Flap(Window, frozen=True):
    """Sockets that are opened meanwhile are closed again so long after."""

    after_ms: Ms
    code: int


class Eviction(Record, frozen=True):
    """Every sweep closes the sockets whose client was silent for the timeout. The first is at sweep - phase."""

    timeout_ms: Ms
    sweep_ms: Annotated[float, msgspec.Meta(ge=1, le=DAY_MS)]
    phase_ms: Ms = 0


class Garbage(Record, frozen=True):
    """A frame that is no event is sent to all sockets. The browser closes a socket over bad UTF-8, no other."""

    at_ms: Ms
    kind: str

    def __post_init__(self) -> None:
        require("kind", self.kind, GARBAGE)


class PageOptions(Record, frozen=True):
    """How the page differs from the product's: how it fetches, and whether leaving it keeps the debounce."""

    fetch_cache: str = ""
    keep_debounce: int = 0

    def __post_init__(self) -> None:
        require("fetch_cache", self.fetch_cache, FETCH_CACHES)


class Action(Record, frozen=True):
    """What the test does to the browser. `unmount` is also called `leave`, `mount` also `return`."""

    at_ms: Ms
    do: str
    event: str | None = None
    """Only of `dispatch`: the event that the page is told, with nothing behind it."""
    tab: Number | None = None

    @property
    def number(self) -> int:
        """Of its tab: the one that is named, else the first, or, to open one, the second."""
        return int(self.do == "open_tab") if self.tab is None else self.tab

    def __post_init__(self) -> None:
        require("do", self.do, ACTIONS)
        if (self.do == "dispatch") != (self.event is not None):
            raise ValueError(f"do = {self.do!r}: dispatch has an event, nothing else has")
        if self.event is not None:
            require("event", self.event, DISPATCHED)


class Script(Record, frozen=True):
    """What the recording server and the test did."""

    duration_ms: Ms
    rpc_latency_ms: Ms
    first_latency_ms: Ms | None = None
    """Of the very first request, where it differs."""
    events: list[Ms] = []
    rate_per_s: float | None = None
    """How the events were drawn; their times say all."""
    failures: list[Failure] = []
    slow: list[Slow] = []
    closes: list[Close] = []
    refuse: list[Window] = []
    """Upgrades that are answered with 503."""
    hang: list[Window] = []
    """Upgrades that are never answered."""
    flap: list[Flap] = []
    eviction: Eviction | None = None
    garbage: list[Garbage] = []
    subscribed_delay_ms: Ms = 0
    """From the subscription to its confirmation; events are sent from then on."""
    actions: list[Action] = []
    protocol: str = "http/1.1"
    cache_control: str | None = None
    """The answers' header; the browser orders requests of one URL whatever it says."""
    page_options: PageOptions = PageOptions()
    mode: str = "headless"
    new_window: bool = False
    """Whether `open_tab` opens a window, so that the first tab stays visible."""

    def __post_init__(self) -> None:
        require("protocol", self.protocol, PROTOCOLS)
        require("mode", self.mode, MODES)
        is_open = {0}
        for action in sorted(self.actions, key=lambda action: action.at_ms):
            if action.do == "open_tab" and action.number in is_open:
                raise ValueError(f"open_tab at {action.at_ms:g} ms: tab {action.number} is open already")
            if action.do not in WITHOUT_TAB and action.number not in is_open:
                raise ValueError(f"{action.do} at {action.at_ms:g} ms: tab {action.number} is not open")
            is_open ^= {action.number} if action.do in ("open_tab", "close_tab") else set()
