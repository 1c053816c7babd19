"""The tables of a history. A table is a frozen record of int64 columns of equal length; a row is one fact."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.contract import EVICT_AFTER_S, EVICTION_SWEEP_S, OFFLINE_AFTER_S

Ints = NDArray[np.int64]

NEVER_NS: Final = 2**62
"""The time of what did not happen (an answer that never came, a socket that was not closed); later than any time."""

UNKNOWN_OWNER: Final = -1
"""Owner of a machine id that is in no organisation we know: a deployment has rows of its own."""

PART_GRID_NS: Final = 100_000_000
"""A long run is cut into parts at multiples of this on the run clock."""

UNEXPLAINED: Final = -1
"""`Deliveries.write` of an event that no write of ours explains."""

NO_LAST_SEEN: Final = -1
"""`Deliveries.last_seen_ms` of an event without `last_seen`."""


UNANSWERED: Final = -1
"""`Writes.http_status` of a write that was still under way when the run ended."""


class WriteKind(IntEnum):
    """What a write is."""

    HEARTBEAT = 0
    PATCH = 1  # a bare `last_seen` through the CRUD API, which changes no status


class Outcome(IntEnum):
    """How a refetch ended."""

    OPEN = 0  # not answered when the run ended
    SHOWN = 1
    CANCELLED = 2  # superseded by the next refetch, or the page was left
    FAILED = 3  # all retries used up


def column_names(kind: type["Table"]) -> tuple[str, ...]:
    """The names of a table's columns, in their order."""
    return tuple(kind.__dataclass_fields__)  # `fields` costs ten times as much, and a check asks often


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Base of all tables: builds the columns from rows and gives the rows back."""

    @classmethod
    def width(cls) -> int:
        """How many columns the table has."""
        return len(column_names(cls))

    @classmethod
    def from_rows(cls, rows: Ints) -> Self:
        """The table of an array of shape (rows, columns), columns in the order of the fields."""
        return cls(*np.ascontiguousarray(rows.reshape(-1, cls.width()).T))

    def rows(self) -> Ints:
        """The table as an array of shape (rows, columns)."""
        return np.column_stack([getattr(self, name) for name in column_names(type(self))]).astype(np.int64)

    def where(self, keep: NDArray[np.bool_] | Ints) -> Self:
        """The rows that a mask, or an array of row numbers, selects."""
        return type(self)(*[getattr(self, name)[keep] for name in column_names(type(self))])

    def __len__(self) -> int:
        return len(getattr(self, column_names(type(self))[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Writes(Table):
    """Heartbeats and PATCHes that were sent, sorted by `sent_ns`."""

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
    kind: Ints
    """`WriteKind`."""
    last_seen_ms: Ints
    """What a PATCH set `last_seen` to; NO_LAST_SEEN for a heartbeat, whose time the target takes itself."""

    def acked(self) -> NDArray[np.bool_]:
        """Which writes were answered with success."""
        return np.asarray((self.http_status >= 200) & (self.http_status < 300))

    def transitions(self) -> NDArray[np.bool_]:
        """Which writes change the machine's status, for sure, so that the target must announce them (contract 1)."""
        return np.asarray((self.before != 0) & (self.before != self.status) & (self.kind == WriteKind.HEARTBEAT))

    def echoes(self) -> NDArray[np.bool_]:
        """Which heartbeats say, for sure, what is known already, so that they must not be announced (contract 1)."""
        return np.asarray((self.before != 0) & (self.before == self.status) & (self.kind == WriteKind.HEARTBEAT))


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
    asked_ns: Ints
    """When its last attempt was sent: what the answer shows is no older."""
    failures: Ints
    """How many of its attempts failed: all of them, or all but the last, or the page gave it up in between."""


@dataclass(frozen=True, slots=True, eq=False)
class States(Table):
    """What a dashboard shows of a machine from some time on, sorted by `at_ns`: one row for each change of it."""

    dashboard: Ints
    at_ns: Ints
    machine: Ints
    status: Ints
    """StatusCode; ABSENT where the answer had no row of it, UNKNOWN where the answer may have left rows out."""


@dataclass(frozen=True, slots=True, eq=False)
class Machines(Table):
    """What the target said of each machine before the dashboards were opened, or what was known at `from_ns`."""

    machine: Ints
    at_ns: Ints
    """Since when it is known; of what is not known, since when it is not."""
    status: Ints
    """StatusCode; UNKNOWN where it is not known for sure."""
    contact_ns: Ints
    """The latest sign of life that the target has of it for sure."""


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
    miscount: Ints
    """By how much its counts differ from the rows it shows, foreign ones aside, in all; 0 where they fit."""


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
    silent_ns: Ints
    """Since when the page had not pinged: its last ping, else the opening."""
    unponged_ns: Ints
    """When the oldest ping was sent that had no pong; NEVER_NS for none."""


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
    PONG = 2  # a ping without a pong


@dataclass(frozen=True, slots=True, eq=False)
class Breaches(Table):
    """Messages that are not of the contract, sorted by `at_ns`."""

    dashboard: Ints
    at_ns: Ints
    breach: Ints
    """`Breach`."""


class ProbeOutcome(IntEnum):
    """How a probe ended."""

    UNANSWERED = 0
    REFUSED = 1
    GRANTED = 2


@dataclass(frozen=True, slots=True, eq=False)
class Probes(Table):
    """Requests and sockets that were only to see whether they are refused or granted, sorted by `at_ns`."""

    kind: Ints
    """`sim.schedule.ProbeKind`."""
    at_ns: Ints
    ended_ns: Ints
    other: Ints
    """Whom it was after: number of the organisation; its own for one that must be granted."""
    outcome: Ints
    """`ProbeOutcome`."""
    code: Ints
    """HTTP status or close code of the answer; 0 for none."""


class RunFrame(msgspec.Struct, frozen=True, kw_only=True):
    """What every check needs to know of the run, and which part of it the history covers.

    A long run is folded in parts, cut where nothing is under way. What lasts (a socket, a visit) has a row in each part
    that it reaches into, with its true times; what happens has one in the part in which it happened.

    An organisation may be present for a part of the window only, and several times: each such *stay* is recorded and
    judged by itself, as if it were a run. What comes before `stay_from_ns` is its warm-up, what comes after
    `measured_until_ns` its drain. Nothing of one stay may be looked for in another: each begins with the target's state
    read anew, and the one before may have broken off anywhere.
    """

    organisation: int
    machines: int
    dashboards: int
    window_ns: int
    """Length of the measured window."""
    ended_ns: int
    """Where this part of the run ends: when recording stopped, or where it was cut."""
    bucket_ns: int
    """Length of a bucket of the figures over time."""
    debounce_ns: int
    """0 for a page without a debounce."""
    max_wait_ns: int | None
    loss_deadline_ns: int
    unsent_writes: int = 0
    """Heartbeats that were due and never sent, since their agents waited for an answer until the run ended."""
    from_ns: int = -NEVER_NS
    """Where this part of the run begins; -NEVER_NS for the first, which has the warm-up."""
    is_last: bool = True
    """Whether it is the last part of its stay: `ended_ns` is the end of the recording."""
    stay_from_ns: int = 0
    """From here on the stay is measured: where it begins by schedule, or later, where it was not ready by then."""
    stay_until_ns: int = NEVER_NS
    """Where it ends by schedule: nothing is due from here on."""
    offline_after_ns: int = OFFLINE_AFTER_S * 1_000_000_000
    """Silence after which the cleanup job may mark a machine offline."""
    evicts: bool = True
    evict_after_ns: int = EVICT_AFTER_S * 1_000_000_000
    evict_sweep_ns: int = EVICTION_SWEEP_S * 1_000_000_000
    patch_announces: bool = True
    fresh_within_ns: int = 30_000_000_000
    """A change that a dashboard was told of must be shown so soon."""

    @property
    def measured_from_ns(self) -> int:
        """Where what this part has of the measured time begins."""
        return max(self.stay_from_ns, self.from_ns)

    @property
    def measured_until_ns(self) -> int:
        """Where the stay's measured time ends, whatever the part: with the stay, or with the window."""
        return min(self.stay_until_ns, self.window_ns)

    @property
    def measured_ns(self) -> int:
        """How much measured time this part has; that of all parts of a stay is the stay's."""
        return max(0, min(self.measured_until_ns, self.ended_ns) - self.measured_from_ns)


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
    states: States
    machines: Machines
    probes: Probes
