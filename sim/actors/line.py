"""What actors need of the world: one organisation's line to its target, and what comes back over it.

Times are integers of nanoseconds of one monotonic clock.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from sim.dashboard import Cause
from sim.history import UNKNOWN_OWNER


class Reply(NamedTuple):
    """How a request ended."""

    status: int
    """HTTP status; 0 for no answer."""
    arrived_ns: int
    """When its last byte arrived, or when it failed."""
    reason: str = ""
    """Why there is no answer; empty for an answer."""


class Contents(NamedTuple):
    """What an answer held: whose rows, and by how much its counts differ from them."""

    statuses: bytes
    """StatusCode of each machine of the organisation, by its number; empty where the answer may leave rows out."""
    own_rows: int
    unknown_rows: int = 0
    """Rows of machines that nobody told us of."""
    foreign_rows: int = 0
    """Rows of machines of another organisation of ours."""
    foreign_owner: int = UNKNOWN_OWNER
    """Owner of the first of them."""
    excess_count: int = 0
    """How many machines it counts that it does not show."""
    miscount: int = 0
    """By how much its counts differ from the rows that it shows, foreign ones aside."""


class Answer(NamedTuple):
    """How a refetch's request ended."""

    reply: Reply
    contents: Contents | None
    """None where it was no answer of the contract, whatever its status."""

    @property
    def is_breach(self) -> bool:
        """Whether it claims success and is not of the contract."""
        return self.reply.status == 200 and self.contents is None


class Event(NamedTuple):
    """An event of the machines channel."""

    owner: int
    """Number of the organisation whose machine it is; UNKNOWN_OWNER."""
    machine: int
    status: int
    """StatusCode."""
    last_seen_ms: int
    """NO_LAST_SEEN for none."""


class Handle(Protocol):
    """A request under way."""

    def abort(self) -> None:
        """Give it up: nothing is reported any more."""


class SocketHandle(Protocol):
    """A dashboard's socket. After `close` or `cut` nothing is reported any more."""

    def subscribe(self) -> None:
        """Subscribe to the machines channel."""

    def ping(self) -> None:
        """Send a ping."""

    def close(self) -> None:
        """Close it as a browser does that leaves the page."""

    def cut(self) -> None:
        """End it as a network does that fails."""

    def drain(self) -> None:
        """Report what has arrived already."""


class SocketListener(Protocol):
    """What a socket tells its owner; times are arrival times."""

    def opened(self, at_ns: int) -> None:
        """The upgrade succeeded."""

    def subscribed(self, at_ns: int) -> None:
        """The subscription was confirmed."""

    def event(self, arrived_ns: int, event: Event) -> None:
        """An event of the machines channel arrived."""

    def stray(self, arrived_ns: int, event: Event) -> None:
        """An event of another channel arrived, which the page has no use for."""

    def pong(self, at_ns: int) -> None:
        """A ping was answered."""

    def breach(self, at_ns: int) -> None:
        """A frame arrived that is not of the contract."""

    def closed(self, at_ns: int, code: int, reason: str) -> None:
        """It ended by the other side: a close code, or the HTTP status of a refused upgrade."""


class Line(Protocol):
    """One organisation's line to its target."""

    def now_ns(self) -> int:
        """The time."""

    def alarm(self, who: int, at_ns: int) -> None:
        """Ring for `who` at or after this time."""

    def connect(self, listener: SocketListener) -> SocketHandle:
        """Open a dashboard's socket."""

    def refetch(self, done: Callable[[Answer], None]) -> Handle:
        """Send the page's refetch."""

    def beat(self, machine: int, status: int, done: Callable[[Reply], None]) -> Handle:
        """Send a machine's heartbeat with this StatusCode."""

    def close(self) -> None:
        """The run is over: nothing is reported any more, and no alarm rings."""


class Meter(Protocol):
    """Running figures, for a display; no verdict rests on them."""

    def written(self, took_ns: int, late_ns: int, status: int, reason: str) -> None:
        """A heartbeat ended."""

    def delivered(self, took_ns: int) -> None:
        """An event arrived, so long after its write was sent; 0 for one that none of our heartbeats caused."""

    def refetch_caused(self) -> None:
        """A refetch left since a delivery had come."""

    def refetched(self, cause: Cause, took_ns: int, status: int, reason: str) -> None:
        """A refetch's request ended."""

    def shown(self, delivery_ns: int, debounce_ns: int, refetch_ns: int) -> None:
        """A refetch showed an event: the three segments that make up event-to-refetch."""

    def deliveries_overdue(self, count: int) -> None:
        """So many deliveries did not come before their deadline; some of them, since their socket was cut meanwhile."""

    def subscriptions(self, change: int) -> None:
        """So many more dashboards are subscribed."""

    def leaked(self, count: int) -> None:
        """Events, rows or counts of another organisation were seen."""

    def answered(self, status: int, reason: str) -> None:
        """A request that is no heartbeat of the schedule and no refetch ended."""

    def refused(self, status: int, reason: str) -> None:
        """An upgrade ended without a socket."""

    def failed(self, what: str) -> None:
        """Something went wrong that says why others wait."""


class NoMeter:
    """Nobody looks."""

    def written(self, took_ns: int, late_ns: int, status: int, reason: str) -> None: ...
    def delivered(self, took_ns: int) -> None: ...
    def refetch_caused(self) -> None: ...
    def refetched(self, cause: Cause, took_ns: int, status: int, reason: str) -> None: ...
    def shown(self, delivery_ns: int, debounce_ns: int, refetch_ns: int) -> None: ...
    def deliveries_overdue(self, count: int) -> None: ...
    def subscriptions(self, change: int) -> None: ...
    def leaked(self, count: int) -> None: ...
    def answered(self, status: int, reason: str) -> None: ...
    def refused(self, status: int, reason: str) -> None: ...
    def failed(self, what: str) -> None: ...


class Prober(Protocol):
    """Sends an organisation's probes."""

    @property
    def next_due_ns(self) -> int:
        """When it is to be fired next; NEVER_NS for never."""

    @property
    def awaits_answer(self) -> bool:
        """Whether one is under way that does not only wait for what must not come."""

    @property
    def is_patching(self) -> bool:
        """Whether a PATCH is under way."""

    def start(self, origin_ns: int) -> None:
        """The window begins at this time."""

    def fire(self, now_ns: int) -> None:
        """Send what is due."""

    def stop(self) -> None:
        """Send nothing more."""

    def finish(self, now_ns: int) -> None:
        """The run is over: note what is open, and close it."""
