"""All checks' partial results of a run together: folded from histories, merged over workers, kept in the run folder."""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Final, TypeVar

import msgspec

from sim.checks import availability, blind, collapse, generator, latency, leakage, loss, protocol
from sim.checks.availability import Availability
from sim.checks.blind import Blind
from sim.checks.collapse import Collapse
from sim.checks.finding import Finding, Verdict
from sim.checks.generator import Generator
from sim.checks.latency import Latency
from sim.checks.leakage import Leakage
from sim.checks.loss import Loss
from sim.checks.over_time import added, per_bucket
from sim.checks.protocol import Protocol
from sim.history import History
from sim.stats import Histogram

_P = TypeVar("_P", bound=msgspec.Struct)


class LoadCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was driven and what came back, in numbers."""

    organisations: int = 0
    machines: int = 0
    dashboards: int = 0
    writes: int = 0
    writes_failed: int = 0
    transitions: int = 0
    unexplained_deliveries: int = 0
    writes_over_time: dict[int, int] = {}
    """Number of writes by time bucket."""


class Partials(msgspec.Struct, frozen=True, kw_only=True):
    """One partial result per check, and what every report needs besides."""

    window_ns: int
    bucket_ns: int
    load: LoadCounts = LoadCounts()
    schedule_digests: dict[int, bytes] = {}
    """SHA-256 of the schedule that each organisation was run with."""
    latency: Latency = Latency()
    collapse: Collapse = Collapse()
    leakage: Leakage = Leakage()
    loss: Loss = Loss()
    blind: Blind = Blind()
    availability: Availability = Availability()
    protocol: Protocol = Protocol()
    generator: Generator | None = None
    broken: dict[str, str] = {}
    """Checks that raised an exception, with its text: they are UNKNOWN."""


def observe(history: History, schedule_digest: bytes) -> Partials:
    """Fold one organisation's history into all checks. A check that raises is noted in `broken`, the others go on."""
    broken: dict[str, str] = {}
    frame = history.frame
    return Partials(
        window_ns=frame.window_ns,
        bucket_ns=frame.bucket_ns,
        load=_load(history),
        schedule_digests={frame.organisation: schedule_digest},
        latency=_guarded("latency", latency.observe, history, Latency(), broken),
        collapse=_guarded("collapse", collapse.observe, history, Collapse(), broken),
        leakage=_guarded("leakage", leakage.observe, history, Leakage(), broken),
        loss=_guarded("loss", loss.observe, history, Loss(), broken),
        blind=_guarded("blind", blind.observe, history, Blind(), broken),
        availability=_guarded("availability", availability.observe, history, Availability(), broken),
        protocol=_guarded("protocol", protocol.observe, history, Protocol(), broken),
        broken=broken,
    )


def merge(one: Partials, other: Partials) -> Partials:
    """Both together; associative and commutative."""
    return Partials(
        window_ns=one.window_ns,
        bucket_ns=one.bucket_ns,
        load=_merged_load(one.load, other.load),
        schedule_digests=one.schedule_digests | other.schedule_digests,
        latency=latency.merge(one.latency, other.latency),
        collapse=collapse.merge(one.collapse, other.collapse),
        leakage=leakage.merge(one.leakage, other.leakage),
        loss=loss.merge(one.loss, other.loss),
        blind=blind.merge(one.blind, other.blind),
        availability=availability.merge(one.availability, other.availability),
        protocol=protocol.merge(one.protocol, other.protocol),
        generator=_merged_generator(one.generator, other.generator),
        broken=_merged_broken(one.broken, other.broken),
    )


def merge_all(partials: Iterable[Partials], window_ns: int, bucket_ns: int) -> Partials:
    """Any number together."""
    return reduce(merge, partials, Partials(window_ns=window_ns, bucket_ns=bucket_ns))


def judge(partials: Partials) -> list[Finding]:
    """The findings of all checks, the generator's first: can the run be judged at all?"""
    return [
        _judged("generator", lambda: _generator_finding(partials.generator), partials.broken),
        _judged("latency", lambda: latency.conclude(partials.latency), partials.broken),
        _judged("collapse", lambda: collapse.conclude(partials.collapse), partials.broken),
        _judged("leakage", lambda: leakage.conclude(partials.leakage), partials.broken),
        _judged("loss", lambda: loss.conclude(partials.loss), partials.broken),
        _judged("blind", lambda: blind.conclude(partials.blind), partials.broken),
        _judged("availability", lambda: availability.conclude(partials.availability), partials.broken),
        _judged("protocol", lambda: protocol.conclude(partials.protocol), partials.broken),
    ]


def encode_partials(partials: Partials) -> bytes:
    """The partial results as JSON."""
    return msgspec.json.encode(partials, enc_hook=_histogram_to_fields)


def decode_partials(data: bytes) -> Partials:
    """The partial results of a worker's message or of a file.

    Raises `msgspec.DecodeError` for anything else.
    """
    return msgspec.json.decode(data, type=Partials, dec_hook=_histogram_from_fields)


class _HistogramFields(msgspec.Struct, frozen=True):
    """A histogram in JSON."""

    indexes: list[int]
    counts: list[int]
    total: int
    minimum: int | None
    maximum: int | None


_NO_GENERATOR: Final = "no worker reported on itself"


def _load(history: History) -> LoadCounts:
    frame, writes, deliveries = history.frame, history.writes, history.deliveries
    in_window = writes.where((writes.due_ns >= 0) & (writes.due_ns < frame.window_ns))
    own = deliveries.where((deliveries.owner == frame.organisation) & (deliveries.arrived_ns >= 0))
    return LoadCounts(
        organisations=1,
        machines=frame.machines,
        dashboards=frame.dashboards,
        writes=len(in_window),
        writes_failed=int((~in_window.acked()).sum()),
        transitions=int((in_window.transitions() & in_window.acked()).sum()),
        unexplained_deliveries=int((own.write < 0).sum()),
        writes_over_time=per_bucket(in_window.sent_ns, frame.bucket_ns),
    )


def _merged_load(one: LoadCounts, other: LoadCounts) -> LoadCounts:
    names = [name for name in one.__struct_fields__ if name != "writes_over_time"]
    sums = {name: getattr(one, name) + getattr(other, name) for name in names}
    return LoadCounts(**sums, writes_over_time=added(one.writes_over_time, other.writes_over_time))


def _merged_broken(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    """Of a check that broke twice one text is kept, whichever came first."""
    return {name: min(texts[name] for texts in (one, other) if name in texts) for name in one.keys() | other.keys()}


def _merged_generator(one: Generator | None, other: Generator | None) -> Generator | None:
    return generator.merge(one, other) if one and other else one or other


def _guarded(name: str, fold: Callable[[History], _P], history: History, empty: _P, broken: dict[str, str]) -> _P:
    try:
        return fold(history)
    except Exception as error:  # a defect of one check must not cost the run its other findings
        broken[name] = f"organisation {history.frame.organisation}: {type(error).__name__}: {error}"
        return empty


def _judged(name: str, conclude: Callable[[], Finding], broken: dict[str, str]) -> Finding:
    """A check that broke is UNKNOWN, unless it FAILED on what it saw besides: evidence stands."""
    try:
        finding = conclude()
    except Exception as error:
        return _unknown(name, f"the check broke: {type(error).__name__}: {error}")
    if name not in broken:
        return finding
    text = f"the check broke: {broken[name]}"
    if finding.verdict is Verdict.FAILED:
        return msgspec.structs.replace(finding, text=f"{finding.text}; {text}")
    return _unknown(name, text)


def _generator_finding(partial: Generator | None) -> Finding:
    return _unknown("generator", _NO_GENERATOR) if partial is None else generator.conclude(partial)


def _unknown(name: str, text: str) -> Finding:
    return Finding(name=name, verdict=Verdict.UNKNOWN, value=None, unit="", count=0, bound=None, text=text)


def _histogram_to_fields(value: object) -> object:
    if not isinstance(value, Histogram):
        raise NotImplementedError(f"{type(value).__name__} has no JSON form")
    indexes, counts = value.sparse()
    return _HistogramFields(indexes, counts, value.total, value.minimum, value.maximum)


def _histogram_from_fields(kind: type, value: object) -> object:
    if kind is not Histogram:
        raise NotImplementedError(f"{kind.__name__} has no JSON form")
    fields = msgspec.convert(value, _HistogramFields)
    return Histogram.from_sparse(fields.indexes, fields.counts, fields.total, fields.minimum, fields.maximum)
