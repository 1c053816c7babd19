"""Generator: was the load generator itself the bottleneck?

Its partial result comes from the workers' own instruments and not from a history: lateness of sends, hub lag, CPU share
and errors. FAILED means that the run is invalid: its figures describe the generator and not the target. Sees: a
generator that was too slow, broke, or lost a worker. Cannot see: a network between it and the target that is too slow.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from sim.checks.finding import Finding, Verdict
from sim.stats import Histogram

_NAMED: Final = 20
"""So many organisations are named in a sentence."""


class Limits(msgspec.Struct, frozen=True):
    """Beyond any of these the run is invalid (the scenario's `[generator]`)."""

    max_lateness_ms: float
    max_hub_lag_ms: float
    max_cpu_share: float


class Gap(msgspec.Struct, frozen=True, order=True):
    """A lost worker's organisations that another one took over, and what nobody measured of them meanwhile."""

    organisations: tuple[int, ...]
    from_ns: int
    """Run clock; so too the next."""
    until_ns: int


class Generator(msgspec.Struct, frozen=True, kw_only=True):
    """What the workers say of themselves."""

    limits: Limits
    lateness: Histogram = msgspec.field(default_factory=Histogram)
    """Nanoseconds from when a write was due and its agent free until it was sent."""
    hub_lag: Histogram = msgspec.field(default_factory=Histogram)
    """Nanoseconds by which the hub's own timer was late."""
    cpu_shares: tuple[float, ...] = ()
    """One per worker: CPU seconds per second of the window."""
    errors: tuple[str, ...] = ()
    """What went wrong inside the generator, the first few of each worker."""
    error_count: int = 0
    kernel_timestamps: bool = True
    workers: int = 0
    lost_workers: tuple[str, ...] = ()
    """A sentence about each."""
    lost_organisations: tuple[int, ...] = ()
    """Those that a lost worker had and nobody took over: their figures are not whole."""
    gaps: tuple[Gap, ...] = ()


def merge(one: Generator, other: Generator) -> Generator:
    """Both workers' instruments together; sorted, since results come in any order."""
    return Generator(
        limits=one.limits,
        lateness=one.lateness + other.lateness,
        hub_lag=one.hub_lag + other.hub_lag,
        cpu_shares=tuple(sorted(one.cpu_shares + other.cpu_shares)),
        errors=tuple(sorted(one.errors + other.errors)),
        error_count=one.error_count + other.error_count,
        kernel_timestamps=one.kernel_timestamps and other.kernel_timestamps,
        workers=one.workers + other.workers,
        lost_workers=tuple(sorted(one.lost_workers + other.lost_workers)),
        lost_organisations=tuple(sorted({*one.lost_organisations, *other.lost_organisations})),
        gaps=tuple(sorted(one.gaps + other.gaps)),
    )


def reasons(partial: Generator) -> tuple[str, ...]:
    """Why the generator cannot be trusted, worst first, each with what to do; empty if it can."""
    limits = partial.limits
    lateness_ms = _p99_ms(partial.lateness)
    lag_ms = _p99_ms(partial.hub_lag)
    cpu_share = max(partial.cpu_shares, default=0.0)
    found = []
    if partial.lost_organisations:
        lost = "; ".join(partial.lost_workers) or "they were others'"
        found.append(f"{named(partial.lost_organisations)} missing: {lost}")
    if partial.error_count:
        found.append(f"{partial.error_count:,} errors inside the generator, one of them: {partial.errors[0]}")
    found += saturation(limits, lateness_ms, lag_ms, cpu_share)
    return tuple(found)


def saturation(limits: Limits, lateness_ms: float | None, lag_ms: float | None, cpu_share: float) -> list[str]:
    """What is saturated, by how much, and what to do; of the whole window, or of a moment of it."""
    found = []
    if lateness_ms is not None and lateness_ms > limits.max_lateness_ms:
        found.append(f"sends were {lateness_ms:,.0f} ms late at p99 (limit {limits.max_lateness_ms:g} ms)")
    if lag_ms is not None and lag_ms > limits.max_hub_lag_ms:
        found.append(f"the event loop was {lag_ms:,.0f} ms late at p99 (limit {limits.max_hub_lag_ms:g} ms)")
    if cpu_share > limits.max_cpu_share:
        found.append(f"a worker used {cpu_share:.0%} of its core (limit {limits.max_cpu_share:.0%})")
    return [f"saturated: {what}; use more workers (--processes) or a smaller fleet" for what in found]


def conclude(partial: Generator) -> Finding:
    """FAILED for each of `reasons`, UNKNOWN where it did not look at itself."""
    lateness_ms = _p99_ms(partial.lateness)
    found = reasons(partial)
    if found:
        verdict, text = Verdict.FAILED, found[0]
    elif lateness_ms is None and not partial.hub_lag.count:
        verdict, text = Verdict.UNKNOWN, "the generator neither sent anything in the window nor looked at itself"
    else:
        sends = "no heartbeat was to be sent" if lateness_ms is None else f"sends left {lateness_ms:.2f} ms late at p99"
        share = max(partial.cpu_shares, default=0.0)
        verdict = Verdict.HELD
        text = f"{sends}, the busiest worker used {share:.0%} of its core{''.join(map(_stated, partial.gaps))}"
    return Finding(
        name="generator",
        verdict=verdict,
        value=lateness_ms,
        unit="ms",
        count=partial.lateness.count,
        bound=None if partial.lost_organisations else partial.limits.max_lateness_ms,  # then it is not about lateness
        text=text,
    )


def _stated(gap: Gap) -> str:
    seconds = f"from {gap.from_ns / 1e9:.1f} to {gap.until_ns / 1e9:.1f} s"
    return f"; {named(gap.organisations)} taken over, and not measured {seconds}"


def named(organisations: Sequence[int]) -> str:
    """Organisations in a sentence, by their numbers; of many the first ones."""
    if not organisations:
        return "no organisations"
    if len(organisations) == 1:
        return f"organisation {organisations[0]}"
    left = len(organisations) - _NAMED
    more = f" and {left:,} more" if left > 0 else ""
    return f"organisations {', '.join(map(str, organisations[:_NAMED]))}{more}"


def _p99_ms(histogram: Histogram) -> float | None:
    value_ns = histogram.percentile(99)
    return None if value_ns is None else value_ns / 1e6
