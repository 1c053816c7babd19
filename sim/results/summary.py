"""`summary.json`, schema 1: what a run found, as frozen records.

More fields may be added to these records; the ones that are here stay. A figure that was not measured is None (null
in the file), never 0.
"""

from enum import StrEnum
from typing import Final

import msgspec

from sim.errors import EXIT_FAILED, EXIT_HELD, EXIT_INVALID
from sim.scenario import Actors

SCHEMA: Final = 1


class RunVerdict(StrEnum):
    """The verdict of a whole run."""

    HELD = "held"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be judged."""
    INVALID = "invalid"
    """The generator, or a lost worker, spoilt it."""

    @property
    def exit_code(self) -> int:
        """0 held, 1 failed, 3 unknown or invalid."""
        return {"held": EXIT_HELD, "failed": EXIT_FAILED}.get(self.value, EXIT_INVALID)


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution of times, in milliseconds, to three significant digits; mean and max are exact."""

    unit: str = "ms"
    count: int = 0
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Every distribution of the run. `event_to_refetch` = `delivery` + `debounce` + `refetch`, event by event."""

    event_to_refetch: Distribution
    delivery: Distribution
    debounce: Distribution
    refetch: Distribution
    write: Distribution
    lateness: Distribution
    event_to_refetch_from_due: Distribution
    write_from_due: Distribution
    blocked: Distribution
    handling: Distribution


class Collapse(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries per refetch that deliveries caused, and refetches that the debounce rule does not explain."""

    deliveries: int
    refetches: int
    ratio: float | None
    excess_refetches: int
    boundary_deliveries: int
    """So close to the end of a wait that they may have restarted it or not."""


class Leakage(msgspec.Struct, frozen=True, kw_only=True):
    """What crossed from one organisation to another, out of how many opportunities."""

    leaks: int
    opportunities: int
    upper_bound_95: float | None
    leaked_events: int
    announced_events: int
    leaked_rows: int
    leaked_counts: int
    inspected_rows: int
    inspected_answers: int
    unknown_rows: int
    unknown_events: int
    leaked_requests: int
    """Requests for another organisation that were granted."""
    inspected_requests: int
    """Those that were answered."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Acked changes that a subscribed dashboard did not receive, and events that came twice, out of order or idly."""

    lost: int
    expected: int
    duplicates: int
    out_of_order: int
    echoes: int
    """Events that announced no change."""
    patches: int
    """PATCHes whose event a dashboard was expecting."""
    unannounced: int
    """Of them: those that were announced to nobody."""


class Refusals(msgspec.Struct, frozen=True, kw_only=True):
    """Probes that must be refused, and the controls, which must be granted."""

    tried: int
    answered: int
    granted: int
    controls: int
    controls_refused: int


class Convergence(msgspec.Struct, frozen=True, kw_only=True):
    """Whether answers, and what was shown at the end, were the ground truth of the writes."""

    judged_answers: int
    judged_dashboards: int
    contradicted: int
    diverged: int
    unseen: int
    miscounted: int


class Staleness(msgspec.Struct, frozen=True, kw_only=True):
    """Time during which a dashboard shows something else than the truth; None where it was not measured."""

    dashboard_seconds: float | None
    share: float | None
    longest_ms: float | None
    overlong: int | None
    worst_organisation: int | None
    worst_share: float | None


class Starvation(msgspec.Struct, frozen=True, kw_only=True):
    """How long events waited to be shown, and why those that waited too long did."""

    waits: int
    starved: int
    starved_by_debounce: int
    starved_by_cancelling: int
    starved_otherwise: int
    organisations: int
    longest_wait_ms: float | None
    longest_debounce_ms: float | None
    longest_chain: int


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """Time in which a dashboard has no subscribed socket, and how sockets ended."""

    share: float | None
    evictions: int
    reconnects: int
    sockets: int
    never_subscribed: int
    early_evictions: int
    overdue_evictions: int
    cut: int


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the run in which nobody measured these organisations: their worker was lost, then replaced."""

    organisations: list[int]
    from_s: float
    until_s: float


class Generator(msgspec.Struct, frozen=True, kw_only=True):
    """The generator's own state: whether it was the bottleneck."""

    valid: bool
    lateness_p99_ms: float | None
    hub_lag_p99_ms: float | None
    cpu_share: float | None
    workers: int
    workers_lost: int
    lost_organisations: list[int] = []
    """Of lost workers, and not taken over: no check has HELD where there are any."""
    gaps: list[Gap] = []
    errors: int
    handling_p99_ms: float | None
    kernel_timestamps: bool
    target_cpu_share: float | None


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What was driven: the size of the run."""

    organisations: int
    machines: int
    dashboards: int
    duration_s: float
    writes: int
    transitions: int
    deliveries: int
    unexplained_deliveries: int
    refetches: int
    refetches_cancelled: int
    refetches_failed: int
    refetch_retries: int
    writes_failed: int


class FindingSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One check's answer. `first`, `worst` and `last` are witnesses in a sentence each."""

    name: str
    verdict: str
    value: float | None
    unit: str
    count: int
    bound: float | None
    first: str | None
    worst: str | None
    last: str | None
    text: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    schema: int = SCHEMA
    scenario: str
    question: str
    seed: int
    started_utc: str
    schedule_hash: str
    executor: str
    target: str
    actors: Actors = "all"
    """Who acted; what cannot be asked of them alone has no finding."""
    verdict: RunVerdict
    partial: bool
    reason: str | None
    load: Load
    metrics: Metrics
    collapse: Collapse
    leakage: Leakage
    loss: Loss
    refusals: Refusals
    convergence: Convergence
    staleness: Staleness
    starvation: Starvation
    blind: Blind
    generator: Generator
    findings: list[FindingSummary]


def encode(summary: Summary) -> bytes:
    """The summary as indented JSON, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"


def decode(data: bytes) -> Summary:
    """The summary of a file's bytes.

    Raises `msgspec.DecodeError` for bytes that are no summary of this schema.
    """
    return msgspec.json.decode(data, type=Summary)
