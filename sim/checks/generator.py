"""Generator: was the load generator itself the bottleneck?

Its partial result comes from the workers' own instruments and not from a history: lateness of sends, hub lag, CPU share
and errors. FAILED means that the run is invalid: its figures describe the generator and not the target. Sees: a
generator that was too slow, broke, or lost a worker. Cannot see: a network between it and the target that is too slow.
"""

import msgspec

from sim.checks.finding import Finding, Verdict
from sim.stats import Histogram


class Limits(msgspec.Struct, frozen=True):
    """Beyond any of these the run is invalid (the scenario's `[generator]`)."""

    max_lateness_ms: float
    max_hub_lag_ms: float
    max_cpu_share: float


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
    )


def reasons(partial: Generator) -> tuple[str, ...]:
    """Why the generator cannot be trusted, worst first, each with what to do; empty if it can."""
    limits = partial.limits
    lateness_ms = _p99_ms(partial.lateness)
    lag_ms = _p99_ms(partial.hub_lag)
    cpu_share = max(partial.cpu_shares, default=0.0)
    found = []
    if partial.lost_workers:
        found.append(f"lost worker: {'; '.join(partial.lost_workers)}")
    if partial.error_count:
        found.append(f"{partial.error_count:,} errors inside the generator, one of them: {partial.errors[0]}")
    if lateness_ms is not None and lateness_ms > limits.max_lateness_ms:
        found.append(
            f"saturated: sends were {lateness_ms:,.0f} ms late at p99 (limit {limits.max_lateness_ms:g} ms);"
            " use more workers (--processes) or a smaller fleet"
        )
    if lag_ms is not None and lag_ms > limits.max_hub_lag_ms:
        found.append(
            f"saturated: the event loop was {lag_ms:,.0f} ms late at p99 (limit {limits.max_hub_lag_ms:g} ms);"
            " use more workers (--processes) or a smaller fleet"
        )
    if cpu_share > limits.max_cpu_share:
        found.append(
            f"saturated: a worker used {cpu_share:.0%} of its core (limit {limits.max_cpu_share:.0%});"
            " use more workers (--processes) or a smaller fleet"
        )
    return tuple(found)


def conclude(partial: Generator) -> Finding:
    """FAILED for each of `reasons`, UNKNOWN where it sent nothing."""
    lateness_ms = _p99_ms(partial.lateness)
    found = reasons(partial)
    if found:
        verdict, text = Verdict.FAILED, found[0]
    elif lateness_ms is None:
        verdict, text = Verdict.UNKNOWN, "the generator sent nothing in the window"
    else:
        verdict = Verdict.HELD
        text = (
            f"sends left {lateness_ms:.2f} ms late at p99, the busiest worker used"
            f" {max(partial.cpu_shares, default=0.0):.0%} of its core"
        )
    return Finding(
        name="generator",
        verdict=verdict,
        value=lateness_ms,
        unit="ms",
        count=partial.lateness.count,
        bound=partial.limits.max_lateness_ms,
        text=text,
    )


def _p99_ms(histogram: Histogram) -> float | None:
    value_ns = histogram.percentile(99)
    return None if value_ns is None else value_ns / 1e6
