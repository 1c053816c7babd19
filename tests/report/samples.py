"""Runs that look like real ones, with every verdict: seeded, so that they are the same every time."""

from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.results.figures import HISTOGRAM_NAMES, Figures, HistogramColumns
from sim.results.summary import (
    Blind,
    Collapse,
    Convergence,
    Distribution,
    FindingSummary,
    Generator,
    Leakage,
    Load,
    Loss,
    Metrics,
    Refusals,
    RunVerdict,
    Staleness,
    Starvation,
    Summary,
)
from sim.stats import Histogram, upper_bound

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WINDOW_S = 60
BUCKETS = 68


@dataclass(frozen=True, slots=True)
class Sample:
    """A run: what the report is made from."""

    summary: Summary
    figures: Figures


def held() -> Sample:
    """A good run of 60 s with 40 organisations."""
    histograms = _histograms(np.random.default_rng(1))
    figures = _figures(np.random.default_rng(2), histograms)
    return Sample(_summary(histograms, figures), figures)


def failed() -> Sample:
    """The same with three leaks in the middle and a broken objective."""
    good = held()
    leaks = good.figures.leaks_per_bucket.copy()
    leaks[[21, 40]] = (1, 2)
    figures = replace(good.figures, leaks_per_bucket=leaks)
    witness = "machine 17 of organisation 3 at 21.4 s reached dashboard 1 of organisation 9"
    leaked = FindingSummary(
        name="leakage", verdict="FAILED", value=3.0, unit="", count=812_345, bound=0.0, first=witness,
        worst=witness,
        last="machine 2 of organisation 8 at 40.9 s reached dashboard 0 of organisation 2",
        text="3 events reached dashboards of other organisations",
    )  # fmt: skip
    slow = _finding("objective: event_to_refetch.p95_ms < 500", "FAILED", 657.0, "ms", 12_345, 500.0,
                    "event_to_refetch.p95_ms is 657 ms, which is not < 500 ms")  # fmt: skip
    findings = [leaked if f.name == "leakage" else f for f in good.summary.findings] + [slow]
    leakage = msgspec.structs.replace(
        good.summary.leakage,
        leaks=3,
        leaked_events=2,
        upper_bound_95=upper_bound(3, good.summary.leakage.opportunities),
    )
    summary = msgspec.structs.replace(good.summary, verdict=RunVerdict.FAILED, leakage=leakage, findings=findings)
    return Sample(summary, figures)


def invalid() -> Sample:
    """A run whose generator was saturated and lost a worker."""
    good = held()
    late = good.figures.lateness_ms_p99_per_bucket * np.linspace(1, 900, BUCKETS)
    figures = replace(good.figures, lateness_ms_p99_per_bucket=late)
    finding = _finding("generator", "FAILED", 842.0, "ms", 12_345, 100.0, "lateness p99 is 842 ms, the limit 100 ms")
    findings = [finding if f.name == "generator" else f for f in good.summary.findings]
    generator = msgspec.structs.replace(
        good.summary.generator, valid=False, lateness_p99_ms=842.0, cpu_share=0.998, workers_lost=1, errors=12
    )
    summary = msgspec.structs.replace(
        good.summary, verdict=RunVerdict.INVALID, findings=findings, generator=generator,
        reason="the generator was saturated: lateness p99 842 ms, above the limit of 100 ms",
    )  # fmt: skip
    return Sample(summary, figures)


def partial() -> Sample:
    """A run that Ctrl-C ended, and that could not be judged."""
    good = held()
    figures = _cut(good.figures, 21)
    opportunities = int(figures.opportunities_per_bucket.sum())
    leakage = msgspec.structs.replace(
        good.summary.leakage, opportunities=opportunities, upper_bound_95=upper_bound(0, opportunities)
    )
    summary = msgspec.structs.replace(
        good.summary, verdict=RunVerdict.UNKNOWN, leakage=leakage, partial=True,
        reason="interrupted after 21 s of 60 s",
        findings=[
            msgspec.structs.replace(f, verdict="UNKNOWN", value=None, text="too few events")
            for f in good.summary.findings
        ],
    )  # fmt: skip
    return Sample(summary, figures)


def empty() -> Sample:
    """A run in which nothing happened at all."""
    nothing: Ints = np.zeros(0, np.int64)
    columns = HistogramColumns(nothing, nothing, nothing)
    figures = _cut(held().figures, 0)
    figures = replace(
        figures, histograms=dict.fromkeys(HISTOGRAM_NAMES, columns), organisation=nothing,
        organisation_dashboards=nothing, organisation_deliveries=nothing, organisation_refetches=nothing,
        organisation_events_per_s=np.zeros(0),
    )  # fmt: skip
    whole = held().summary
    summary = msgspec.structs.replace(
        whole,
        question="", verdict=RunVerdict.UNKNOWN, findings=[], reason="the target never answered",
        partial=True,
        load=msgspec.structs.replace(
            whole.load, writes=0, transitions=0, deliveries=0, refetches=0, refetches_cancelled=0,
            refetch_retries=0
        ),
        metrics=Metrics(**dict.fromkeys(HISTOGRAM_NAMES, Distribution())),
        collapse=Collapse(deliveries=0, refetches=0, ratio=None, excess_refetches=0, boundary_deliveries=0),
        leakage=Leakage(
            leaks=0, opportunities=0, upper_bound_95=None, leaked_events=0, announced_events=0, leaked_rows=0,
            leaked_counts=0, inspected_rows=0, inspected_answers=0, unknown_rows=0, unknown_events=0,
            leaked_requests=0, inspected_requests=0,
        ),
        loss=Loss(lost=0, expected=0, duplicates=0, out_of_order=0, echoes=0, patches=0, unannounced=0),
        refusals=Refusals(tried=0, answered=0, granted=0, controls=0, controls_refused=0),
        convergence=Convergence(
            judged_answers=0, judged_dashboards=0, contradicted=0, diverged=0, unseen=0, miscounted=0
        ),
        staleness=Staleness(
            dashboard_seconds=None, share=None, longest_ms=None, overlong=None, worst_organisation=None,
            worst_share=None,
        ),
        starvation=Starvation(
            waits=0, starved=0, starved_by_debounce=0, starved_by_cancelling=0, starved_otherwise=0, organisations=0,
            longest_wait_ms=None, longest_debounce_ms=None, longest_chain=0,
        ),
        blind=Blind(
            share=None, evictions=0, reconnects=0, sockets=0, never_subscribed=0, early_evictions=0,
            overdue_evictions=0, cut=0,
        ),
        generator=Generator(
            valid=True, lateness_p99_ms=None, hub_lag_p99_ms=None, cpu_share=None, workers=1, workers_lost=0,
            errors=0, handling_p99_ms=None, kernel_timestamps=False, target_cpu_share=None,
        ),
    )  # fmt: skip
    return Sample(summary, figures)


def one_bucket() -> Sample:
    """A run of a second: one bucket, one organisation, one of everything."""
    good = held()
    one: Ints = np.ones(1, np.int64)
    figures = replace(
        _cut(good.figures, 1), window_s=1.0, organisation=one, organisation_dashboards=one,
        organisation_deliveries=one, organisation_refetches=one, organisation_events_per_s=np.ones(1),
        histograms={name: HistogramColumns(one * 5, one * 5, one) for name in HISTOGRAM_NAMES},
    )  # fmt: skip
    return Sample(good.summary, figures)


def all_of_them() -> dict[str, Sample]:
    """Every sample by its name."""
    makers = (held, failed, invalid, partial, empty, one_bucket)
    return {maker.__name__: maker() for maker in makers}


def _histograms(chance: np.random.Generator) -> dict[str, Histogram]:
    events = 12_345
    delivery = np.exp(chance.normal(np.log(2.1), 0.5, events))
    debounce = 500 + chance.exponential(60, events) * (chance.random(events) < 0.6)
    refetch = np.exp(chance.normal(np.log(9), 0.6, events))
    lateness = np.exp(chance.normal(np.log(0.6), 0.7, events))
    write = np.exp(chance.normal(np.log(3.2), 0.5, events))
    handling = np.exp(chance.normal(np.log(0.2), 0.8, events))
    times_ms = {
        "event_to_refetch": delivery + debounce + refetch, "delivery": delivery, "debounce": debounce,
        "refetch": refetch, "write": write, "lateness": lateness,
        "event_to_refetch_from_due": delivery + debounce + refetch + lateness,
        "write_from_due": write + lateness,
        "blocked": lateness[:0], "handling": handling,
    }  # fmt: skip
    return {name: Histogram.of((values * 1e6).astype(np.int64)) for name, values in times_ms.items()}


def _figures(chance: np.random.Generator, histograms: dict[str, Histogram]) -> Figures:
    measured = np.arange(BUCKETS) < WINDOW_S
    writes = chance.poisson(90, BUCKETS) * measured
    shape = np.where(measured, 1.0, np.nan)
    p50 = (565 + chance.normal(0, 12, BUCKETS)) * shape
    dashboards = chance.integers(1, 9, 40)
    rate = chance.uniform(0.2, 5.2, 40)
    deliveries = (rate * dashboards * WINDOW_S).astype(np.int64)
    ratio = np.exp(rate * 0.5) * np.exp(chance.normal(0, 0.08, 40))
    return Figures(
        histograms={name: HistogramColumns(*histogram.columns()) for name, histogram in histograms.items()},
        bucket_s=1.0, window_s=float(WINDOW_S), writes_per_bucket=writes, announced_per_bucket=writes,
        deliveries_per_bucket=writes * 4, refetches_per_bucket=(writes * 4 / 3.1).astype(np.int64),
        sockets_per_bucket=np.where(np.arange(BUCKETS) % 30 < 28, 160, 148),
        opportunities_per_bucket=writes * 150,
        leaks_per_bucket=np.zeros(BUCKETS, np.int64), event_to_refetch_ms_p50_per_bucket=p50,
        event_to_refetch_ms_p95_per_bucket=p50 + 150 + chance.normal(0, 25, BUCKETS),
        event_to_refetch_ms_p99_per_bucket=p50 + 320 + chance.normal(0, 50, BUCKETS),
        lateness_ms_p99_per_bucket=np.exp(chance.normal(np.log(1.8), 0.3, BUCKETS)) * shape,
        handling_ms_p99_per_bucket=np.exp(chance.normal(np.log(0.9), 0.3, BUCKETS)),
        organisation=np.arange(40),
        organisation_dashboards=dashboards, organisation_deliveries=deliveries,
        organisation_refetches=np.maximum(1, deliveries / ratio).astype(np.int64),
        organisation_events_per_s=rate,
    )  # fmt: skip


def _cut(figures: Figures, buckets: int) -> Figures:
    columns = {name: getattr(figures, name)[:buckets] for name in figures.__slots__ if name.endswith("_per_bucket")}
    return replace(figures, **columns)


def _distribution(histogram: Histogram) -> Distribution:
    def ms(value: float | None) -> float | None:
        return None if value is None else value / 1e6

    return Distribution(
        count=histogram.count, mean=ms(histogram.mean), p50=ms(histogram.percentile(50)),
        p90=ms(histogram.percentile(90)), p95=ms(histogram.percentile(95)), p99=ms(histogram.percentile(99)),
        p999=ms(histogram.percentile(99.9)), max=ms(histogram.maximum),
    )  # fmt: skip


def _finding(
    name: str, verdict: str, value: float | None, unit: str, count: int, bound: float | None, text: str
) -> FindingSummary:
    return FindingSummary(
        name=name, verdict=verdict, value=value, unit=unit, count=count, bound=bound, text=text,
        first=None, worst=None, last=None,
    )  # fmt: skip


def _findings() -> list[FindingSummary]:
    worst = FindingSummary(
        name="latency", verdict="HELD", value=657.0, unit="ms", count=12_345, bound=None, first=None,
        worst="machine 4 of organisation 12, written at 33.218 s, shown after 0.985 s at dashboard 2",
        last=None,
        text="event-to-refetch p95 over 12,345 events",
    )  # fmt: skip
    return [
        worst,
        _finding("collapse", "HELD", 9_812 / 3_210, "deliveries per refetch", 3_210, None, "3.06 to 1"),
        _finding("leakage", "HELD", 0.0, "leaks", 812_345, 0.0, "nothing crossed from one organisation to another"),
        _finding("loss", "HELD", 0.0, "lost", 12_345, 0.0, "every dashboard got every event in time"),
        _finding("generator", "HELD", 4.1, "ms", 12_345, 100.0, "the generator kept its schedule"),
        _finding("blind", "UNKNOWN", None, "", 0, None, "no dashboard was evicted, so the share says nothing"),
        _finding("objective: event_to_refetch.p95_ms < 5000", "HELD", 657.0, "ms", 12_345, 5000.0, "657 ms < 5 s"),
    ]


def _summary(histograms: dict[str, Histogram], figures: Figures) -> Summary:
    opportunities = int(figures.opportunities_per_bucket.sum())
    return Summary(
        scenario="steady", question="Does a calm fleet of 40 organisations stay fresh?", seed=7,
        started_utc="2026-03-01T12:00:00Z", schedule_hash="5f0c" * 16, executor="live", target="embedded",
        verdict=RunVerdict.HELD, partial=False, reason=None,
        load=Load(
            organisations=40, machines=1000, dashboards=160, duration_s=float(WINDOW_S),
            writes=int(figures.writes_per_bucket.sum()), transitions=3_100, deliveries=9_812,
            unexplained_deliveries=0, refetches=3_330, refetches_cancelled=41, refetches_failed=0,
            refetch_retries=1, writes_failed=0,
        ),
        metrics=Metrics(**{name: _distribution(histogram) for name, histogram in histograms.items()}),
        collapse=Collapse(
            deliveries=9_812, refetches=3_210, ratio=9_812 / 3_210, excess_refetches=0, boundary_deliveries=3
        ),
        leakage=Leakage(
            leaks=0, opportunities=opportunities, upper_bound_95=upper_bound(0, opportunities),
            leaked_events=0,
            announced_events=3_100, leaked_rows=0, leaked_counts=0, inspected_rows=83_000,
            inspected_answers=3_330,
            unknown_rows=0, unknown_events=0, leaked_requests=0, inspected_requests=171,
        ),
        loss=Loss(lost=0, expected=9_812, duplicates=0, out_of_order=0, echoes=0, patches=31, unannounced=0),
        refusals=Refusals(tried=428, answered=428, granted=0, controls=172, controls_refused=0),
        convergence=Convergence(
            judged_answers=3_330, judged_dashboards=158, contradicted=0, diverged=0, unseen=2, miscounted=0
        ),
        staleness=Staleness(
            dashboard_seconds=2_110.4, share=0.2198, longest_ms=5_410.0, overlong=0, worst_organisation=17,
            worst_share=0.243,
        ),
        starvation=Starvation(
            waits=3_210, starved=0, starved_by_debounce=0, starved_by_cancelling=0, starved_otherwise=0,
            organisations=0, longest_wait_ms=4_210.0, longest_debounce_ms=4_190.0, longest_chain=2,
        ),
        blind=Blind(
            share=0.0421, evictions=160, reconnects=160, sockets=320, never_subscribed=0, early_evictions=0,
            overdue_evictions=0, cut=0,
        ),
        generator=Generator(
            valid=True, lateness_p99_ms=4.1, hub_lag_p99_ms=2.2, cpu_share=0.43, workers=2, workers_lost=0,
            errors=0,
            handling_p99_ms=1.2, kernel_timestamps=True, target_cpu_share=0.61,
        ),
        findings=_findings(),
    )  # fmt: skip
