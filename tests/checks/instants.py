"""What pages show beside what is certain, one instant after the other: slow, and plain enough to be believed."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

from sim.contract import StatusCode
from sim.history import NEVER_NS, History, Outcome, certainties


@dataclass(frozen=True, slots=True)
class Certain:
    """A time in which a machine's status is certain."""

    possible_ns: int
    from_ns: int
    until_ns: int
    status: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """A refetch."""

    sent_ns: int
    ended_ns: int
    outcome: int
    asked_ns: int


@dataclass(frozen=True, slots=True)
class Stale:
    """A stretch."""

    dashboard: int
    machine: int
    from_ns: int
    until_ns: int
    certain: Certain
    ought: bool = False


class Instants:
    """A history of which nothing comes after another part."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.frame = history.frame
        self.dashboards = sorted({*history.states.dashboard.tolist(), *history.mounts.dashboard.tolist()})
        self.machines = sorted({*history.states.machine.tolist()})
        self._states: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for dashboard, at_ns, machine, status in history.states.rows().tolist():
            self._states.setdefault((dashboard, machine), []).append((at_ns, status))
        self._certain: dict[int, list[Certain]] = {}
        known = certainties(history)
        columns = (known.machine, known.possible_ns, known.from_ns, known.until_ns, known.status)
        for machine, *row in zip(*(column.tolist() for column in columns), strict=True):
            self._certain.setdefault(machine, []).append(Certain(*row))
        self.edges = self._edges()

    def shown(self, dashboard: int, machine: int, at_ns: int) -> int:
        """What a dashboard shows of a machine; UNKNOWN for nothing."""
        states = self._states.get((dashboard, machine), [])
        before = bisect_right([since_ns for since_ns, _ in states], at_ns)
        return states[before - 1][1] if before else StatusCode.UNKNOWN

    def certain(self, machine: int, from_ns: int, until_ns: int | None = None) -> Certain | None:
        """What is certain of a machine then, or from then until then."""
        last_ns = from_ns if until_ns is None else until_ns
        found = (c for c in self._certain.get(machine, []) if c.from_ns <= from_ns and last_ns < c.until_ns)
        return next(found, None)

    def fetches(self, dashboard: int) -> list[Fetch]:
        """The refetches of a dashboard."""
        of = self.history.fetches.where(self.history.fetches.dashboard == dashboard)
        columns = (of.sent_ns, of.ended_ns, of.outcome, of.asked_ns)
        return [Fetch(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def answers(self, dashboard: int) -> list[Fetch]:
        """Those that were shown; of those of one instant the one that was asked for first."""
        shown: dict[int, Fetch] = {}
        for fetch in sorted(self.fetches(dashboard), key=lambda fetch: fetch.asked_ns):
            if fetch.outcome == Outcome.SHOWN:
                shown.setdefault(fetch.ended_ns, fetch)
        return list(shown.values())

    def visits(self, dashboard: int) -> list[tuple[int, int]]:
        """When its page is open."""
        mounts = self.history.mounts.where(self.history.mounts.dashboard == dashboard)
        return list(zip(mounts.from_ns.tolist(), mounts.until_ns.tolist(), strict=True))

    def visit(self, dashboard: int, at_ns: int) -> tuple[int, int] | None:
        """The visit of this time."""
        return next((visit for visit in self.visits(dashboard) if visit[0] <= at_ns < visit[1]), None)

    def stretches(self, dashboard: int, machine: int) -> list[Stale]:
        """The stretches of a machine on a dashboard."""
        found: list[Stale] = []
        visit_before: tuple[int, int] | None = None
        for from_ns, until_ns in pairwise(self.edges):
            visit, certain = self.visit(dashboard, from_ns), self.certain(machine, from_ns)
            shown = self.shown(dashboard, machine, from_ns)
            if visit is None or certain is None or shown in (StatusCode.UNKNOWN, certain.status):
                continue
            before = found[-1] if found else None
            if before and (before.until_ns, before.certain, visit_before) == (from_ns, certain, visit):
                found[-1] = replace(before, until_ns=until_ns)
            else:
                found.append(Stale(dashboard, machine, from_ns, until_ns, certain))
            visit_before = visit
        return [replace(stale, ought=self._ought(stale)) for stale in found]

    def _ought(self, stale: Stale) -> bool:
        certain = stale.certain
        told = stale.from_ns == certain.from_ns and self._is_subscribed(
            stale.dashboard, certain.possible_ns, min(certain.from_ns + self.frame.loss_deadline_ns, stale.until_ns)
        )
        return told or any(
            answer.asked_ns >= certain.from_ns and stale.from_ns <= answer.ended_ns < stale.until_ns
            for answer in self.answers(stale.dashboard)
        )

    def _is_subscribed(self, dashboard: int, from_ns: int, until_ns: int) -> bool:
        sessions = self.history.sessions.where(self.history.sessions.dashboard == dashboard)
        spans = zip(sessions.subscribed_ns.tolist(), sessions.closed_ns.tolist(), strict=True)
        return any(subscribed_ns <= from_ns and until_ns <= closed_ns for subscribed_ns, closed_ns in spans)

    def _edges(self) -> list[int]:
        """All times at which anything changes, within the run."""
        known = (time for of in self._certain.values() for each in of for time in (each.from_ns, each.until_ns))
        shown = self.history.states.at_ns.tolist()
        visits = [*self.history.mounts.from_ns.tolist(), *self.history.mounts.until_ns.tolist()]
        ended_ns = self.frame.ended_ns
        times = {0, self.frame.window_ns, ended_ns, *known, *shown, *visits}
        return sorted(time for time in times if -NEVER_NS < time <= ended_ns)
