"""The scenario's records: what is driven, for how long, and what it is held against."""

from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from sim import contract
from sim.scenario.base import AtLeastZero, OptionalPositive, Positive, Record, Share, refuse, refuse_all
from sim.scenario.bursts import Burst
from sim.scenario.objective import Objective
from sim.scenario.sizes import Size
from sim.scenario.stages import COUNTS, Stage

LONGEST_S: Final = 86_400


Actors = Literal["all", "agents", "dashboards"]


class Fleet(Record):
    """How many organisations there are, and how large each is."""

    organisations: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of organisations."""
    machines: Size
    """Machines of an organisation: a number or a distribution; at least 1."""
    dashboards: Size
    """Open dashboards of an organisation: a number or a distribution; 0 is allowed."""
    online_share: Share = 1.0
    """Share of the machines that are online at the start."""
    actors: Actors = "all"
    """Who acts: all, agents alone without a dashboard, or dashboards alone, which watch what others write."""

    @field_validator("machines")
    @classmethod
    def _every_organisation_has_a_machine(cls, machines: Size) -> Size:
        if machines.smallest < 1:
            refuse("every organisation must have at least 1 machine")
        return machines


class Heartbeat(Record):
    """The agents' regular heartbeats (contract 4)."""

    interval_s: Annotated[float, Field(ge=0.001)] = float(contract.HEARTBEAT_INTERVAL_S)
    """From one heartbeat of a machine to the next."""
    jitter_s: AtLeastZero = 0.0
    """Each heartbeat is moved by a uniform time of up to half of this, either way; less than interval_s."""

    @field_validator("jitter_s")
    @classmethod
    def _beats_keep_their_order(cls, jitter_s: float, info: ValidationInfo) -> float:
        interval_s = info.data.get("interval_s")
        if interval_s is not None and jitter_s >= interval_s:
            refuse(f"it must be less than interval_s, {interval_s:g}")
        return jitter_s


class Churn(Record):
    """Machines that come and go on their own: rates per machine, or transitions per organisation."""

    up_per_hour: AtLeastZero = 0.0
    """Rate at which an offline machine comes up."""
    down_per_hour: AtLeastZero = 0.0
    """Rate at which an online machine goes down with a last heartbeat."""
    crash_per_hour: AtLeastZero = 0.0
    """Rate at which an online machine falls silent."""
    flap_per_hour: AtLeastZero = 0.0
    """Rate at which an online machine goes down and comes up again after flap_down_s."""
    flap_down_s: Positive = 2.0
    """How long a flapping machine is away."""
    events_per_s: OptionalPositive = None
    """Poisson transitions of an organisation, each of a machine at random; excludes the per-hour rates."""

    @field_validator("events_per_s")
    @classmethod
    def _one_kind_of_churn(cls, events_per_s: float | None, info: ValidationInfo) -> float | None:
        rates = [key for key, value in info.data.items() if key.endswith("_per_hour") and value > 0]
        if events_per_s is not None and rates:
            refuse(f"it excludes {' and '.join(rates)}: give one or the other")
        return events_per_s


class DashboardOptions(Record):
    """How the page behaves (contract 1 and 2)."""

    page: Literal["dashboard", "health"] = "dashboard"
    """Which page is open: the dashboard debounces, the health page asks once per event."""
    debounce_ms: AtLeastZero = float(contract.DEBOUNCE_MS)
    """Trailing debounce: a refetch leaves when so long no event has come."""
    max_wait_ms: OptionalPositive = None
    """Longest that the debounce may hold an event back; "none" as in the product."""
    ping_interval_s: OptionalPositive = None
    """From one ping to the next; "none" as in the product, whose page never pings and is evicted."""
    poll_interval_s: Positive = float(contract.POLL_INTERVAL_S)
    """From one poll to the next while the socket is away."""
    reconnect_s: AtLeastZero = float(contract.RECONNECT_S)
    """From a close to the next attempt to connect."""
    reconnect_jitter_s: AtLeastZero = 0.0
    """Each such wait is longer by a uniform time of up to this."""
    retry_delays_s: Annotated[tuple[AtLeastZero, ...], Field(strict=False, max_length=10)] = tuple(
        float(delay) for delay in contract.RETRY_DELAYS_S
    )
    """Waits before each retry of a failed refetch; an empty list means no retry."""
    abort: bool = True
    """Whether an invalidation aborts the request under way, or only ignores its answer."""
    token_in: Literal["url", "subprotocol"] = "url"
    """Where the socket's token is sent."""
    subscribe: Literal["bare", "filtered"] = "bare"
    """The subscribe frame: bare, or with the row filter of the organisation."""
    leaves_per_hour: AtLeastZero = 0.0
    """Rate at which a user leaves the page, and so closes the socket."""
    away_s: Positive = 10.0
    """How long such a user is away."""


class Warmup(Record):
    """What comes before the measured window: every dashboard connects and subscribes."""

    connects_per_s: Positive = 500.0
    """Sockets opened per second, over all organisations."""
    timeout_s: Positive = 60.0
    """A dashboard that is not subscribed after so long makes the run invalid."""


class Drain(Record):
    """What comes after the measured window: no more writes, and everything under way may finish."""

    timeout_s: AtLeastZero = 15.0
    """The longest that the run waits for it."""


class LossRules(Record):
    """When a delivery counts as lost."""

    deadline_s: Positive = 5.0
    """A subscribed dashboard must have an acked transition's event after so long."""


class Probes(Record):
    """Requests and sockets that are only to see whether what must be refused is, and what must be granted is, too."""

    per_s: Annotated[float, Field(ge=0, le=1000)] = 5.0
    """How many are sent per second, all organisations together; 0 for none."""
    hold_s: Positive = 5.0
    """How long a socket with a filter for another organisation is kept open: it must bring none of its events."""


class Freshness(Record):
    """How soon a dashboard must show what it was told."""

    within_s: Positive = float(contract.POLL_INTERVAL_S)
    """A subscribed dashboard must show a change after so long; the product polls so often where no event reaches it."""


class GeneratorLimits(Record):
    """Limits beyond which the generator was the bottleneck, and the run is invalid.

    Half of the product's debounce window: what leaves or is looked at later than that can change which events one
    refetch stands for. A generator that is saturated is seconds late; a machine that was put aside for a moment is not.
    """

    max_lateness_ms: Positive = contract.DEBOUNCE_MS / 2
    """Largest p99 of the actual send time minus the due time."""
    max_hub_lag_ms: Positive = contract.DEBOUNCE_MS / 2
    """Largest p99 of the event loop's own delay."""
    max_cpu_share: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Largest share of its core that a worker may use."""


class TargetOptions(Record):
    """Options of the embedded target, the reference backend; another target ignores them."""

    cleanup_interval_s: Positive = float(contract.CLEANUP_INTERVAL_S)
    """From one run of the cleanup job to the next (contract 4)."""
    offline_after_s: Positive = float(contract.OFFLINE_AFTER_S)
    """Silence after which the cleanup job marks a machine offline (contract 4)."""
    evict_after_s: Positive = float(contract.EVICT_AFTER_S)
    """A socket that sent no ping for so long is closed (contract 1)."""
    evict_sweep_s: Positive = float(contract.EVICTION_SWEEP_S)
    """From one look for such sockets to the next (contract 1)."""
    evict: bool = True
    """Whether silent sockets are closed at all."""
    sockets_per_organisation: Annotated[int, Field(ge=1)] = contract.SOCKETS_PER_ORGANISATION
    """Most sockets of one organisation (contract 1)."""
    patch_announces: bool = True
    """Whether a PATCH of a machine announces an UPDATE (contract 1)."""
    patch_filter: Literal["both", "body"] = "both"
    """Where a PATCH's filter is read from: URL and body, or the body alone (contract 5)."""
    insert_announces: bool = False
    """Whether a registration announces an INSERT (contract 1)."""
    no_member: Literal["403", "4003"] = "403"
    """Refusal of another organisation's socket: before the upgrade, or a close code after it (contract 1)."""
    event_timestamp: bool = True
    """Whether event frames carry a timestamp (contract 1)."""
    page_size: Annotated[int, Field(ge=0, le=100)] = 0
    """Rows per page of the CRUD API; 0 gives all (contract 5)."""
    token_lifetime_s: Positive = float(contract.TOKEN_LIFETIME_S)
    """Lifetime of an access token (contract 6)."""
    rate_limits: bool = False
    """Whether log-in and registration are limited as in production (contract 4 and 6)."""


class Model(Record):
    """The network and the backend that the virtual executor models; a live run has real ones.

    The defaults are of the order of the embedded target's own on one machine.
    """

    delay_ms: AtLeastZero = 0.2
    """Median of a message's way through the network, one way."""
    delay_sigma: AtLeastZero = 0.5
    """Spread of it: standard deviation of its logarithm (log-normal); 0 for always the same."""
    loss: Share = 0.0
    """Share of messages whose packet is lost and sent again after resend_ms; all after it on its connection wait."""
    resend_ms: AtLeastZero = 200.0
    """How long a lost packet takes more: the least wait before TCP sends again on Linux."""
    cuts_per_hour: AtLeastZero = 0.0
    """Rate at which the network cuts a dashboard's socket."""
    beat_ms: AtLeastZero = 0.8
    """Work of the backend for a heartbeat; it does one thing after the other."""
    read_ms: AtLeastZero = 1.2
    """Work of the backend for an answer with an organisation's machines."""
    row_us: AtLeastZero = 5.0
    """The same for each machine in it."""


def _objective_of(value: object) -> Objective:
    if isinstance(value, Objective):
        return value
    if not isinstance(value, str):
        refuse("it must be a text such as event_to_refetch.p95_ms < 5000")
    try:
        return Objective.parse(value)
    except ValueError as error:
        refuse(str(error))


ObjectiveLine = Annotated[
    Objective, PlainValidator(_objective_of), PlainSerializer(str), WithJsonSchema({"type": "string"})
]


def _burst_fits(burst: Burst, info: ValidationInfo) -> Burst:
    duration_s = info.data.get("duration_s")
    if duration_s is not None and burst.at_s >= duration_s:
        refuse(f"it must be less than duration_s, {duration_s:g}", "at_s")
    return burst


def _stage_fits(stage: Stage, info: ValidationInfo) -> Stage:
    duration_s, fleet = info.data.get("duration_s"), info.data.get("fleet")
    problems = []
    if duration_s is not None and stage.at_s >= duration_s:
        problems.append(("at_s", f"it must be less than duration_s, {duration_s:g}"))
    if fleet is not None:
        allowed = f"it must be at most fleet.organisations, {fleet.organisations}"
        problems += [(key, allowed) for key, value in stage if key in COUNTS and value > fleet.organisations]
    if problems:
        refuse_all(problems)
    return stage


def _stages_follow(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    problems = [
        (f"{number}.at_s", f"it must be more than at_s of the stage before, {before.at_s:g}")
        for number, (before, stage) in enumerate(pairwise(stages), 1)
        if stage.at_s <= before.at_s
    ]
    if problems:
        refuse_all(problems)
    return stages


class Scenario(Record):
    """One question, and the fleet, the load and the rules that answer it."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    """Version of this file format."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    """Names the run and its folder: lower-case letters, digits, - and _."""
    question: str = ""
    """What a run of it answers, in one sentence."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    """All chance of the run derives from it."""
    duration_s: Annotated[float, Field(gt=0, le=LONGEST_S)]
    """Length of the measured window."""
    objectives: Annotated[tuple[ObjectiveLine, ...], Field(strict=False)] = ()
    """What the run is held against, each a line PATH OP NUMBER."""
    fleet: Fleet
    heartbeat: Heartbeat = Heartbeat()
    churn: Churn = Churn()
    bursts: Annotated[tuple[Annotated[Burst, AfterValidator(_burst_fits)], ...], Field(strict=False)] = ()
    """What happens to many machines or dashboards at about the same time."""
    stages: Annotated[
        tuple[Annotated[Stage, AfterValidator(_stage_fits)], ...], Field(strict=False), AfterValidator(_stages_follow)
    ] = ()
    """How many organisations are present when; without any, all are throughout."""
    dashboard: DashboardOptions = DashboardOptions()
    warmup: Warmup = Warmup()
    drain: Drain = Drain()
    loss: LossRules = LossRules()
    probes: Probes = Probes()
    freshness: Freshness = Freshness()
    generator: GeneratorLimits = GeneratorLimits()
    model: Model = Model()
    target: TargetOptions = TargetOptions()
