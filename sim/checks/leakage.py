"""Leakage: does an event, a row or a count of one organisation reach a client of another, or a request for it?

Sees: every frame and every answer that a dashboard or a probe received, at any time of the run, held against the owner
of each machine id. A machine id of nobody we know is counted apart as *unknown*: a deployment has rows of its own. A
count is leaked where an answer counts more machines than it shows rows, a request where a probe for another
organisation was granted; a filter for another organisation may be, and what it brings counts. Cannot see: leaks to
clients that are not ours.

An opportunity is one announced event of one organisation x one dashboard of another that was subscribed then. Both are
counted per bucket of BUCKET_NS (dashboards: those subscribed throughout it), so that the counts of workers, and of the
parts of a run, which are cut at multiples of it, add up, and the figure is never too large.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.over_time import Counts
from sim.history import (
    NEVER_NS,
    PART_GRID_NS,
    UNEXPLAINED,
    UNKNOWN_OWNER,
    Answers,
    Deliveries,
    History,
    ProbeOutcome,
    Probes,
    WriteKind,
)
from sim.schedule import ProbeKind
from sim.stats import upper_bound

Ints = NDArray[np.int64]

BUCKET_NS: Final = PART_GRID_NS
"""Fine against the seconds that sockets live, coarse against the clocks of workers that are started together."""

_REQUESTS: Final = [kind for kind in ProbeKind if kind.is_foreign and kind is not ProbeKind.FOREIGN_FILTER]


class Leakage(msgspec.Struct, frozen=True, kw_only=True):
    """Leaks and opportunities. Counts over time are per BUCKET_NS."""

    leaks: int = 0
    leaked_events: set[tuple[int, int, int, int]] = set()
    """(owner, machine, status, last_seen_ms) of each event that leaked: one event may leak to many dashboards."""
    leaked_rows: int = 0
    leaked_counts: int = 0
    leaked_requests: int = 0
    """Probes for another organisation that were granted."""
    inspected_requests: int = 0
    """Probes for another organisation that were answered."""
    inspected_rows: int = 0
    inspected_answers: int = 0
    inspected_events: int = 0
    unknown_rows: int = 0
    unknown_events: int = 0
    announced: Counts = Counts()
    subscribed: Counts = Counts()
    own_pairs: Counts = Counts()
    """Announced events x subscribed dashboards of the same organisation, which are no opportunities."""
    leaks_over_time: Counts = Counts()
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Leakage:
    """What one organisation's dashboards saw, and what it offered the others to see."""
    deliveries, answers, own = history.deliveries, history.answers, history.frame.organisation
    foreign = deliveries.where((deliveries.owner != own) & (deliveries.owner != UNKNOWN_OWNER))
    announced = Counts.of(announced_at_ns(history), BUCKET_NS)
    subscribed = _subscribed_per_bucket(history)
    leaky = answers.where((answers.foreign_rows > 0) | (answers.excess_count > 0))
    requests = history.probes.where(np.isin(history.probes.kind, _REQUESTS))
    granted = requests.where(requests.outcome == ProbeOutcome.GRANTED)
    return Leakage(
        leaks=len(foreign),
        leaked_events={
            (int(o), int(m), int(s), int(t))
            for o, m, s, t in zip(foreign.owner, foreign.machine, foreign.status, foreign.last_seen_ms, strict=True)
        },
        leaked_rows=int(answers.foreign_rows.sum()),
        leaked_counts=int(np.count_nonzero(answers.excess_count > 0)),
        leaked_requests=len(granted),
        inspected_requests=int(np.count_nonzero(requests.outcome != ProbeOutcome.UNANSWERED)),
        inspected_rows=int((answers.own_rows + answers.foreign_rows + answers.unknown_rows).sum()),
        inspected_answers=int(answers.answers.sum()),
        inspected_events=len(deliveries),
        unknown_rows=int(answers.unknown_rows.sum()),
        unknown_events=int(np.count_nonzero(deliveries.owner == UNKNOWN_OWNER)),
        announced=announced,
        subscribed=subscribed,
        own_pairs=announced * subscribed,
        leaks_over_time=Counts.of(np.concatenate([foreign.arrived_ns, leaky.at_ns, granted.at_ns]), BUCKET_NS),
        witnesses=Witnesses.of(
            [*_event_witnesses(own, foreign), *_answer_witnesses(own, leaky), *_request_witnesses(own, granted)]
        ),
    )


def merge(one: Leakage, other: Leakage) -> Leakage:
    """Add everything up."""
    counts = {
        name: getattr(one, name) + getattr(other, name)
        for name in (
            "leaks", "leaked_rows", "leaked_counts", "leaked_requests", "inspected_requests", "inspected_rows",
            "inspected_answers", "inspected_events", "unknown_rows", "unknown_events",
        )
    }  # fmt: skip
    return Leakage(
        **counts,
        leaked_events=one.leaked_events | other.leaked_events,
        announced=one.announced + other.announced,
        subscribed=one.subscribed + other.subscribed,
        own_pairs=one.own_pairs + other.own_pairs,
        leaks_over_time=one.leaks_over_time + other.leaks_over_time,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def opportunities_over_time(partial: Leakage) -> Counts:
    """Opportunities per bucket: all pairs of an announced event and a subscribed dashboard, less those of one house."""
    return partial.announced * partial.subscribed - partial.own_pairs


def conclude(partial: Leakage) -> Finding:
    """FAILED on one leak of any kind; UNKNOWN where nothing could have leaked."""
    opportunities = sum(opportunities_over_time(partial).values())
    leaked = partial.leaks + partial.leaked_rows + partial.leaked_counts + partial.leaked_requests
    bound = upper_bound(min(partial.leaks, opportunities), opportunities)
    if leaked:
        verdict = Verdict.FAILED
        text = (
            f"{partial.leaks:,} events ({len(partial.leaked_events):,} different), {partial.leaked_rows:,} rows and"
            f" {partial.leaked_counts:,} counts of another organisation were seen, and {partial.leaked_requests:,} of"
            f" {partial.inspected_requests:,} requests for another organisation were granted"
        )
    elif bound is None:
        verdict = Verdict.UNKNOWN
        text = "no event was announced while a dashboard of another organisation was subscribed: nothing could leak"
    else:
        verdict = Verdict.HELD
        text = (
            f"0 leaks in {opportunities:,} opportunities (at 95 % confidence fewer than 1 in {int(1 / bound):,}),"
            f" none in {partial.inspected_answers:,} answers with {partial.inspected_rows:,} rows, and none of"
            f" {partial.inspected_requests:,} requests for another organisation was granted"
        )
    if partial.unknown_events or partial.unknown_rows:
        text += f"; {partial.unknown_events:,} events and {partial.unknown_rows:,} rows were of machines unknown to us"
    return Finding(
        name="leakage",
        verdict=verdict,
        value=float(leaked) if leaked or bound is not None else None,
        unit="leaks",
        count=opportunities,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def announced_at_ns(history: History) -> Ints:
    """When the target announced this organisation's events: acked transitions, and whatever else its dashboards saw."""
    writes, deliveries = history.writes, history.deliveries
    ours = writes.acked_ns[writes.transitions() & writes.acked() & (writes.acked_ns < NEVER_NS)]
    seen = deliveries.where(deliveries.dashboard >= 0)
    return np.concatenate([ours, _patches_ns(history, seen), _unexplained_ns(history, seen)])


def _patches_ns(history: History, seen: Deliveries) -> Ints:
    """When the event of each PATCH was first seen."""
    explained = seen.where(seen.write != UNEXPLAINED)
    of_patches = explained.where(history.writes.kind[explained.write] == WriteKind.PATCH)
    _, first = np.unique(of_patches.write, return_index=True)  # arrival order: the first of each
    return of_patches.arrived_ns[first]


def _unexplained_ns(history: History, seen: Deliveries) -> Ints:
    """When each event that no write of ours explains was first seen.

    What arrives again within the deadline is the same event at another dashboard.
    """
    others = seen.where((seen.owner == history.frame.organisation) & (seen.write == UNEXPLAINED))
    events = np.column_stack([others.machine, others.status, others.last_seen_ms])
    order = np.lexsort((others.arrived_ns, *events.T))
    events, arrived_ns = events[order], others.arrived_ns[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (events[1:] != events[:-1]).any(axis=1) | (np.diff(arrived_ns) > history.frame.loss_deadline_ns)
    return np.sort(arrived_ns[is_first])


def _subscribed_per_bucket(history: History) -> Counts:
    """How many dashboards were subscribed throughout each bucket of this part of the run."""
    sessions, frame = history.sessions, history.frame
    begin, end = max(frame.from_ns, 0) // BUCKET_NS, max(frame.ended_ns, 0) // BUCKET_NS
    if begin >= end:
        return Counts()
    first = np.maximum(-(-sessions.subscribed_ns // BUCKET_NS), begin)
    last = np.minimum(sessions.closed_ns // BUCKET_NS, end)  # exclusive
    counted = (sessions.subscribed_ns < NEVER_NS) & (last > first)
    steps = np.zeros(end - begin + 1, np.int64)
    np.add.at(steps, first[counted] - begin, 1)
    np.add.at(steps, last[counted] - begin, -1)
    return Counts(begin, np.cumsum(steps[:-1]))


def _event_witnesses(own: int, foreign: Deliveries) -> list[Witness]:
    columns = (foreign.arrived_ns, foreign.dashboard, foreign.machine, foreign.owner)
    return [
        Witness(int(at_ns), own, int(dashboard), 1.0, f"an event of machine {machine} of organisation {owner}")
        for at_ns, dashboard, machine, owner in zip(*columns, strict=True)
    ]


def _answer_witnesses(own: int, leaky: Answers) -> list[Witness]:
    columns = (leaky.at_ns, leaky.dashboard, leaky.foreign_rows, leaky.foreign_owner, leaky.excess_count)
    return [
        Witness(int(at_ns), own, int(dashboard), float(max(rows, excess)), _answer_text(rows, owner, excess))
        for at_ns, dashboard, rows, owner, excess in zip(*columns, strict=True)
    ]


def _request_witnesses(own: int, granted: Probes) -> list[Witness]:
    return [
        Witness(at_ns, own, -1, 1.0, f"{ProbeKind(kind).name} after organisation {other} was granted with {code}")
        for kind, at_ns, _, other, _, code in granted.rows().tolist()
    ]


def _answer_text(rows: int, owner: int, excess: int) -> str:
    if rows:
        return f"{rows} rows of organisation {owner} in an answer"
    return f"an answer that counts {excess} machines more than it shows"
