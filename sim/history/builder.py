"""Collects the facts of one organisation while they happen, and turns them into a `History`."""

from array import array
from dataclasses import replace
from typing import TypeVar

import numpy as np

from sim.history.columns import (
    NEVER_NS,
    NO_LAST_SEEN,
    UNEXPLAINED,
    UNKNOWN_OWNER,
    Answers,
    Breaches,
    Deliveries,
    Fetches,
    History,
    Ints,
    Machines,
    Mounts,
    Probes,
    RunFrame,
    Sessions,
    States,
    Table,
    WriteKind,
    Writes,
    column_names,
)
from sim.history.matching import match
from sim.history.truth import machines_at, states_at

_T = TypeVar("_T", bound=Table)


class HistoryBuilder:
    """One flat array of int64 per table: a fact costs one `extend`, 8 bytes a column, and nothing for the collector.

    Times given to it are of any one monotonic clock; `build` and `cut` shift them to the run clock.
    """

    __slots__ = (
        "_answers",
        "_breaches",
        "_deliveries",
        "_fetches",
        "_is_stamped",
        "_machines",
        "_mounts",
        "_plain_answers",
        "_probes",
        "_sessions",
        "_states",
        "_writes",
    )

    def __init__(self) -> None:
        self._machines = array("q")
        self._states = array("q")
        self._is_stamped = False
        self._clear()

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
        kind: int = WriteKind.HEARTBEAT,
        last_seen_ms: int = NO_LAST_SEEN,
    ) -> None:
        """A write that was answered, failed, or is given up."""
        self._writes.extend(
            (machine, status, before, due_ns, ready_ns, sent_ns, acked_ns, http_status, kind, last_seen_ms)
        )

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

    def fetch(
        self,
        dashboard: int,
        cause: int,
        sent_ns: int,
        ended_ns: int,
        outcome: int,
        attempts: int,
        asked_ns: int,
        failures: int,
    ) -> None:
        """A refetch that ended, or was open at the end of the run."""
        self._fetches.extend((dashboard, cause, sent_ns, ended_ns, outcome, attempts, asked_ns, failures))

    def state(self, dashboard: int, at_ns: int, machine: int, status: int) -> None:
        """A dashboard shows another status of a machine than before."""
        self._states.extend((dashboard, at_ns, machine, status))

    def machine(self, machine: int, at_ns: int, status: int, contact_ns: int) -> None:
        """What the target says of a machine before the dashboards are opened."""
        self._machines.extend((machine, at_ns, status, contact_ns))

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
        miscount: int,
    ) -> None:
        """An answer with rows or counts that are not the organisation's own, or not right."""
        self._answers.extend(
            (dashboard, at_ns, 1, own_rows, foreign_rows, unknown_rows, foreign_owner, excess_count, miscount)
        )

    def session(
        self,
        dashboard: int,
        opened_ns: int,
        subscribed_ns: int,
        closed_ns: int,
        code: int,
        by_us: bool,
        silent_ns: int,
        unponged_ns: int = NEVER_NS,
    ) -> None:
        """A socket that was closed or refused, or was open at the end of the run or where it is cut."""
        self._sessions.extend(
            (dashboard, opened_ns, subscribed_ns, closed_ns, code, int(by_us), silent_ns, unponged_ns)
        )

    def mount(self, dashboard: int, from_ns: int, until_ns: int) -> None:
        """A visit of the page that ended, or was under way at the end of the run or where it is cut."""
        self._mounts.extend((dashboard, from_ns, until_ns))

    def breach(self, dashboard: int, at_ns: int, breach: int) -> None:
        """A message that is not of the contract."""
        self._breaches.extend((dashboard, at_ns, breach))

    def probe(self, kind: int, at_ns: int, ended_ns: int, other: int, outcome: int, code: int) -> None:
        """A probe that ended."""
        self._probes.extend((kind, at_ns, ended_ns, other, outcome, code))

    def build(self, frame: RunFrame, origin_ns: int) -> History:
        """The history on the run clock, whose zero is `origin_ns` of the recorder's clock; every table sorted."""
        plain = array("q")
        for dashboard, (at_ns, answers, own_rows, unknown_rows) in self._plain_answers.items():
            plain.extend((dashboard, at_ns, answers, own_rows, 0, unknown_rows, UNKNOWN_OWNER, 0, 0))
        writes = _table(Writes, self._writes, origin_ns, "sent_ns")
        deliveries = _table(Deliveries, self._deliveries, origin_ns, "arrived_ns")
        explained = match(frame.organisation, deliveries, writes, self._is_stamped)
        return History(
            frame=frame,
            writes=writes,
            deliveries=replace(deliveries, write=explained),
            fetches=_table(Fetches, self._fetches, origin_ns, "sent_ns"),
            answers=_table(Answers, self._answers + plain, origin_ns, "at_ns"),
            sessions=_table(Sessions, self._sessions, origin_ns, "opened_ns"),
            mounts=_table(Mounts, self._mounts, origin_ns, "from_ns"),
            breaches=_table(Breaches, self._breaches, origin_ns, "at_ns"),
            states=_table(States, self._states, origin_ns, "at_ns"),
            machines=_table(Machines, self._machines, origin_ns, "machine"),
            probes=_table(Probes, self._probes, origin_ns, "at_ns"),
        )

    def cut(self, frame: RunFrame, origin_ns: int) -> History:
        """The history of a part that ends here, and the beginning of the next one, with what is known and shown now.

        What is open (sockets, visits) must have been noted for the part that ends, and is noted again later.
        """
        history = self.build(frame, origin_ns)
        self._is_stamped |= bool((history.deliveries.last_seen_ms != NO_LAST_SEEN).any())
        self._clear()
        self._machines = _flat(machines_at(history), origin_ns)
        self._states = _flat(states_at(history), origin_ns)
        return history

    def _clear(self) -> None:
        self._writes = array("q")
        self._deliveries = array("q")
        self._fetches = array("q")
        self._answers = array("q")
        self._sessions = array("q")
        self._mounts = array("q")
        self._breaches = array("q")
        self._probes = array("q")
        self._plain_answers: dict[int, list[int]] = {}


def _table(kind: type[_T], flat: "array[int]", origin_ns: int, sort_by: str) -> _T:
    """The table of a flat array, its times shifted and its rows sorted."""
    rows = _shifted(kind, np.array(flat, dtype=np.int64).reshape(-1, kind.width()), -origin_ns)
    names = column_names(kind)
    return kind.from_rows(rows[np.argsort(rows[:, names.index(sort_by)], kind="stable")])


def _flat(table: Table, origin_ns: int) -> "array[int]":
    """The flat array of a table, back on the recorder's clock."""
    return array("q", _shifted(type(table), table.rows(), origin_ns).tobytes())


def _shifted(kind: type[Table], rows: Ints, by_ns: int) -> Ints:
    """The rows with all times moved; NEVER_NS, and what is as long ago, stays."""
    for column, name in enumerate(column_names(kind)):
        if name.endswith("_ns"):
            times = rows[:, column]
            rows[:, column] = np.where(np.abs(times) >= _FAR_NS, times, times + by_ns)
    return rows


_FAR_NS = 2**61
"""No clock of ours reaches it (73 years): what is later is NEVER_NS."""
