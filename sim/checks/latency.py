"""Latency: how long from a write to the refetch that shows it, and where that time went.

For every delivery that a transition of the measured window explains, and a refetch that was sent after it and shown:
event-to-refetch = delivery + debounce + refetch, added up in nanoseconds and compared. Sees: everything that was shown.
Cannot see: events that were never delivered (`loss`) or never shown, which are counted here as *unshown*.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.expected import in_window
from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.history import NEVER_NS, UNEXPLAINED, History, Outcome, WriteKind
from sim.stats import CoarseHistogram, Histogram

Ints = NDArray[np.int64]


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Histograms of nanoseconds by name, over the run and by time bucket of the write."""

    histograms: dict[str, Histogram] = {}
    over_time: dict[str, dict[int, CoarseHistogram]] = {}
    """By name (`event_to_refetch`, `lateness`, `handling`), then number of the bucket."""
    unshown: int = 0
    """Deliveries of the window's transitions that no refetch had shown when the run ended."""
    mismatches: int = 0
    """Events whose segments do not add up, or hold a negative time: a defect of the harness."""
    slowest: Witness | None = None
    """The slowest event that was shown."""
    mismatched: Witnesses = Witnesses()


class Shown(msgspec.Struct, frozen=True):
    """The deliveries that a refetch showed, as columns of equal length."""

    row: Ints
    """Row of `Deliveries`."""
    write: Ints
    fetch_sent_ns: Ints
    shown_ns: Ints


def observe(history: History) -> Latency:
    """The latencies of one organisation."""
    shown, unshown = shown_deliveries(history)
    writes, deliveries = history.writes, history.deliveries
    sent_ns, due_ns = writes.sent_ns[shown.write], writes.due_ns[shown.write]
    arrived_ns = deliveries.arrived_ns[shown.row]
    times = {
        "delivery": arrived_ns - sent_ns,
        "debounce": shown.fetch_sent_ns - arrived_ns,
        "refetch": shown.shown_ns - shown.fetch_sent_ns,
        "event_to_refetch": shown.shown_ns - sent_ns,
        "event_to_refetch_from_due": shown.shown_ns - due_ns,
    }
    sums = times["delivery"] + times["debounce"] + times["refetch"]
    good = (sums == times["event_to_refetch"]) & (np.min([*times.values()], axis=0, initial=0) >= 0)
    times = {name: column[good] for name, column in times.items()}
    beats = np.flatnonzero(in_window(history, writes.due_ns) & (writes.kind == WriteKind.HEARTBEAT))
    write_times = _write_times(history, beats)
    arrived = deliveries.where((deliveries.arrived_ns >= history.frame.stay_from_ns) & (deliveries.dashboard >= 0))
    handling_ns = np.maximum(arrived.handled_ns - arrived.arrived_ns, 0)
    bucket_ns = history.frame.bucket_ns
    whole_ns = shown.shown_ns - sent_ns
    return Latency(
        histograms={
            **{name: Histogram.of(column) for name, column in (times | write_times).items()},
            "handling": Histogram.of(handling_ns),
        },
        over_time={
            "event_to_refetch": _by_bucket(sent_ns[good], times["event_to_refetch"], bucket_ns),
            "lateness": _by_bucket(writes.due_ns[beats], write_times["lateness"], bucket_ns),
            "handling": _by_bucket(arrived.arrived_ns, handling_ns, bucket_ns),
        },
        unshown=unshown,
        mismatches=int(np.count_nonzero(~good)),
        slowest=_witnesses(history, shown, np.flatnonzero(whole_ns == whole_ns.max(initial=0))).worst,
        mismatched=_witnesses(history, shown, np.flatnonzero(~good)),
    )


def shown_deliveries(history: History) -> tuple[Shown, int]:
    """The first deliveries of the window's transitions that were shown, and how many were not.

    A delivery is shown by the first answer of a refetch that was sent at or after its arrival, or of any refetch
    after that one: an invalidation cancels the refetch under way and starts another.
    """
    rows = _first_deliveries(history)
    sent_ns, shown_ns = _refetch_that_shows(history, rows)
    seen = shown_ns < NEVER_NS
    kept = rows[seen]
    shown = Shown(kept, history.deliveries.write[kept], sent_ns[seen], shown_ns[seen])
    return shown, int(np.count_nonzero(~seen))


def merge(one: Latency, other: Latency) -> Latency:
    """Add the histograms up."""
    return Latency(
        histograms=_added(one.histograms, other.histograms),
        over_time={
            name: _added_over_time(one.over_time.get(name, {}), other.over_time.get(name, {}))
            for name in one.over_time.keys() | other.over_time.keys()
        },
        unshown=one.unshown + other.unshown,
        mismatches=one.mismatches + other.mismatches,
        slowest=Witnesses.of(witness for witness in (one.slowest, other.slowest) if witness is not None).worst,
        mismatched=one.mismatched.merged(other.mismatched),
    )


def conclude(partial: Latency) -> Finding:
    """FAILED where times do not add up, UNKNOWN where nothing was shown. How fast is fast enough, objectives say."""
    whole = partial.histograms.get("event_to_refetch", Histogram())
    p95_ns = whole.percentile(95)
    if partial.mismatches:
        verdict = Verdict.FAILED
        text = f"the segments of {partial.mismatches:,} events do not add up to the whole: a defect of the harness"
    elif p95_ns is None:
        verdict = Verdict.UNKNOWN
        text = f"no event was shown by a refetch ({partial.unshown:,} were delivered): nothing was measured"
    else:
        verdict = Verdict.HELD
        text = f"event-to-refetch p95 {p95_ns / 1e6:,.0f} ms; the segments of all {whole.count:,} events add up exactly"
    if partial.unshown and p95_ns is not None:
        text += f"; {partial.unshown:,} delivered events were never shown and are in no latency"
    return Finding(
        name="latency",
        verdict=verdict,
        value=None if p95_ns is None else p95_ns / 1e6,
        unit="ms",
        count=whole.count,
        bound=None,
        witnesses=partial.mismatched if partial.mismatches else Witnesses(worst=partial.slowest),
        text=text,
    )


def _first_deliveries(history: History) -> Ints:
    """Rows of the deliveries that a transition of the window explains, without duplicates."""
    writes, deliveries = history.writes, history.deliveries
    rows = np.flatnonzero((deliveries.write != UNEXPLAINED) & (deliveries.dashboard >= 0))
    explained = deliveries.write[rows]
    counts = writes.transitions()[explained] & in_window(history, writes.due_ns)[explained]
    rows = rows[counts]
    pairs = np.column_stack([deliveries.dashboard[rows], deliveries.write[rows]])
    _, first = np.unique(pairs, axis=0, return_index=True)  # arrival order: the first of each pair
    return rows[np.sort(first)]


def _refetch_that_shows(history: History, rows: Ints) -> tuple[Ints, Ints]:
    """For each delivery: when the next refetch was sent, and when an answer was shown; NEVER_NS for none."""
    deliveries, fetches = history.deliveries, history.fetches
    sent_ns = np.full(len(rows), NEVER_NS, np.int64)
    shown_ns = np.full(len(rows), NEVER_NS, np.int64)
    for dashboard in np.unique(deliveries.dashboard[rows]):
        mine = deliveries.dashboard[rows] == dashboard
        of = fetches.where(fetches.dashboard == dashboard)
        answered_ns = np.where(of.outcome == Outcome.SHOWN, of.ended_ns, NEVER_NS)
        # From the right: the earliest answer shown of this refetch or of any sent after it.
        first_answer_ns = np.minimum.accumulate(answered_ns[::-1])[::-1]
        following = np.searchsorted(of.sent_ns, deliveries.arrived_ns[rows[mine]], side="left")
        sent_ns[mine] = np.append(of.sent_ns, NEVER_NS)[following]
        shown_ns[mine] = np.append(first_answer_ns, NEVER_NS)[following]
    return sent_ns, shown_ns


def _write_times(history: History, rows: Ints) -> dict[str, Ints]:
    writes = history.writes.where(rows)
    acked = writes.acked() & (writes.acked_ns < NEVER_NS)
    free_ns = np.maximum(writes.due_ns, writes.ready_ns)
    return {
        "write": (writes.acked_ns - writes.sent_ns)[acked],
        "write_from_due": (writes.acked_ns - writes.due_ns)[acked],
        "lateness": np.maximum(writes.sent_ns - free_ns, 0),
        "blocked": np.maximum(writes.ready_ns - writes.due_ns, 0),
    }


def _by_bucket(at_ns: Ints, values: Ints, bucket_ns: int) -> dict[int, CoarseHistogram]:
    buckets = at_ns // bucket_ns
    return {int(b): CoarseHistogram.of(values[buckets == b]) for b in np.unique(buckets[buckets >= 0])}


def _added(one: dict[str, Histogram], other: dict[str, Histogram]) -> dict[str, Histogram]:
    empty = Histogram()
    return {name: one.get(name, empty) + other.get(name, empty) for name in one.keys() | other.keys()}


def _added_over_time(one: dict[int, CoarseHistogram], other: dict[int, CoarseHistogram]) -> dict[int, CoarseHistogram]:
    return one | other | {bucket: one[bucket] + other[bucket] for bucket in one.keys() & other.keys()}


def _witnesses(history: History, shown: Shown, which: Ints) -> Witnesses:
    return Witnesses.of(_witness(history, shown, k) for k in which.tolist())


def _witness(history: History, shown: Shown, k: int) -> Witness:
    write, row = shown.write[k], shown.row[k]
    machine = history.writes.machine[write]
    whole_ns = int(shown.shown_ns[k] - history.writes.sent_ns[write])
    return Witness(
        at_ns=int(history.writes.sent_ns[write]),
        organisation=history.frame.organisation,
        dashboard=int(history.deliveries.dashboard[row]),
        size=whole_ns / 1e6,
        text=f"the change of machine {machine} was shown after {whole_ns / 1e6:,.1f} ms",
    )
