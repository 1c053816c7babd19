"""Leakage: does an event, a row or a count of one organisation reach a client of another?

Sees: every frame and every answer that a dashboard received, at any time of the run, held against the owner of each
machine id. A machine id of nobody we know is counted apart as *unknown*: a deployment has rows of its own. A count is
leaked where an answer counts more machines than it shows rows. Cannot see: leaks to clients that are not ours.

An opportunity is one announced event of one organisation x one dashboard of another that was subscribed then. Both are
counted per bucket of BUCKET_NS (dashboards: those subscribed throughout it), so that workers' counts add up and the
figure is never too large.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.over_time import added, per_bucket
from sim.history import NEVER_NS, UNEXPLAINED, UNKNOWN_OWNER, Answers, Deliveries, History
from sim.stats import upper_bound

Ints = NDArray[np.int64]

BUCKET_NS: Final = 100_000_000
"""Fine against the seconds that sockets live, coarse against the clocks of workers that are started together."""


class Leakage(msgspec.Struct, frozen=True, kw_only=True):
    """Leaks and opportunities. Keys of the dicts are bucket numbers."""

    leaks: int = 0
    leaked_events: set[tuple[int, int, int, int]] = set()
    """(owner, machine, status, last_seen_ms) of each event that leaked: one event may leak to many dashboards."""
    leaked_rows: int = 0
    leaked_counts: int = 0
    inspected_rows: int = 0
    inspected_answers: int = 0
    inspected_events: int = 0
    unknown_rows: int = 0
    unknown_events: int = 0
    announced: dict[int, int] = {}
    subscribed: dict[int, int] = {}
    own_pairs: dict[int, int] = {}
    """Announced events x subscribed dashboards of the same organisation, which are no opportunities."""
    leaks_over_time: dict[int, int] = {}
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Leakage:
    """What one organisation's dashboards saw, and what it offered the others to see."""
    deliveries, answers, own = history.deliveries, history.answers, history.frame.organisation
    foreign = deliveries.where((deliveries.owner != own) & (deliveries.owner != UNKNOWN_OWNER))
    announced = per_bucket(announced_at_ns(history), BUCKET_NS)
    subscribed = _subscribed_per_bucket(history)
    leaky = answers.where((answers.foreign_rows > 0) | (answers.excess_count > 0))
    return Leakage(
        leaks=len(foreign),
        leaked_events={
            (int(o), int(m), int(s), int(t))
            for o, m, s, t in zip(foreign.owner, foreign.machine, foreign.status, foreign.last_seen_ms, strict=True)
        },
        leaked_rows=int(answers.foreign_rows.sum()),
        leaked_counts=int(np.count_nonzero(answers.excess_count > 0)),
        inspected_rows=int((answers.own_rows + answers.foreign_rows + answers.unknown_rows).sum()),
        inspected_answers=int(answers.answers.sum()),
        inspected_events=len(deliveries),
        unknown_rows=int(answers.unknown_rows.sum()),
        unknown_events=int(np.count_nonzero(deliveries.owner == UNKNOWN_OWNER)),
        announced=announced,
        subscribed=subscribed,
        own_pairs={b: n * subscribed[b] for b, n in announced.items() if b in subscribed},
        leaks_over_time=per_bucket(np.concatenate([foreign.arrived_ns, leaky.at_ns]), BUCKET_NS),
        witnesses=Witnesses.of([*_event_witnesses(own, foreign), *_answer_witnesses(own, leaky)]),
    )


def merge(one: Leakage, other: Leakage) -> Leakage:
    """Add everything up."""
    counts = {
        name: getattr(one, name) + getattr(other, name)
        for name in (
            "leaks", "leaked_rows", "leaked_counts", "inspected_rows", "inspected_answers", "inspected_events",
            "unknown_rows", "unknown_events",
        )
    }  # fmt: skip
    return Leakage(
        **counts,
        leaked_events=one.leaked_events | other.leaked_events,
        announced=added(one.announced, other.announced),
        subscribed=added(one.subscribed, other.subscribed),
        own_pairs=added(one.own_pairs, other.own_pairs),
        leaks_over_time=added(one.leaks_over_time, other.leaks_over_time),
        witnesses=one.witnesses.merged(other.witnesses),
    )


def opportunities_over_time(partial: Leakage) -> dict[int, int]:
    """Opportunities per bucket: all pairs of an announced event and a subscribed dashboard, less those of one house."""
    return {
        bucket: events * partial.subscribed.get(bucket, 0) - partial.own_pairs.get(bucket, 0)
        for bucket, events in partial.announced.items()
    }


def conclude(partial: Leakage) -> Finding:
    """FAILED on one leak of any kind; UNKNOWN where nothing could have leaked."""
    opportunities = sum(opportunities_over_time(partial).values())
    leaked = partial.leaks + partial.leaked_rows + partial.leaked_counts
    bound = upper_bound(min(partial.leaks, opportunities), opportunities)
    if leaked:
        verdict = Verdict.FAILED
        text = (
            f"{partial.leaks:,} events ({len(partial.leaked_events):,} different), {partial.leaked_rows:,} rows and"
            f" {partial.leaked_counts:,} counts of another organisation were seen"
        )
    elif bound is None:
        verdict = Verdict.UNKNOWN
        text = "no event was announced while a dashboard of another organisation was subscribed: nothing could leak"
    else:
        verdict = Verdict.HELD
        text = (
            f"0 leaks in {opportunities:,} opportunities (at 95 % confidence fewer than 1 in {int(1 / bound):,}),"
            f" and none in {partial.inspected_answers:,} answers with {partial.inspected_rows:,} rows"
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
    """When the target announced this organisation's events: acked transitions, and what no write of ours explains."""
    writes, deliveries = history.writes, history.deliveries
    ours = writes.acked_ns[writes.transitions() & writes.acked() & (writes.acked_ns < NEVER_NS)]
    rows = np.flatnonzero((deliveries.owner == history.frame.organisation) & (deliveries.write == UNEXPLAINED))
    if not len(rows):
        return ours
    # One dashboard's view stands for all of them: each gets the same announcements.
    seen_by = deliveries.dashboard[rows]
    return np.concatenate([ours, deliveries.arrived_ns[rows[seen_by == seen_by[0]]]])


def _subscribed_per_bucket(history: History) -> dict[int, int]:
    """How many dashboards were subscribed throughout each bucket of the run."""
    sessions, ended_ns = history.sessions, history.frame.ended_ns
    first = -(-np.maximum(sessions.subscribed_ns, 0) // BUCKET_NS)
    last = np.minimum(sessions.closed_ns, ended_ns) // BUCKET_NS  # exclusive
    buckets = max(int(ended_ns // BUCKET_NS), 0)
    steps = np.zeros(buckets + 1, np.int64)
    counted = (sessions.subscribed_ns < NEVER_NS) & (last > first) & (first < buckets)
    np.add.at(steps, first[counted], 1)
    np.add.at(steps, np.minimum(last[counted], buckets), -1)
    return {bucket: n for bucket, n in enumerate(np.cumsum(steps[:buckets]).tolist()) if n}


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


def _answer_text(rows: int, owner: int, excess: int) -> str:
    if rows:
        return f"{rows} rows of organisation {owner} in an answer"
    return f"an answer that counts {excess} machines more than it shows"
