"""Starvation: how long did dashboards that were told of changes show nothing new, and why?

A *wait* lasts from an event that no answer has shown yet until the next answer shown of a refetch that was sent at or
after it. Waits longer than `fresh_within_ns` are starved, each for one cause: `debounce`, no refetch was sent for most
of it, since events kept restarting the timer; `cancelling`, refetches were sent and cancelled by the next ones before
they were answered; `slow answers` else. Sees also the longest debounce, from the first event that no refetch was sent
after yet to the refetch, and the longest chain of cancelled refetches. A wait ends when its page is left, and then is
not starved; when its refetch failed for good, whose outcome `availability` has; and, before a page has shown anything,
with its first answer, which events do not cancel (contract 2). Cannot see: events that were never delivered (`loss`).
"""

from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.pages import Page, pages
from sim.history import NEVER_NS, History, Outcome, RunFrame

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class StarvedBy(StrEnum):
    """Why nothing new was shown."""

    DEBOUNCE = "debounce"
    CANCELLING = "cancelling"
    SLOW_ANSWERS = "slow answers"


class Starvation(msgspec.Struct, frozen=True, kw_only=True):
    """Of all dashboards."""

    longest_debounce_ns: int = 0
    longest_chain: int = 0
    """Most refetches in a row that were cancelled, each by the next one."""
    longest_wait_ns: int = 0
    waits: int = 0
    """All of them, starved or not."""
    by_cause: dict[str, int] = {}
    """Starved waits by `StarvedBy`."""
    organisations: set[int] = set()
    """Those with a starved wait."""
    fresh_within_ns: int = 0
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Starvation:
    """One organisation's waits, debounces and chains."""
    partial = Starvation(fresh_within_ns=history.frame.fresh_within_ns)
    for page in pages(history):
        partial = merge(partial, _of_page(page, history.frame))
    return partial


def merge(one: Starvation, other: Starvation) -> Starvation:
    """Add the counts up, and keep what is longest."""
    return Starvation(
        longest_debounce_ns=max(one.longest_debounce_ns, other.longest_debounce_ns),
        longest_chain=max(one.longest_chain, other.longest_chain),
        longest_wait_ns=max(one.longest_wait_ns, other.longest_wait_ns),
        waits=one.waits + other.waits,
        by_cause={
            cause: one.by_cause.get(cause, 0) + other.by_cause.get(cause, 0)
            for cause in one.by_cause.keys() | other.by_cause.keys()
        },
        organisations=one.organisations | other.organisations,
        fresh_within_ns=max(one.fresh_within_ns, other.fresh_within_ns),
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Starvation) -> Finding:
    """FAILED on a starved wait, UNKNOWN where no event arrived."""
    starved = sum(partial.by_cause.values())
    longest = (
        f"the longest debounce was {partial.longest_debounce_ns / 1e9:,.3f} s, the longest row of cancelled refetches"
        f" {partial.longest_chain:,}"
    )
    if starved:
        verdict = Verdict.FAILED
        causes = ", ".join(
            f"{partial.by_cause[cause]:,} by {cause}" for cause in StarvedBy if cause in partial.by_cause
        )
        text = (
            f"{starved:,} times a dashboard of {len(partial.organisations):,} organisations showed nothing new for more"
            f" than {partial.fresh_within_ns / 1e9:g} s after an event ({causes}); {longest}"
        )
    elif partial.waits:
        verdict, text = Verdict.HELD, f"no event waited too long to be shown; {longest}"
    else:
        verdict, text = Verdict.UNKNOWN, "no event arrived at a dashboard"
    return Finding(
        name="starvation",
        verdict=verdict,
        value=float(starved) if partial.waits else None,
        unit="waits",
        count=partial.waits,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _of_page(page: Page, frame: RunFrame) -> Starvation:
    """The waits of one dashboard."""
    arrived_ns, left_ns = page.arrived_ns, page.left_ns(page.arrived_ns)
    refetched = np.searchsorted(page.fetches.sent_ns, arrived_ns)
    end_ns = frame.ended_ns if frame.is_last else NEVER_NS
    shown_ns = np.minimum(_shown_ns(page, refetched), end_ns)
    until_ns = np.minimum(shown_ns, left_ns)
    length_ns = np.maximum(until_ns - arrived_ns, 0)
    over = until_ns < NEVER_NS
    _, first = np.unique(until_ns[over], return_index=True)
    waits = np.flatnonzero(over)[first]
    starved = waits[(length_ns[waits] > frame.fresh_within_ns) & (shown_ns[waits] <= left_ns[waits])]
    causes = _causes(page, arrived_ns[starved], until_ns[starved])
    return Starvation(
        longest_debounce_ns=_longest_debounce_ns(page, refetched, np.minimum(left_ns, end_ns)),
        longest_chain=_longest_chain(page),
        longest_wait_ns=int(np.max(length_ns[over], initial=0)),
        waits=len(waits),
        by_cause={cause.value: causes.count(cause) for cause in set(causes)},
        organisations={frame.organisation} if len(starved) else set(),
        fresh_within_ns=frame.fresh_within_ns,
        witnesses=Witnesses.of(
            _witness(frame.organisation, page.number, at_ns, waited_ns, cause)
            for at_ns, waited_ns, cause in zip(
                arrived_ns[starved].tolist(), length_ns[starved].tolist(), causes, strict=True
            )
        ),
    )


def _shown_ns(page: Page, refetched: Ints) -> Ints:
    """For each event, whose first refetch is the one of this number: when its wait ended; NEVER_NS for not."""
    fetches = page.fetches
    is_over = (fetches.outcome == Outcome.SHOWN) | (fetches.outcome == Outcome.FAILED)
    over_ns = np.where(is_over, fetches.ended_ns, NEVER_NS)
    # From the right: the earliest end of this refetch or of any sent after it.
    shown_ns = np.append(np.minimum.accumulate(over_ns[::-1])[::-1], NEVER_NS)[refetched]
    is_early = page.arrived_ns < page.first_answer_ns
    return np.where(is_early, np.minimum(shown_ns, page.first_answer_ns), shown_ns)


def _longest_debounce_ns(page: Page, refetched: Ints, over_ns: Ints) -> int:
    """From an event to the next refetch, or to where waiting for it was over."""
    refetched_ns = np.append(page.fetches.sent_ns, NEVER_NS)[refetched]
    until_ns = np.minimum(refetched_ns, over_ns)
    # An event during the first load may have no refetch of its own, so the next one is not its.
    is_its = (page.arrived_ns >= page.first_answer_ns) | (refetched_ns <= page.first_answer_ns)
    counts = is_its & (until_ns < NEVER_NS)
    return int(np.max((until_ns - page.arrived_ns)[counts], initial=0))


def _superseded(page: Page) -> Mask:
    """Which refetches were cancelled by the next, and not as the page was left."""
    fetches = page.fetches
    return np.asarray((fetches.outcome == Outcome.CANCELLED) & (fetches.ended_ns < page.left_ns(fetches.sent_ns)))


def _longest_chain(page: Page) -> int:
    superseded = _superseded(page)
    chain = np.cumsum(~superseded)
    return int(np.max(np.bincount(chain[superseded]), initial=0))


def _causes(page: Page, from_ns: Ints, until_ns: Ints) -> list[StarvedBy]:
    """Why each of these waits was so long."""
    sent_ns = page.fetches.sent_ns
    first, end = np.searchsorted(sent_ns, from_ns), np.searchsorted(sent_ns, until_ns)
    refetched_ns = np.minimum(np.append(sent_ns, NEVER_NS)[first], until_ns)
    superseded = np.append(0, np.cumsum(_superseded(page)))
    is_debounced = 2 * (refetched_ns - from_ns) > until_ns - from_ns
    is_cancelled = superseded[end] > superseded[first]
    kinds = np.where(is_debounced, 0, np.where(is_cancelled, 1, 2))
    return [list(StarvedBy)[kind] for kind in kinds.tolist()]


def _witness(organisation: int, dashboard: int, at_ns: int, waited_ns: int, cause: StarvedBy) -> Witness:
    text = f"an event was not shown for {waited_ns / 1e9:,.3f} s ({cause})"
    return Witness(at_ns, organisation, dashboard, waited_ns / 1e9, text)
