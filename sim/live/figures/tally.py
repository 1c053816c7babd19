"""Running figures of this process: for the live display and for Locust's own statistics. No verdict rests on them.

Thousands of events come per second and the figures are looked at twice in it, so an event is only noted, and what was
noted is counted when somebody looks.
"""

from array import array
from collections.abc import Sequence
from time import monotonic_ns
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.dashboard import Cause
from sim.stats import Histogram

Ints = NDArray[np.int64]

DELIVERY: Final = "delivery"
EVENT_TO_REFETCH: Final = "event-to-refetch"
_HEARTBEAT: Final = "heartbeat"
_PAGES: Final = {Cause.LOAD: "first load", Cause.POLL: "poll"}
_REFETCH: Final = "refetch"
_TOO_MANY: Final = 429  # RFC 6585, section 4


class Failure(NamedTuple):
    """A request without the answer that was asked for."""

    took_ns: int
    reason: str


class Row(NamedTuple):
    """What Locust's statistics are to be told of one kind of request or event."""

    kind: str
    """Its type: HTTP, or WS for what events of a socket stand for."""
    name: str
    took_ns: Ints
    """Of those that succeeded."""
    failures: Sequence[Failure] = ()


class Times:
    """Durations of one kind, in nanoseconds; negative ones, which clocks make, count as 0."""

    __slots__ = ("_counted", "_histogram", "_noted", "note")

    def __init__(self) -> None:
        self._noted = array("q")
        self._counted = 0
        self._histogram = Histogram()
        self.note = self._noted.append
        """Note one."""

    @property
    def histogram(self) -> Histogram:
        """All that were noted since the start."""
        self._histogram.record_many(_positive(self._noted[self._counted :]))
        self._counted = len(self._noted)
        return self._histogram

    def take(self) -> Ints:
        """Those that were noted since the last time that they were taken."""
        self._histogram.record_many(_positive(self._noted[self._counted :]))
        taken = _positive(self._noted)
        del self._noted[:]
        self._counted = 0
        return taken


class Tally:
    """Counts since the start; times, and what a refetch stands for, since the window began."""

    def __init__(self) -> None:
        self.deliveries = 0
        self.refetches = 0
        self.collapsed = 0
        """Deliveries since the window began."""
        self.caused = 0
        """Refetches since then that deliveries caused."""
        self.writes = 0
        self.leaks = 0
        self.overdue = 0
        self.subscribed = 0
        self.answers = 0
        self.full = 0
        """Sockets that were refused since there are too many (429, contract 1)."""
        self.last_failure = ""
        self.failing_since_ns = 0
        """When the first connection failed after the last answer; 0 while the target answers."""
        self.event_to_refetch = Times()
        self.delivery = Times()
        self.debounce = Times()
        self.refetch = Times()
        self.write = Times()
        self.lateness = Times()
        self.measuring = False
        self._arrivals = Times()
        self._pages = {name: Times() for name in (_REFETCH, *_PAGES.values())}
        self._failures: dict[str, list[Failure]] = {name: [] for name in (_HEARTBEAT, *self._pages)}

    def written(self, took_ns: int, late_ns: int, status: int, reason: str) -> None:
        """A heartbeat ended."""
        self.writes += 1
        self.answered(status, reason)
        if self.measuring:
            self.lateness.note(late_ns)
            if 200 <= status < 300:
                self.write.note(took_ns)
            else:
                self._failures[_HEARTBEAT].append(Failure(took_ns, reason or f"answered {status}"))

    def delivered(self, took_ns: int) -> None:
        """An event arrived, so long after its write was sent; 0 for one that none of our heartbeats caused."""
        self.deliveries += 1
        if self.measuring:
            self.collapsed += 1
            if took_ns:
                self._arrivals.note(took_ns)

    def refetch_caused(self) -> None:
        """A refetch left since a delivery had come."""
        if self.measuring:
            self.caused += 1

    def refetched(self, cause: Cause, took_ns: int, status: int, reason: str) -> None:
        """A refetch's request ended."""
        self.refetches += 1
        self.answered(status, reason)
        if self.measuring:
            name = _PAGES.get(cause, _REFETCH)
            if 200 <= status < 300:
                self._pages[name].note(took_ns)
            else:
                self._failures[name].append(Failure(took_ns, reason or f"answered {status}"))

    def shown(self, delivery_ns: int, debounce_ns: int, refetch_ns: int) -> None:
        """A refetch showed an event: the three segments that make up event-to-refetch."""
        if self.measuring:
            self.delivery.note(delivery_ns)
            self.debounce.note(debounce_ns)
            self.refetch.note(refetch_ns)
            self.event_to_refetch.note(delivery_ns + debounce_ns + refetch_ns)

    def deliveries_overdue(self, count: int) -> None:
        """So many deliveries did not come before their deadline, or their socket was cut meanwhile."""
        self.overdue += count

    def subscriptions(self, change: int) -> None:
        """So many more dashboards are subscribed."""
        self.subscribed += change

    def leaked(self, count: int) -> None:
        """Events, rows or counts of another organisation were seen."""
        self.leaks += count

    def failed(self, what: str) -> None:
        """Something went wrong that says why others wait."""
        self.last_failure = what

    def answered(self, status: int, reason: str) -> None:
        """Some request ended: an answer of any status says that the target is there."""
        if status:
            self.answers += 1
            self.failing_since_ns = 0
            if status >= 400:
                self.last_failure = reason or f"answered {status}"
        else:
            self.last_failure = reason
            self.failing_since_ns = self.failing_since_ns or monotonic_ns()

    def refused(self, status: int, reason: str) -> None:
        """An upgrade ended without a socket."""
        self.answered(status, reason)
        self.full += status == _TOO_MANY

    def take_rows(self) -> list[Row]:
        """What Locust's statistics are to be told since the last time: never a ratio, which would spoil its sums."""
        for times in (self.delivery, self.debounce, self.refetch, self.lateness):
            times.take()  # no rows of their own: the first is in the arrivals, the others are no answer of anybody
        requests = {_HEARTBEAT: self.write, **self._pages}
        rows = [Row("HTTP", name, times.take(), self._taken_failures(name)) for name, times in requests.items()]
        rows.append(Row("WS", DELIVERY, self._arrivals.take()))
        rows.append(Row("WS", EVENT_TO_REFETCH, self.event_to_refetch.take()))
        return [row for row in rows if row.took_ns.size or row.failures]

    def _taken_failures(self, name: str) -> list[Failure]:
        taken, self._failures[name] = self._failures[name], []
        return taken


def _positive(noted: "array[int]") -> Ints:
    return np.maximum(np.array(noted, np.int64), 0)
