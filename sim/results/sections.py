"""The sections of the summary: each check's partial results as figures."""

import msgspec

from sim.checks import Partials
from sim.checks import blind as blind_check
from sim.checks import collapse as collapse_check
from sim.checks import generator as generator_check
from sim.checks import leakage as leakage_check
from sim.checks import refusals as refusals_check
from sim.checks import staleness as staleness_check
from sim.checks.starvation import StarvedBy
from sim.results.summary import (
    Blind,
    Collapse,
    Convergence,
    Distribution,
    Gap,
    Generator,
    Leakage,
    Load,
    Loss,
    Metrics,
    Refusals,
    Staleness,
    Starvation,
)
from sim.stats import Histogram, upper_bound


class Sections(msgspec.Struct, frozen=True, kw_only=True):
    """All sections that have figures of their own, as the summary names them."""

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


def sections_of(partials: Partials, target_cpu_share: float | None) -> Sections:
    """The figures of a run. Pure."""
    return Sections(
        load=_load(partials),
        metrics=_metrics(partials),
        collapse=_collapse(partials),
        leakage=_leakage(partials),
        loss=_loss(partials),
        refusals=_refusals(partials),
        convergence=_convergence(partials),
        staleness=_staleness(partials),
        starvation=_starvation(partials),
        blind=_blind(partials),
        generator=_generator(partials, target_cpu_share),
    )


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
        excess_refetches=partials.excess.excess,
        boundary_deliveries=partials.excess.boundary,
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
        leaked_requests=leakage.leaked_requests,
        inspected_requests=leakage.inspected_requests,
    )


def _loss(partials: Partials) -> Loss:
    loss, announcements = partials.loss, partials.announcements
    return Loss(
        lost=loss.lost,
        expected=loss.expected,
        duplicates=announcements.duplicates,
        out_of_order=partials.order.out_of_order,
        echoes=announcements.echoes,
        patches=announcements.patches,
        unannounced=announcements.unannounced,
    )


def _refusals(partials: Partials) -> Refusals:
    tried = refusals_check.outcomes(partials.refusals, refusals_check.MUST_BE_REFUSED)
    controls = refusals_check.outcomes(partials.refusals, refusals_check.CONTROLS)
    return Refusals(
        tried=tried.tried,
        answered=tried.answered,
        granted=tried.granted,
        controls=controls.tried,
        controls_refused=controls.refused,
    )


def _convergence(partials: Partials) -> Convergence:
    convergence = partials.convergence
    return Convergence(
        judged_answers=convergence.judged_answers,
        judged_dashboards=convergence.judged_dashboards,
        contradicted=convergence.contradicted,
        diverged=convergence.diverged,
        unseen=convergence.unseen,
        miscounted=convergence.miscounted,
    )


def _staleness(partials: Partials) -> Staleness:
    staleness = partials.staleness
    worst = staleness_check.worst_organisation(staleness)
    if worst is None or not staleness.was_compared:
        return Staleness(
            dashboard_seconds=None, share=None, longest_ms=None, overlong=None, worst_organisation=None,
            worst_share=None,
        )  # fmt: skip
    return Staleness(
        dashboard_seconds=staleness.stale_ns / 1e9,
        share=staleness_check.share(staleness.stale_ns, staleness.open_ns),
        longest_ms=staleness.longest_ns / 1e6,
        overlong=staleness.overlong,
        worst_organisation=worst[0],
        worst_share=worst[1],
    )


def _starvation(partials: Partials) -> Starvation:
    starvation = partials.starvation
    return Starvation(
        waits=starvation.waits,
        starved=sum(starvation.by_cause.values()),
        starved_by_debounce=starvation.by_cause.get(StarvedBy.DEBOUNCE, 0),
        starved_by_cancelling=starvation.by_cause.get(StarvedBy.CANCELLING, 0),
        starved_otherwise=starvation.by_cause.get(StarvedBy.SLOW_ANSWERS, 0),
        organisations=len(starvation.organisations),
        longest_wait_ms=starvation.longest_wait_ns / 1e6 if starvation.waits else None,
        longest_debounce_ms=starvation.longest_debounce_ns / 1e6 if starvation.waits else None,
        longest_chain=starvation.longest_chain,
    )


def _blind(partials: Partials) -> Blind:
    blind = partials.blind
    return Blind(
        share=blind_check.share(blind),
        evictions=blind.evictions,
        reconnects=blind_check.reconnects(blind),
        sockets=blind.sockets,
        never_subscribed=blind_check.never_subscribed(blind),
        cut=blind.cut,
        early_evictions=blind.early,
        overdue_evictions=blind.overdue,
    )


def _generator(partials: Partials, target_cpu_share: float | None) -> Generator:
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
            target_cpu_share=target_cpu_share,
        )
    return Generator(
        valid=not generator_check.reasons(generator),
        lateness_p99_ms=distribution(generator.lateness).p99,
        hub_lag_p99_ms=distribution(generator.hub_lag).p99,
        cpu_share=max(generator.cpu_shares, default=None),
        workers=generator.workers,
        workers_lost=len(generator.lost_workers),
        lost_organisations=list(generator.lost_organisations),
        gaps=[
            Gap(organisations=list(gap.organisations), from_s=gap.from_ns / 1e9, until_s=gap.until_ns / 1e9)
            for gap in generator.gaps
        ],
        errors=generator.error_count,
        handling_p99_ms=handling.p99,
        kernel_timestamps=generator.kernel_timestamps,
        target_cpu_share=target_cpu_share,
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
