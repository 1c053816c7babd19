"""Collects the facts of one organisation while they happen, and turns them into a `History`."""

from array import array
from dataclasses import replace
from typing import TypeVar

import numpy as np

from sim.history.columns import (
    UNEXPLAINED,
    UNKNOWN_OWNER,
    Answers,
    Breaches,
    Deliveries,
    Fetches,
    History,
    Mounts,
    RunFrame,
    Sessions,
    Table,
    Writes,
)
from sim.history.matching import match

_T = TypeVar("_T", bound=Table)


class HistoryBuilder:
    """One flat array of int64 per table: a fact costs one `extend`, 8 bytes a column, and nothing for the collector.

    Times given to it are of any one monotonic clock; `build` shifts them to the run clock.
    """

    __slots__ = (
        "_answers",
        "_breaches",
        "_deliveries",
        "_fetches",
        "_mounts",
        "_plain_answers",
        "_sessions",
        "_writes",
    )

    def __init__(self) -> None:
        self._writes = array("q")
        self._deliveries = array("q")
        self._fetches = array("q")
        self._answers = array("q")
        self._sessions = array("q")
        self._mounts = array("q")
        self._breaches = array("q")
        self._plain_answers: dict[int, list[int]] = {}

    def write(
        self,
        machine: int,
        status: int,
        before: int,
        due_ns: int,
        ready_ns: int,
        sent_ns: int,
        acked_ns: int,
        http_status: int,
    ) -> None:
        """A heartbeat that was answered, failed, or is given up."""
        self._writes.extend((machine, status, before, due_ns, ready_ns, sent_ns, acked_ns, http_status))

    def delivery(
        self,
        dashboard: int,
        owner: int,
        machine: int,
        status: int,
        last_seen_ms: int,
        arrived_ns: int,
        handled_ns: int,
    ) -> None:
        """An event frame."""
        self._deliveries.extend((dashboard, owner, machine, status, last_seen_ms, arrived_ns, handled_ns, UNEXPLAINED))

    def fetch(self, dashboard: int, cause: int, sent_ns: int, ended_ns: int, outcome: int, attempts: int) -> None:
        """A refetch that ended, or was open at the end of the run."""
        self._fetches.extend((dashboard, cause, sent_ns, ended_ns, outcome, attempts))

    def plain_answer(self, dashboard: int, at_ns: int, own_rows: int, unknown_rows: int) -> None:
        """An answer with nothing of anybody else: only summed up."""
        totals = self._plain_answers.setdefault(dashboard, [at_ns, 0, 0, 0])
        totals[0] = at_ns
        totals[1] += 1
        totals[2] += own_rows
        totals[3] += unknown_rows

    def odd_answer(
        self,
        dashboard: int,
        at_ns: int,
        own_rows: int,
        foreign_rows: int,
        unknown_rows: int,
        foreign_owner: int,
        excess_count: int,
    ) -> None:
        """An answer with rows or counts that are not the organisation's own."""
        self._answers.extend((dashboard, at_ns, 1, own_rows, foreign_rows, unknown_rows, foreign_owner, excess_count))

    def session(
        self, dashboard: int, opened_ns: int, subscribed_ns: int, closed_ns: int, code: int, by_us: bool
    ) -> None:
        """A socket that was closed or refused, or was open at the end of the run."""
        self._sessions.extend((dashboard, opened_ns, subscribed_ns, closed_ns, code, int(by_us)))

    def mount(self, dashboard: int, from_ns: int, until_ns: int) -> None:
        """A visit of the page that ended, or was under way at the end of the run."""
        self._mounts.extend((dashboard, from_ns, until_ns))

    def breach(self, dashboard: int, at_ns: int, breach: int) -> None:
        """A message that is not of the contract."""
        self._breaches.extend((dashboard, at_ns, breach))

    def build(self, frame: RunFrame, origin_ns: int) -> History:
        """The history on the run clock, whose zero is `origin_ns` of the recorder's clock; every table sorted."""
        plain = array("q")
        for dashboard, (at_ns, answers, own_rows, unknown_rows) in self._plain_answers.items():
            plain.extend((dashboard, at_ns, answers, own_rows, 0, unknown_rows, UNKNOWN_OWNER, 0))
        writes = _table(Writes, self._writes, origin_ns, "sent_ns")
        deliveries = _table(Deliveries, self._deliveries, origin_ns, "arrived_ns")
        explained = match(frame.organisation, deliveries, writes)
        return History(
            frame=frame,
            writes=writes,
            deliveries=replace(deliveries, write=explained),
            fetches=_table(Fetches, self._fetches, origin_ns, "sent_ns"),
            answers=_table(Answers, self._answers + plain, origin_ns, "at_ns"),
            sessions=_table(Sessions, self._sessions, origin_ns, "opened_ns"),
            mounts=_table(Mounts, self._mounts, origin_ns, "from_ns"),
            breaches=_table(Breaches, self._breaches, origin_ns, "at_ns"),
        )


def _table(kind: type[_T], flat: "array[int]", origin_ns: int, sort_by: str) -> _T:
    """The table of a flat array, its times shifted (NEVER_NS stays far beyond any time) and its rows sorted."""
    rows = np.array(flat, dtype=np.int64).reshape(-1, kind.width())
    names = list(kind.__dataclass_fields__)
    for column, name in enumerate(names):
        if name.endswith("_ns"):
            rows[:, column] = np.where(rows[:, column] >= _FAR_NS, rows[:, column], rows[:, column] - origin_ns)
    return kind.from_rows(rows[np.argsort(rows[:, names.index(sort_by)], kind="stable")])


_FAR_NS = 2**61
"""No clock of ours reaches it (73 years): what is later is NEVER_NS."""
