"""Convergence: does what dashboards show equal the ground truth of the writes, in each answer and at the end?

Sees: answers that *contradict* what was certain all the time from when they were asked for until they were shown
(lost writes, stale answers, changes announced before they were written, rows that are missing); dashboards that have
*diverged*: at the end of the run they show something else, though they ought not to (see `differences`) and neither a
refetch nor an event is under way; answers that were *miscounted*, whose counts do not fit their own rows. What a
dashboard missed while it was blind, and shows still, is *unseen* and no fault: nothing refetches on reconnect.
Cannot see: answers asked for while a write was under way or in doubt; machines that nothing certain is known of.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.differences import Pieces, Stretch, is_loose, join, pieces_of, records_of, stretches_of, told_until_ns
from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.pages import Answers, Page, pages
from sim.contract import StatusCode
from sim.history import NEVER_NS, History, Outcome, RunFrame, certainties

Ints = NDArray[np.int64]


class Convergence(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of answers, of dashboards, and of pairs of a dashboard and a machine."""

    judged_answers: int = 0
    """Answers that showed something that was certain, or otherwise than that."""
    judged_dashboards: int = 0
    """Dashboards that were open and calm at the end, and showed something that was certain, or otherwise than that."""
    contradicted: int = 0
    """Answers."""
    diverged: int = 0
    """Pairs of a dashboard and a machine."""
    unseen: int = 0
    """Pairs of a dashboard and a machine."""
    miscounted: int = 0
    """Answers."""
    loose: tuple[Stretch, ...] = ()
    """Differences that other parts of the run have more of; not counted yet."""
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Convergence:
    """One organisation's answers, and what its dashboards show at the end."""
    known, told_ns = certainties(history), told_until_ns(history)
    partial = _miscounted(history)
    for page in pages(history):
        pieces = pieces_of(page, known)
        partial = merge(partial, _of_answers(page, pieces, history.frame))
        partial = merge(partial, _of_end(page, pieces, history.frame, told_ns))
    return partial


def merge(one: Convergence, other: Convergence) -> Convergence:
    """Add up, and join the differences that both have some of."""
    whole, loose = join((*one.loose, *other.loose))
    merged = Convergence(
        judged_answers=one.judged_answers + other.judged_answers,
        judged_dashboards=one.judged_dashboards + other.judged_dashboards,
        contradicted=one.contradicted + other.contradicted,
        diverged=one.diverged + other.diverged,
        unseen=one.unseen + other.unseen,
        miscounted=one.miscounted + other.miscounted,
        loose=loose,
        witnesses=one.witnesses.merged(other.witnesses),
    )
    return _counted(merged, whole)


def conclude(partial: Convergence) -> Finding:
    """FAILED on one contradiction, divergence or miscount; UNKNOWN where no answer could be judged."""
    faults = partial.contradicted + partial.diverged + partial.miscounted
    if faults:
        verdict = Verdict.FAILED
        text = (
            f"of {partial.judged_answers:,} answers {partial.contradicted:,} contradicted the writes and"
            f" {partial.miscounted:,} their own rows; at the end {partial.diverged:,} machines were shown otherwise"
            f" than they were, on {partial.judged_dashboards:,} dashboards"
        )
    elif partial.judged_answers:
        verdict = Verdict.HELD
        text = (
            f"none of {partial.judged_answers:,} answers contradicted the writes, and the {partial.judged_dashboards:,}"
            " dashboards that could be judged at the end showed them"
        )
    else:
        verdict, text = Verdict.UNKNOWN, "no answer was shown that could be held against what is certain of the writes"
    if partial.unseen:
        text += f"; {partial.unseen:,} old statuses were shown at the end whose changes came while blind"
    return Finding(
        name="convergence",
        verdict=verdict,
        value=float(faults) if verdict is not Verdict.UNKNOWN else None,
        unit="faults",
        count=partial.judged_answers,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _miscounted(history: History) -> Convergence:
    wrong = history.answers.where(history.answers.miscount > 0)
    notable = wrong.where(_notable(wrong.at_ns, wrong.miscount))
    rows = zip(notable.at_ns.tolist(), notable.dashboard.tolist(), notable.miscount.tolist(), strict=True)
    number = history.frame.organisation
    return Convergence(
        miscounted=int(wrong.answers.sum()),
        witnesses=Witnesses.of(
            Witness(at_ns, number, dashboard, float(by), f"the counts of an answer were {by:,} off from its rows")
            for at_ns, dashboard, by in rows
        ),
    )


def _of_answers(page: Page, pieces: Pieces, frame: RunFrame) -> Convergence:
    """The answers of one page that could be judged, and those of them that contradict."""
    answers, differing = page.answers(), pieces.differing()
    judged = answers.counts(pieces.since_ns, pieces.from_ns, pieces.until_ns) > 0
    wrong = answers.counts(differing.since_ns, differing.from_ns, differing.until_ns)
    rows = np.flatnonzero(wrong)
    notable = rows[_notable(answers.shown_ns[rows], wrong[rows])]
    return Convergence(
        judged_answers=int(np.count_nonzero(judged)),
        contradicted=len(rows),
        witnesses=Witnesses.of(_contradiction(frame, page, answers, differing, row) for row in notable.tolist()),
    )


def _contradiction(frame: RunFrame, page: Page, answers: Answers, differing: Pieces, row: int) -> Witness:
    asked_ns, shown_ns = answers.asked_ns[row], answers.shown_ns[row]
    of = differing.where(
        (differing.since_ns <= asked_ns) & (differing.from_ns <= shown_ns) & (shown_ns < differing.until_ns)
    )
    shown, status = (StatusCode(int(column[0])).name.lower() for column in (of.shown, of.status))
    others = f", and {len(of) - 1:,} others wrongly" if len(of) > 1 else ""
    return Witness(
        at_ns=int(shown_ns),
        organisation=frame.organisation,
        dashboard=page.number,
        size=float(len(of)),
        text=(
            f"an answer asked for at {asked_ns / 1e9:.3f} s showed machine {of.machine[0]} {shown}, which was {status}"
            f" since {of.since_ns[0] / 1e9:.3f} s{others}"
        ),
    )


def _of_end(page: Page, pieces: Pieces, frame: RunFrame, told_ns: int) -> Convergence:
    """What one page shows at the end of the run; of a part that is not the last, what must be known there."""
    stretches = stretches_of(page, pieces.differing(), frame, told_ns)
    latest_ns = frame.ended_ns - frame.loss_deadline_ns
    is_judged = frame.is_last and _is_calm(page, frame.ended_ns)
    is_final = stretches.reaches_end & (stretches.since_ns <= latest_ns) & is_judged
    kept = np.flatnonzero(is_final | is_loose(stretches, frame))
    whole, loose = join(records_of(frame, page, stretches.where(kept), is_final[kept]))
    at_end = pieces.where((pieces.from_ns <= frame.ended_ns) & (pieces.until_ns > frame.ended_ns))
    compared = is_judged and bool(np.any(at_end.since_ns <= latest_ns))
    return _counted(Convergence(judged_dashboards=int(compared), loose=loose), whole)


def _is_calm(page: Page, ended_ns: int) -> bool:
    """Whether the page is open at the end, and neither a refetch nor a debounce is under way."""
    fetches, visits = page.fetches, page.visits
    is_open = np.any((visits.from_ns <= ended_ns) & (visits.until_ns >= ended_ns))
    is_fetching = np.any(fetches.outcome == Outcome.OPEN)
    last_event_ns = np.max(page.arrived_ns, initial=-NEVER_NS)
    answered_ns = max(int(np.max(fetches.asked_ns, initial=-NEVER_NS)), page.first_answer_ns)
    return bool(is_open and not is_fetching and last_event_ns <= answered_ns)


def _counted(partial: Convergence, whole: Sequence[Stretch]) -> Convergence:
    """With these differences, too: those that are shown for good count."""
    final = [each for each in whole if each.is_final]
    diverged = [each for each in final if each.ought]
    if not final:
        return partial
    return msgspec.structs.replace(
        partial,
        diverged=partial.diverged + len(diverged),
        unseen=partial.unseen + len(final) - len(diverged),
        witnesses=partial.witnesses.merged(Witnesses.of(map(_divergence, diverged))),
    )


def _divergence(stretch: Stretch) -> Witness:
    return Witness(
        at_ns=stretch.from_ns,
        organisation=stretch.organisation,
        dashboard=stretch.dashboard,
        size=1.0,
        text=f"from here to the end it showed machine {stretch.machine} otherwise than it was",
    )


def _notable(at_ns: Ints, size: Ints) -> Ints:
    """Rows among which are the first, the last and the worst witness."""
    if not len(at_ns):
        return np.empty(0, np.int64)
    worst_ns = at_ns[size == size.max()].max()
    return np.flatnonzero((at_ns == at_ns.min()) | (at_ns == at_ns.max()) | (at_ns == worst_ns))
