"""The rows of the tab's table: while a run goes on from its running figures, and afterwards from its summary."""

from typing import Final

import msgspec

from sim.live.figures.progress import Progress, SparseHistogram
from sim.results.sections import distribution
from sim.results.summary import Distribution, Summary

BLANK: Final = "\u00a0"
"""A cell without a figure is not empty: Locust's page then has a text in each cell, which our script can change."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table: a distribution of times in milliseconds, or one figure. Texts, as they are to be shown."""

    measure: str
    value: str = BLANK
    p50: str = BLANK
    p95: str = BLANK
    p99: str = BLANK
    max: str = BLANK
    count: str = BLANK


COLUMNS: Final = (
    ("measure", "Measure"), ("value", "Value"), ("p50", "Median (ms)"), ("p95", "95%ile (ms)"),
    ("p99", "99%ile (ms)"), ("max", "Max (ms)"), ("count", "# Measured"),
)  # fmt: skip
"""Keys of a row, and the titles of their columns, which are Locust's own where it has one."""

NOT_MEASURED: Final = "–"

_TIMES: Final = (
    ("Event to refetch", "event_to_refetch"),
    ("Event to refetch: delivery", "delivery"),
    ("Event to refetch: debounce", "debounce"),
    ("Event to refetch: refetch", "refetch"),
    ("Heartbeat", "write"),
    ("Generator: lateness", "lateness"),
)


def live_rows(progress: Progress) -> list[Row]:
    """The table of a run that goes on."""
    ratio = progress.collapsed / progress.caused if progress.caused else None
    return [
        *(_of_histogram(name, getattr(progress, key)) for name, key in _TIMES),
        _figure("Debounce collapse ratio", ratio, progress.caused),
        _figure("Cross-org leaks", progress.leaks),
        _figure("Deliveries overdue", progress.overdue, progress.deliveries),
        _figure("Sockets subscribed", progress.subscribed),
        _figure("Generator: busiest core (%)", 100 * progress.cpu_share),
        _figure("Generator: event loop late (ms)", progress.lag_ms),
        _figure("Generator: errors", progress.errors),
    ]


def final_rows(summary: Summary) -> list[Row]:
    """The table of a run that is over: the summary's own figures."""
    generator, collapse, loss = summary.generator, summary.collapse, summary.loss
    return [
        *(_of_distribution(name, getattr(summary.metrics, key)) for name, key in _TIMES),
        _figure("Debounce collapse ratio", collapse.ratio, collapse.refetches),
        _figure("Cross-org leaks", summary.leakage.leaks, summary.leakage.opportunities),
        _figure("Deliveries lost", loss.lost, loss.expected),
        _figure("Blind share (%)", None if summary.blind.share is None else 100 * summary.blind.share),
        _figure("Generator: busiest core (%)", None if generator.cpu_share is None else 100 * generator.cpu_share),
        _figure("Generator: event loop late, p99 (ms)", generator.hub_lag_p99_ms),
        _figure("Generator: errors", generator.errors),
    ]


def _of_histogram(name: str, sparse: SparseHistogram) -> Row:
    return _of_distribution(name, distribution(sparse.restored()))


def _of_distribution(name: str, times: Distribution) -> Row:
    return Row(
        measure=name,
        p50=shown(times.p50),
        p95=shown(times.p95),
        p99=shown(times.p99),
        max=shown(times.max),
        count=shown(times.count),
    )


def _figure(name: str, value: float | None, count: int | None = None) -> Row:
    return Row(measure=name, value=shown(value), count=BLANK if count is None else shown(count))


def shown(value: float | None) -> str:
    """A figure as text: whole numbers as they are, others to two decimals as in Locust's tables."""
    if value is None:
        return NOT_MEASURED
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
