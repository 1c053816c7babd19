"""The tables of a history. A table is a frozen record of int64 columns of equal length; a row is one fact."""

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

NEVER_NS: Final = 2**62
"""The time of what did not happen (an answer that never came, a socket that was not closed); later than any time."""

UNKNOWN_OWNER: Final = -1
"""Owner of a machine id that is in no organisation we know: a deployment has rows of its own."""

UNEXPLAINED: Final = -1
"""`Deliveries.write` of an event that no write of ours explains."""

NO_LAST_SEEN: Final = -1
"""`Deliveries.last_seen_ms` of an event without `last_seen`."""


UNANSWERED: Final = -1
"""`Writes.http_status` of a write that was still under way when the run ended."""


class Outcome(IntEnum):
    """How a refetch ended."""

    OPEN = 0  # not answered when the run ended
    SHOWN = 1
    CANCELLED = 2  # superseded by the next refetch, or the page was left
    FAILED = 3  # all retries used up


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Base of all tables: builds the columns from rows and gives the rows back."""

    @classmethod
    def width(cls) -> int:
        """How many columns the table has."""
        return len(fields(cls))

    @classmethod
    def from_rows(cls, rows: Ints) -> Self:
        """The table of an array of shape (rows, columns), columns in the order of the fields."""
        return cls(*np.ascontiguousarray(rows.reshape(-1, cls.width()).T))

    def rows(self) -> Ints:
        """The table as an array of shape (rows, columns)."""
        return np.column_stack([getattr(self, f.name) for f in fields(self)]).astype(np.int64)

    def where(self, keep: NDArray[np.bool_] | Ints) -> Self:
        """The rows that a mask, or an array of row numbers, selects."""
        return type(self)(*(getattr(self, f.name)[keep] for f in fields(self)))

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))


@dataclass(frozen=True, slots=True, eq=False)
class Writes(Table):
    """Heartbeats that were sent, sorted by `sent_ns`."""

    machine: Ints
    status: Ints
    """What the heartbeat says (StatusCode)."""
    before: Ints
    """The machine's status at the target when it was sent, as far as we know (StatusCode)."""
    due_ns: Ints
    ready_ns: Ints
    """When the machine's agent was free to send: later than due where it waited for the answer before (*blocked*)."""
    sent_ns: Ints
    acked_ns: Ints
    """When the answer arrived; NEVER_NS for none."""
    http_status: Ints
    """0 where the connection failed; UNANSWERED where the run ended first."""

    def acked(self) -> NDArray[np.bool_]:
        """Which writes were answered with success."""
        return np.asarray((self.http_status >= 200) & (self.http_status < 300))

    def transitions(self) -> NDArray[np.bool_]:
        """Which writes change the machine's status, for sure, so that the target must announce them (contract 1)."""
        return np.asarray((self.before != 0) & (self.before != self.status))

    def echoes(self) -> NDArray[np.bool_]:
        """Which writes say, for sure, what the target knows already, so that it must not announce them (contract 1)."""
        return np.asarray((self.before != 0) & (self.before == self.status))


@dataclass(frozen=True, slots=True, eq=False)
class Deliveries(Table):
    """Event frames that arrived, sorted by `arrived_ns`."""

    dashboard: Ints
    owner: Ints
    """Number of the organisation whose machine it is; UNKNOWN_OWNER."""
    machine: Ints
    """The machine's number within its owner; of an unknown owner a hash of its id."""
    status: Ints
    last_seen_ms: Ints
    """The payload's `last_seen`, milliseconds since the epoch by the target's clock; NO_LAST_SEEN."""
    arrived_ns: Ints
    handled_ns: Ints
    """When the generator got to it: `handled - arrived` is its own delay."""
    write: Ints
    """Row of `Writes` that explains it; UNEXPLAINED."""


@dataclass(frozen=True, slots=True, eq=False)
class Fetches(Table):
    """Refetches (and first loads), sorted by `sent_ns`. Retries of one refetch are one row."""

    dashboard: Ints
    cause: Ints
    """`sim.dashboard.Cause`."""
    sent_ns: Ints
    ended_ns: Ints
    """When it was shown, failed for good or cancelled; NEVER_NS while open."""
    outcome: Ints
    attempts: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Answers(Table):
    """Answers to refetches that hold anything odd, and for each dashboard one row that sums up the others."""

    dashboard: Ints
    at_ns: Ints
    answers: Ints
    """How many answers the row stands for."""
    own_rows: Ints
    foreign_rows: Ints
    """Rows of machines of another organisation of ours."""
    unknown_rows: Ints
    """Rows of machines that nobody told us of."""
    foreign_owner: Ints
    """Owner of the first foreign row; UNKNOWN_OWNER."""
    excess_count: Ints
    """By how much the answer's counts exceed the rows it shows (a count of somebody else's machines)."""


@dataclass(frozen=True, slots=True, eq=False)
class Sessions(Table):
    """Sockets of dashboards, sorted by `opened_ns`."""

    dashboard: Ints
    opened_ns: Ints
    """When the connection was begun."""
    subscribed_ns: Ints
    """When `subscribed` arrived; NEVER_NS."""
    closed_ns: Ints
    """NEVER_NS if open at the end of the run."""
    code: Ints
    """Close code; 0 for none; the HTTP status of a refused upgrade."""
    by_us: Ints
    """1 if the page or the schedule closed it."""


@dataclass(frozen=True, slots=True, eq=False)
class Mounts(Table):
    """Times during which a dashboard's page is open."""

    dashboard: Ints
    from_ns: Ints
    until_ns: Ints
    """NEVER_NS if open at the end of the run."""


class Breach(IntEnum):
    """How a message broke the contract."""

    FRAME = 0  # a frame that is no JSON object of contract 1
    ANSWER = 1  # an answer with status 200 that is not of the shape of contract 3 or 5


@dataclass(frozen=True, slots=True, eq=False)
class Breaches(Table):
    """Messages that are not of the contract, sorted by `at_ns`."""

    dashboard: Ints
    at_ns: Ints
    breach: Ints
    """`Breach`."""


class RunFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What every check needs to know of the run; the same for all its organisations but for the sizes."""

    organisation: int
    machines: int
    dashboards: int
    window_ns: int
    """Length of the measured window."""
    ended_ns: int
    """When recording stopped."""
    bucket_ns: int
    """Length of a bucket of the figures over time."""
    debounce_ns: int
    """0 for a page without a debounce."""
    max_wait_ns: int | None
    loss_deadline_ns: int
    unsent_writes: int = 0
    """Heartbeats that were due and never sent, since their agents waited for an answer until the run ended."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Everything that happened to one organisation."""

    frame: RunFrame
    writes: Writes
    deliveries: Deliveries
    fetches: Fetches
    answers: Answers
    sessions: Sessions
    mounts: Mounts
    breaches: Breaches
