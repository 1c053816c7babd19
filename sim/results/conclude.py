"""From the checks' partial results to the summary: figures, findings, and the verdict of the run."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from sim.checks import Finding, Partials, Verdict, Witness, judge, of_all
from sim.checks import generator as generator_check
from sim.checks import objectives as objectives_check
from sim.checks.asked import as_asked, is_asked, is_asked_for
from sim.results.sections import Sections, sections_of
from sim.results.summary import FindingSummary, RunVerdict, Summary
from sim.scenario import OBJECTIVE_PATHS, Actors, Objective
from sim.schedule import combined_digest


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a summary says of the run that its partial results do not know."""

    scenario: str
    question: str
    seed: int
    started_utc: str
    executor: str
    target: str
    actors: Actors = "all"
    reason: str | None = None
    """Why the run is partial; None for a whole one."""
    target_cpu_share: float | None = None


def summarise(partials: Partials, facts: RunFacts, objectives: Sequence[Objective]) -> Summary:
    """The summary of a run. Pure: the same partial results give the same summary."""
    partials = as_asked(partials, facts.actors)
    sections = sections_of(partials, facts.target_cpu_share)
    asked = [finding for finding in judge(partials) if is_asked(finding.name, facts.actors)]
    wanted = [objective for objective in objectives if is_asked_for(objective.path, facts.actors)]
    found = asked + objectives_check.conclude(wanted, figures_by_path(sections))
    findings = [of_all(finding, partials) for finding in found]
    return Summary(
        scenario=facts.scenario,
        question=facts.question,
        seed=facts.seed,
        started_utc=facts.started_utc,
        schedule_hash=combined_digest(partials.schedule_digests),
        executor=facts.executor,
        target=facts.target,
        actors=facts.actors,
        verdict=run_verdict(findings, facts.reason),
        partial=facts.reason is not None,
        reason=facts.reason or _invalid_reason(partials),
        findings=[_finding(finding) for finding in findings],
        **msgspec.structs.asdict(sections),
    )


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
    "leakage.leaked_requests": "leakage.inspected_requests",
    "loss.lost": "loss.expected",
    "loss.duplicates": "loss.expected",
    "loss.out_of_order": "loss.expected",
    "loss.echoes": "loss.expected",
    "loss.unannounced": "loss.patches",
    "refusals.granted": "refusals.answered",
    "refusals.controls_refused": "refusals.controls",
    "convergence.contradicted": "convergence.judged_answers",
    "convergence.miscounted": "convergence.judged_answers",
    "convergence.diverged": "convergence.judged_dashboards",
    "convergence.unseen": "convergence.judged_dashboards",
    "starvation.starved": "starvation.waits",
    "starvation.starved_by_debounce": "starvation.waits",
    "starvation.starved_by_cancelling": "starvation.waits",
    "starvation.starved_otherwise": "starvation.waits",
    "starvation.longest_chain": "starvation.waits",
    "blind.never_subscribed": "load.dashboards",
    "blind.early_evictions": "blind.sockets",
    "blind.overdue_evictions": "blind.sockets",
    "blind.cut": "blind.sockets",
    "generator.errors": "generator.workers",
}
"""What each count is a count of: 0 out of nothing was not measured."""


def figures_by_path(summary: Summary | Sections) -> Mapping[str, float | None]:
    """Every figure that an objective may name, by its path; None for what was not measured."""
    return {path: _measured(summary, path) for path in OBJECTIVE_PATHS}


def _measured(summary: Summary | Sections, path: str) -> float | None:
    value = _figure(summary, path)
    if value == 0 and path in _RESTS_ON and not _figure(summary, _RESTS_ON[path]):
        return None
    return value


def _figure(summary: Summary | Sections, path: str) -> float | None:
    section, _, name = path.partition(".")
    if hasattr(summary.metrics, section):
        value = getattr(getattr(summary.metrics, section), name.removesuffix("_ms"))
    else:
        value = getattr(getattr(summary, section), name)
    return None if value is None else float(value)


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
