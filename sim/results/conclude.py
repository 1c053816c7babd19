"""From the checks' partial results to the summary: figures, findings, and the verdict of the run."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from sim.checks import Finding, Partials, Verdict, Witness, judge
from sim.checks import blind as blind_check
from sim.checks import collapse as collapse_check
from sim.checks import generator as generator_check
from sim.checks import leakage as leakage_check
from sim.checks import objectives as objectives_check
from sim.results.summary import (
    Blind,
    Collapse,
    Distribution,
    FindingSummary,
    Generator,
    Leakage,
    Load,
    Loss,
    Metrics,
    RunVerdict,
    Staleness,
    Summary,
)
from sim.scenario import OBJECTIVE_PATHS, Objective
from sim.schedule import combined_digest
from sim.stats import Histogram, upper_bound


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a summary says of the run that its partial results do not know."""

    scenario: str
    question: str
    seed: int
    started_utc: str
    executor: str
    target: str
    reason: str | None = None
    """Why the run is partial; None for a whole one."""
    target_cpu_share: float | None = None


def summarise(partials: Partials, facts: RunFacts, objectives: Sequence[Objective]) -> Summary:
    """The summary of a run. Pure: the same partial results give the same summary."""
    sections = _Sections(
        metrics=_metrics(partials),
        collapse=_collapse(partials),
        leakage=_leakage(partials),
        loss=_loss(partials),
        blind=_blind(partials),
        generator=_generator(partials, facts),
    )
    findings = judge(partials) + objectives_check.conclude(objectives, figures_by_path(sections))
    return Summary(
        scenario=facts.scenario,
        question=facts.question,
        seed=facts.seed,
        started_utc=facts.started_utc,
        schedule_hash=combined_digest(partials.schedule_digests),
        executor=facts.executor,
        target=facts.target,
        verdict=run_verdict(findings, facts.reason),
        partial=facts.reason is not None,
        reason=facts.reason or _invalid_reason(partials),
        load=_load(partials),
        staleness=Staleness(),
        findings=[_finding(finding) for finding in findings],
        **msgspec.structs.asdict(sections),
    )


class _Sections(msgspec.Struct, frozen=True, kw_only=True):
    metrics: Metrics
    collapse: Collapse
    leakage: Leakage
    loss: Loss
    blind: Blind
    generator: Generator


def run_verdict(findings: Sequence[Finding], partial_reason: str | None) -> RunVerdict:
    """INVALID before all else; UNKNOWN for a partial run, whose findings stand by themselves; then FAILED, UNKNOWN."""
    verdicts = {finding.name: finding.verdict for finding in findings}
    if verdicts.get("generator") is Verdict.FAILED:
        return RunVerdict.INVALID
    if partial_reason is not None:
        return RunVerdict.UNKNOWN
    if Verdict.FAILED in verdicts.values():
        return RunVerdict.FAILED
    if Verdict.UNKNOWN in verdicts.values():
        return RunVerdict.UNKNOWN
    return RunVerdict.HELD


_RESTS_ON: Final = {
    "collapse.excess_refetches": "collapse.refetches",
    "leakage.leaks": "leakage.opportunities",
    "leakage.leaked_events": "leakage.opportunities",
    "leakage.leaked_rows": "leakage.inspected_rows",
    "leakage.leaked_counts": "leakage.inspected_answers",
    "loss.lost": "loss.expected",
    "loss.duplicates": "loss.expected",
    "loss.out_of_order": "loss.expected",
    "generator.errors": "generator.workers",
}
"""What each count is a count of: 0 out of nothing was not measured."""


def figures_by_path(summary: Summary | _Sections) -> Mapping[str, float | None]:
    """Every figure that an objective may name, by its path; None for what was not measured."""
    return {path: _measured(summary, path) for path in OBJECTIVE_PATHS}


def _measured(summary: Summary | _Sections, path: str) -> float | None:
    value = _figure(summary, path)
    if value == 0 and path in _RESTS_ON and not _figure(summary, _RESTS_ON[path]):
        return None
    return value


def _figure(summary: Summary | _Sections, path: str) -> float | None:
    section, _, name = path.partition(".")
    if hasattr(summary.metrics, section):
        value = getattr(getattr(summary.metrics, section), name.removesuffix("_ms"))
    else:
        value = getattr(getattr(summary, section), name)
    return None if value is None else float(value)


def distribution(histogram: Histogram) -> Distribution:
    """A histogram of nanoseconds as the figures of the summary."""

    mean_ns, maximum_ns = histogram.mean, histogram.maximum

    def ms(q: float) -> float | None:
        value_ns = histogram.percentile(q)
        if value_ns is None or maximum_ns is None:
            return None
        return min(value_ns, maximum_ns) / 1e6  # a bucket's highest value may be beyond the exact maximum

    return Distribution(
        count=histogram.count,
        mean=None if mean_ns is None else mean_ns / 1e6,
        p50=ms(50),
        p90=ms(90),
        p95=ms(95),
        p99=ms(99),
        p999=ms(99.9),
        max=None if maximum_ns is None else maximum_ns / 1e6,
    )


def _metrics(partials: Partials) -> Metrics:
    histograms, empty = partials.latency.histograms, Histogram()
    return Metrics(**{name: distribution(histograms.get(name, empty)) for name in Metrics.__struct_fields__})


def _collapse(partials: Partials) -> Collapse:
    collapse = partials.collapse
    return Collapse(
        deliveries=collapse.deliveries,
        refetches=collapse.refetches,
        ratio=collapse_check.ratio(collapse),
        excess_refetches=collapse.excess_refetches,
    )


def _leakage(partials: Partials) -> Leakage:
    leakage = partials.leakage
    opportunities = sum(leakage_check.opportunities_over_time(leakage).values())
    return Leakage(
        leaks=leakage.leaks,
        opportunities=opportunities,
        upper_bound_95=upper_bound(min(leakage.leaks, opportunities), opportunities),
        leaked_events=len(leakage.leaked_events),
        announced_events=sum(leakage.announced.values()),
        leaked_rows=leakage.leaked_rows,
        leaked_counts=leakage.leaked_counts,
        inspected_rows=leakage.inspected_rows,
        inspected_answers=leakage.inspected_answers,
        unknown_rows=leakage.unknown_rows,
        unknown_events=leakage.unknown_events,
    )


def _loss(partials: Partials) -> Loss:
    loss = partials.loss
    return Loss(lost=loss.lost, expected=loss.expected, duplicates=loss.duplicates, out_of_order=loss.out_of_order)


def _blind(partials: Partials) -> Blind:
    blind = partials.blind
    return Blind(share=blind_check.share(blind), evictions=blind.evictions, reconnects=blind.reconnects)


def _generator(partials: Partials, facts: RunFacts) -> Generator:
    generator = partials.generator
    handling = distribution(partials.latency.histograms.get("handling", Histogram()))
    if generator is None:
        return Generator(
            valid=False,
            lateness_p99_ms=None,
            hub_lag_p99_ms=None,
            cpu_share=None,
            workers=0,
            workers_lost=0,
            errors=0,
            handling_p99_ms=handling.p99,
            kernel_timestamps=False,
            target_cpu_share=facts.target_cpu_share,
        )
    return Generator(
        valid=not generator_check.reasons(generator),
        lateness_p99_ms=distribution(generator.lateness).p99,
        hub_lag_p99_ms=distribution(generator.hub_lag).p99,
        cpu_share=max(generator.cpu_shares, default=None),
        workers=generator.workers,
        workers_lost=len(generator.lost_workers),
        errors=generator.error_count,
        handling_p99_ms=handling.p99,
        kernel_timestamps=generator.kernel_timestamps,
        target_cpu_share=facts.target_cpu_share,
    )


def _load(partials: Partials) -> Load:
    load, collapse = partials.load, partials.collapse
    return Load(
        organisations=load.organisations,
        machines=load.machines,
        dashboards=load.dashboards,
        duration_s=partials.window_ns / 1e9,
        writes=load.writes,
        transitions=load.transitions,
        deliveries=collapse.deliveries,
        unexplained_deliveries=load.unexplained_deliveries,
        refetches=collapse.all_refetches,
        refetches_cancelled=collapse.cancelled,
        refetches_failed=collapse.failed,
        refetch_retries=collapse.retries,
        writes_failed=load.writes_failed,
    )


def _invalid_reason(partials: Partials) -> str | None:
    found = generator_check.reasons(partials.generator) if partials.generator else ()
    return "; ".join(found) or None


def _finding(finding: Finding) -> FindingSummary:
    def text(witness: Witness | None) -> str | None:
        return None if witness is None else str(witness)

    return FindingSummary(
        name=finding.name,
        verdict=finding.verdict.value,
        value=finding.value,
        unit=finding.unit,
        count=finding.count,
        bound=finding.bound,
        first=text(finding.witnesses.first),
        worst=text(finding.witnesses.worst),
        last=text(finding.witnesses.last),
        text=finding.text,
    )
