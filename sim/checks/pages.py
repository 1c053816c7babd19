"""A history seen by page: what each dashboard was shown, told and asked."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.history import NEVER_NS, Fetches, History, Mounts, Outcome, Sessions, States

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers that a page showed, as columns of equal length, sorted by the time of showing.

    Of answers that arrived in the same instant only one is seen, and nobody knows which: they are one, as old as the
    oldest of them.
    """

    asked_ns: Ints
    shown_ns: Ints

    def counts(self, since_ns: Ints, from_ns: Ints, until_ns: Ints) -> Ints:
        """For each answer: in how many of these times it lies: asked for since `since`, shown in [from, until)."""
        counts = np.zeros(len(self), np.int64)
        for chain in self._chains():
            first, end = self._range(chain, since_ns, from_ns, until_ns)
            some = first < end
            steps = np.bincount(first[some], minlength=len(chain) + 1) - np.bincount(
                end[some], minlength=len(chain) + 1
            )
            counts[chain] = np.cumsum(steps)[:-1]
        return counts

    def any_in(self, since_ns: Ints, from_ns: Ints, until_ns: Ints) -> Mask:
        """For each of these times: whether an answer lies in it, in the same sense."""
        found = np.zeros(len(since_ns), np.bool_)
        for chain in self._chains():
            first, end = self._range(chain, since_ns, from_ns, until_ns)
            found |= first < end
        return found

    def _chains(self) -> Iterator[Ints]:
        """The answers in groups that were shown in the order of asking: mostly one, as an answer seldom overtakes."""
        rows = np.arange(len(self))
        while len(rows):
            asked_ns = self.asked_ns[rows]
            in_order = asked_ns == np.maximum.accumulate(asked_ns)
            yield rows[in_order]
            rows = rows[~in_order]

    def _range(self, chain: Ints, since_ns: Ints, from_ns: Ints, until_ns: Ints) -> tuple[Ints, Ints]:
        """Of a chain, the answers that lie in each time: the first, and the one after the last."""
        asked_ns, shown_ns = self.asked_ns[chain], self.shown_ns[chain]
        first = np.maximum(np.searchsorted(asked_ns, since_ns), np.searchsorted(shown_ns, from_ns))
        return first, np.searchsorted(shown_ns, until_ns)

    def __len__(self) -> int:
        return len(self.asked_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """All that happened at one dashboard, every table sorted as in the history."""

    number: int
    states: States
    fetches: Fetches
    arrived_ns: Ints
    """When events arrived."""
    visits: Mounts
    sessions: Sessions
    """Sockets that were subscribed."""
    first_answer_ns: int
    """When it showed something for the first time; -NEVER_NS if in an earlier part of the run, NEVER_NS for never.

    An event before that causes no refetch of its own if the first load is still under way (contract 2).
    """

    def answers(self) -> Answers:
        """The answers that it showed."""
        shown = self.fetches.where(self.fetches.outcome == Outcome.SHOWN)
        order = np.lexsort((shown.asked_ns, shown.ended_ns))
        shown_ns, first = np.unique(shown.ended_ns[order], return_index=True)
        return Answers(shown.asked_ns[order][first], shown_ns)

    def left_ns(self, at_ns: Ints) -> Ints:
        """When the visit ended that was under way, or the latest, at each of these times; NEVER_NS for none."""
        visit = np.searchsorted(self.visits.from_ns, at_ns, side="right")
        return np.append(NEVER_NS, self.visits.until_ns)[visit]


def pages(history: History) -> Iterator[Page]:
    """The dashboards to which anything happened, by number; sockets that only probe are none."""
    deliveries, sessions = history.deliveries, history.sessions
    states, fetches, arrivals, visits, sockets = (
        _by_number(table.dashboard) for table in (history.states, history.fetches, deliveries, history.mounts, sessions)
    )
    none = np.empty(0, np.int64)
    for number in sorted({*states, *fetches, *arrivals, *visits}):
        of_states = history.states.where(states.get(number, none))
        of_fetches = history.fetches.where(fetches.get(number, none))
        subscribed = sessions.where(sockets.get(number, none))
        subscribed = subscribed.where(subscribed.subscribed_ns < NEVER_NS)
        yield Page(
            number=number,
            states=of_states,
            fetches=of_fetches,
            arrived_ns=deliveries.arrived_ns[arrivals.get(number, none)],
            visits=history.mounts.where(visits.get(number, none)),
            sessions=subscribed.where(np.argsort(subscribed.subscribed_ns, kind="stable")),
            first_answer_ns=_first_answer_ns(history.frame.from_ns, of_states, of_fetches),
        )


def _by_number(dashboard: Ints) -> dict[int, Ints]:
    """The rows of each dashboard."""
    order = np.argsort(dashboard, kind="stable")
    numbers, first = np.unique(dashboard[order], return_index=True)
    rows = np.split(order, first[1:])
    return {number: own for number, own in zip(numbers.tolist(), rows, strict=False) if number >= 0}


def _first_answer_ns(from_ns: int, states: States, fetches: Fetches) -> int:
    if len(states) and states.at_ns[0] < from_ns:
        return -NEVER_NS
    return int(np.min(fetches.ended_ns[fetches.outcome == Outcome.SHOWN], initial=NEVER_NS))
