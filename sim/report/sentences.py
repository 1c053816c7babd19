"""What a run found, in sentences: the verdict and the three answers, for every form of the report.

They must be true for every verdict, for counts of 0 and 1, and where something was not measured.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

from sim.report.quantities import at_most, counted, exact, milliseconds, number, share
from sim.results.summary import Collapse, FindingSummary, Leakage, Metrics, RunVerdict, Staleness, Summary

NO_ANSWER: Final = "no answer"

_MEANING_OF: Final = {
    RunVerdict.HELD: "The run could be judged, and nothing that was asked of it failed.",
    RunVerdict.FAILED: "At least one check or objective failed.",
    RunVerdict.UNKNOWN: "The run could not be judged.",
    RunVerdict.INVALID: "The measurement itself went wrong: what it found is no statement about the target.",
}
_ENDED_EARLY: Final = "The run could not be judged as a whole; nothing failed in what there is of it."
_WORST_FIRST: Final = ("failed", "unknown", "held")
PARTIAL_MEANING: Final = "Something is missing: the figures are of the part of the run that was measured."


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that every run answers: a figure with its caption, and the whole sentence."""

    question: str
    figure: str
    caption: str
    sentence: str


def plain(text: str) -> str:
    """A text of the summary in one line that no terminal, XML or Markdown reader stumbles over.

    White space is collapsed; control characters, lone surrogates and non-characters become U+FFFD.
    """
    return " ".join("".join(_harmless(character) for character in text).split())


def _harmless(character: str) -> str:
    if character.isspace():
        return " "
    # Cf holds the overrides that reorder what is read, Cn the non-characters that XML forbids.
    return "\ufffd" if unicodedata.category(character) in {"Cc", "Cs", "Cn", "Cf"} else character


def verdict_word(summary: Summary) -> str:
    """HELD, FAILED, UNKNOWN or INVALID, with ", PARTIAL" behind it where the run is."""
    return summary.verdict.upper() + (", PARTIAL" if summary.partial else "")


def verdict_sentence(summary: Summary) -> str:
    """What the verdict means, and how many findings stand behind it."""
    all_held = {finding.verdict for finding in summary.findings} == {"HELD"}
    ended_early = summary.partial and summary.verdict is RunVerdict.UNKNOWN and all_held
    meaning = _ENDED_EARLY if ended_early else _MEANING_OF[summary.verdict]
    return f"{meaning} {findings_sentence(summary.findings)}"


def findings_sentence(findings: list[FindingSummary]) -> str:
    """The number of findings by verdict, such as "7 findings: 1 failed, 6 held."."""
    if not findings:
        return "There are no findings."
    of = Counter(plain(finding.verdict).lower() for finding in findings)
    order = [verdict for verdict in _WORST_FIRST if verdict in of]
    order += sorted(of.keys() - set(_WORST_FIRST))
    return f"{counted(len(findings), 'finding')}: {', '.join(f'{of[verdict]} {verdict}' for verdict in order)}."


def caveat(summary: Summary) -> str | None:
    """What must be read before the answers of this run; None where they stand for themselves."""
    if summary.verdict is not RunVerdict.INVALID:
        return _gaps(summary)
    return "The run is invalid: the answers below say what was measured, not how the target behaves."


def _gaps(summary: Summary) -> str | None:
    organisations = {number for gap in summary.generator.gaps for number in gap.organisations}
    if not organisations:
        return None
    longest_s = max(gap.until_s - gap.from_s for gap in summary.generator.gaps)
    return (
        f"A worker was lost: {counted(len(organisations), 'organisation')} went on elsewhere and are not measured"
        f" for {longest_s:.1f} s."
    )


def answers(summary: Summary) -> tuple[Answer, Answer, Answer]:
    """The three answers: freshness, what the debounce saves and costs, and leakage."""
    return (
        _freshness(summary.metrics, summary.staleness),
        _collapse(summary.collapse, summary.metrics.debounce.mean),
        _leakage(summary.leakage),
    )


def _freshness(metrics: Metrics, staleness: Staleness) -> Answer:
    question = "How fresh is the dashboard?"
    whole = metrics.event_to_refetch
    if whole.count == 0 or whole.p50 is None:
        nothing = "No event was followed to the refetch that shows it, so there is no answer."
        return Answer(question, NO_ANSWER, "nothing was measured", f"{nothing} {_outdated(staleness)}".rstrip())
    sentence = f"A change is on the screen after {milliseconds(whole.p50)} in the median"
    if whole.p95 is not None:
        sentence += f" and {milliseconds(whole.p95)} at p95"
    sentence += f" ({counted(whole.count, 'event')})."
    sentences = (sentence, _parts(metrics), _outdated(staleness))
    return Answer(question, milliseconds(whole.p50), "in the median", " ".join(filter(None, sentences)))


def _parts(metrics: Metrics) -> str:
    whole, delivery, debounce, refetch = (
        part.mean for part in (metrics.event_to_refetch, metrics.delivery, metrics.debounce, metrics.refetch)
    )
    if whole is None or delivery is None or debounce is None or refetch is None:
        return ""
    return (
        f"Of {milliseconds(whole)} on average, the delivery took {milliseconds(delivery)}, "
        f"the debounce {milliseconds(debounce)} and the refetch {milliseconds(refetch)}."
    )


def _outdated(staleness: Staleness) -> str:
    if staleness.share is None:
        return ""
    sentence = f"Dashboards showed something outdated {share(staleness.share)} of the time"
    if staleness.longest_ms is None:
        return f"{sentence}."
    return f"{sentence}, {milliseconds(staleness.longest_ms)} at most at a stretch."


def _collapse(collapse: Collapse, wait_ms: float | None) -> Answer:
    question = "What does the debounce save, and what does it cost?"
    deliveries = counted(collapse.deliveries, "delivery", "deliveries")
    if collapse.deliveries == 0:
        nothing = "There were no deliveries, so there was nothing to collapse."
        return Answer(question, NO_ANSWER, "no deliveries", f"{nothing} {_excess(collapse)}".rstrip())
    if collapse.refetches == 0 or collapse.ratio is None:
        nothing = f"{deliveries} caused no refetch."
        return Answer(question, NO_ANSWER, "no refetches", f"{nothing} {_excess(collapse)}".rstrip())
    ratio = number(collapse.ratio)
    refetches = counted(collapse.refetches, "refetch", "refetches")
    sentence = f"The debounce turned {deliveries} into {refetches} ({ratio} to 1)"
    if wait_ms is not None:
        sentence += f" and held each event back by {milliseconds(wait_ms)} on average"
    caption = "deliveries per refetch"
    return Answer(question, f"{ratio} to 1", caption, f"{sentence}. {_excess(collapse)}".rstrip())


def _excess(collapse: Collapse) -> str:
    if collapse.excess_refetches == 0:
        return ""
    verb = "is" if collapse.excess_refetches == 1 else "are"
    excess = counted(collapse.excess_refetches, "refetch", "refetches")
    return f"{excess} {verb} not explained by the debounce rule."


def _leakage(leakage: Leakage) -> Answer:
    question = "Does anything cross from one organisation to another?"
    sentences = (f"{leaks_sentence(leakage)}.", _answers_inspected(leakage), _requests_inspected(leakage))
    sentence = " ".join(filter(None, sentences))
    others = leakage.leaked_rows + leakage.leaked_counts + leakage.leaked_requests
    if leakage.leaks == 0 and others:
        figure = counted(others, "row, count or request", "rows, counts or requests")
        return Answer(question, figure, "of other organisations", sentence)
    if not (leakage.leaks or leakage.opportunities or leakage.inspected_answers or leakage.inspected_requests):
        return Answer(question, NO_ANSWER, "no opportunities", sentence)
    caption = f"in {counted(leakage.opportunities, 'opportunity', 'opportunities')}"
    return Answer(question, counted(leakage.leaks, "leak"), caption, sentence)


def leaks_sentence(leakage: Leakage) -> str:
    """Leaks, opportunities and the bound, without a full stop."""
    leaks = counted(leakage.leaks, "leak")
    if leakage.opportunities == 0:
        return f"{leaks}, but no opportunities: no event was announced while another organisation listened"
    sentence = f"{leaks} in {counted(leakage.opportunities, 'opportunity', 'opportunities')}"
    if leakage.upper_bound_95 is None:
        return sentence
    return f"{sentence}: with 95 % confidence {at_most(leakage.upper_bound_95)}"


def _answers_inspected(leakage: Leakage) -> str:
    if leakage.inspected_answers == 0 and leakage.leaked_rows + leakage.leaked_counts == 0:
        return ""
    inspected = counted(leakage.inspected_answers, "inspected answer")
    return (
        f"Of {counted(leakage.inspected_rows, 'row')} in {inspected}, {exact(leakage.leaked_rows)} "
        f"belonged to another organisation; {counted(leakage.leaked_counts, 'count')} included machines "
        "of another organisation."
    )


def _requests_inspected(leakage: Leakage) -> str:
    if leakage.inspected_requests == 0:
        return ""
    verb = "was" if leakage.leaked_requests == 1 else "were"
    requests = counted(leakage.inspected_requests, "request")
    return f"Of {requests} for another organisation, {exact(leakage.leaked_requests)} {verb} granted."
