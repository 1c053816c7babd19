"""The rows of the report's tables, as plain texts: page, terminal and Markdown show the same ones."""

import shlex
from dataclasses import dataclass
from typing import Final

from sim.report.quantities import counted, exact, measured, milliseconds, seconds, share
from sim.report.sentences import plain
from sim.results.summary import Distribution, FindingSummary, Metrics, Summary

NO_FIGURE: Final = "–"

_SEGMENTS: Final = {
    "event_to_refetch": ("event-to-refetch", "write sent → first answer shown: the sum of the next three"),
    "delivery": ("delivery", "write sent → event received"),
    "debounce": ("debounce", "event received → next refetch sent"),
    "refetch": ("refetch", "refetch sent → first answer shown, retries included"),
    "write": ("write", "write sent → answered"),
    "lateness": ("lateness", "due → sent: the generator's own error"),
    "event_to_refetch_from_due": ("event-to-refetch from due", "write due → first answer shown"),
    "write_from_due": ("write from due", "write due → answered"),
    "blocked": ("blocked", "time for which the generator could not send"),
    "handling": ("handling", "event arrived → handled: the generator's own delay"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure with its label, and a remark or an empty text."""

    label: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A distribution of times, each figure with its unit."""

    name: str
    meaning: str
    count: str
    mean: str
    p50: str
    p90: str
    p95: str
    p99: str
    p999: str
    max: str


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding; `witnesses` are pairs of "first", "worst" or "last" and a sentence."""

    verdict: str
    name: str
    value: str
    bound: str
    count: str
    text: str
    witnesses: tuple[tuple[str, str], ...]


def segment_rows(metrics: Metrics) -> tuple[SegmentRow, ...]:
    """A row per distribution, in the order of the record."""
    return tuple(_segment_row(name, getattr(metrics, name)) for name in metrics.__struct_fields__)


def _segment_row(name: str, times: Distribution) -> SegmentRow:
    label, meaning = _SEGMENTS.get(name, (name.replace("_", " "), ""))
    columns = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
    figures = {column: _or_dash(getattr(times, column)) for column in columns}
    return SegmentRow(label, meaning, f"{times.count:,}", **figures)


def _or_dash(value_ms: float | None) -> str:
    return NO_FIGURE if value_ms is None else milliseconds(value_ms)


def finding_rows(findings: list[FindingSummary]) -> tuple[FindingRow, ...]:
    """A row per finding, in the order of the summary."""
    return tuple(_finding_row(finding) for finding in findings)


def _finding_row(finding: FindingSummary) -> FindingRow:
    unit = plain(finding.unit)
    return FindingRow(
        verdict=plain(finding.verdict),
        name=plain(finding.name),
        value=NO_FIGURE if finding.value is None else measured(finding.value, unit),
        bound=NO_FIGURE if finding.bound is None else measured(finding.bound, unit),
        count=f"{finding.count:,}",
        text=plain(finding.text),
        witnesses=_witnesses(finding),
    )


def _witnesses(finding: FindingSummary) -> tuple[tuple[str, str], ...]:
    """Each witness once, under all the names that it has."""
    names_of: dict[str, list[str]] = {}
    for name, witness in (("first", finding.first), ("worst", finding.worst), ("last", finding.last)):
        if witness is not None:
            names_of.setdefault(plain(witness), []).append(name)
    return tuple((", ".join(names), witness) for witness, names in names_of.items())


def load_rows(summary: Summary) -> tuple[Row, ...]:
    """What was driven, and what became of it."""
    load, loss, blind = summary.load, summary.loss, summary.blind
    return (
        Row("organisations", exact(load.organisations)),
        Row("machines", exact(load.machines)),
        Row("dashboards", exact(load.dashboards)),
        Row("measured window", seconds(load.duration_s)),
        Row("writes", exact(load.writes), f"{load.writes_failed:,} failed"),
        Row("transitions", exact(load.transitions)),
        Row("deliveries", exact(load.deliveries), f"{load.unexplained_deliveries:,} that no write explains"),
        Row("refetches", exact(load.refetches), _refetch_remark(summary)),
        Row("lost deliveries", exact(loss.lost), f"of {loss.expected:,} expected"),
        Row("repeated deliveries", exact(loss.duplicates), _delivery_remark(summary)),
        Row("contradicted answers", exact(summary.convergence.contradicted), _convergence_remark(summary)),
        Row("probes that must be refused", exact(summary.refusals.tried), _refusals_remark(summary)),
        Row("blind time", share(blind.share), _blind_remark(summary)),
        Row("sockets", exact(blind.sockets), _socket_remark(summary)),
        Row("staleness", share(summary.staleness.share), _staleness_remark(summary)),
        Row("longest wait", milliseconds(summary.starvation.longest_wait_ms), _wait_remark(summary)),
    )


def _refetch_remark(summary: Summary) -> str:
    load = summary.load
    retries = counted(load.refetch_retries, "retry", "retries")
    return f"{load.refetches_cancelled:,} cancelled, {load.refetches_failed:,} failed, {retries}"


def _delivery_remark(summary: Summary) -> str:
    loss = summary.loss
    return f"{loss.out_of_order:,} out of order, {loss.echoes:,} that announced no change"


def _convergence_remark(summary: Summary) -> str:
    convergence = summary.convergence
    wrong = counted(convergence.diverged, "machine")
    return f"of {convergence.judged_answers:,} judged; {wrong} shown wrongly at the end"


def _refusals_remark(summary: Summary) -> str:
    refusals = summary.refusals
    controls = counted(refusals.controls, "control")
    return f"{refusals.granted:,} granted; of {controls}, {refusals.controls_refused:,} refused"


def _blind_remark(summary: Summary) -> str:
    blind = summary.blind
    return f"{counted(blind.evictions, 'eviction')}, {counted(blind.reconnects, 'reconnect')}"


def _socket_remark(summary: Summary) -> str:
    blind = summary.blind
    return (
        f"{blind.cut:,} cut, {blind.early_evictions:,} evicted too early, {blind.overdue_evictions:,} too late or never"
    )


def _staleness_remark(summary: Summary) -> str:
    staleness = summary.staleness
    remarks = []
    if staleness.dashboard_seconds is not None:
        remarks.append(f"{exact(staleness.dashboard_seconds)} dashboard-seconds")
    if staleness.worst_organisation is not None:
        remarks.append(f"the worst is organisation {staleness.worst_organisation} with {share(staleness.worst_share)}")
    return "; ".join(remarks)


def _wait_remark(summary: Summary) -> str:
    starvation = summary.starvation
    return f"of {counted(starvation.waits, 'wait')} for something new; {starvation.starved:,} too long"


def generator_rows(summary: Summary) -> tuple[Row, ...]:
    """Whether the generator was the bottleneck."""
    generator = summary.generator
    arrival = "the kernel's" if generator.kernel_timestamps else "the generator's"
    return (
        Row("was it the bottleneck?", "no" if generator.valid else "yes, or it cannot be ruled out"),
        Row("lateness, p99", milliseconds(generator.lateness_p99_ms)),
        Row("handling delay, p99", milliseconds(generator.handling_p99_ms)),
        Row("hub lag, p99", milliseconds(generator.hub_lag_p99_ms)),
        Row("CPU share of the generator", share(generator.cpu_share)),
        Row("CPU share of the target", share(generator.target_cpu_share)),
        Row("workers", exact(generator.workers), f"{generator.workers_lost:,} lost"),
        Row("errors", exact(generator.errors)),
        Row("arrival times", arrival, "the clock that says when an event came"),
    )


def run_rows(summary: Summary) -> tuple[Row, ...]:
    """What identifies the run, and so what reproduces it."""
    return (
        Row("scenario", plain(summary.scenario)),
        Row("seed", str(summary.seed)),
        Row("schedule hash", plain(summary.schedule_hash), "the same seed and scenario must give it again"),
        Row("executor", plain(summary.executor)),
        Row("target", plain(summary.target)),
        Row("started (UTC)", plain(summary.started_utc)),
        Row("summary schema", str(summary.schema)),
    )


def command(summary: Summary) -> str:
    """The shell command that repeats the run from its folder, whose `scenario.toml` holds every key."""
    words = ["ztna-sim", "run", "scenario.toml", "--seed", str(summary.seed)]
    if summary.executor != "live":
        words += ["--executor", plain(summary.executor)]
    if summary.target.startswith(("http://", "https://")):
        words += ["--target", plain(summary.target), "--credentials", "FILE"]
    return shlex.join(words)
