"""Running figures of this process: for the live display and for Locust's own statistics. No verdict rests on them."""

from collections import deque
from time import monotonic_ns
from typing import NamedTuple

from sim.stats import Histogram


class Entry(NamedTuple):
    """One row for Locust's statistics."""

    kind: str
    name: str
    milliseconds: float
    failure: str


class Tally:
    """Counts since the start; latencies of the measured window."""

    def __init__(self) -> None:
        self.deliveries = 0
        self.refetches = 0
        self.writes = 0
        self.leaks = 0
        self.subscribed = 0
        self.answers = 0
        self.last_failure = ""
        self.failing_since_ns = 0
        """When the first connection failed after the last answer; 0 while the target answers."""
        self.event_to_refetch = Histogram()
        self.lateness = Histogram()
        self.entries: deque[Entry] = deque()
        self.measuring = False

    def write(self, took_ns: int, late_ns: int, status: int, reason: str) -> None:
        """A heartbeat ended."""
        self.writes += 1
        self.answered(status, reason)
        if self.measuring:
            self.lateness.record(max(late_ns, 0))
            failure = "" if 200 <= status < 300 else reason or f"answered {status}"
            self.entries.append(Entry("POST", "heartbeat", took_ns / 1e6, failure))

    def delivery(self, took_ns: int) -> None:
        """An event of a heartbeat of ours arrived."""
        self.deliveries += 1
        if self.measuring:
            self.entries.append(Entry("WS", "delivery", took_ns / 1e6, ""))

    def refetch(self, took_ns: int, status: int, reason: str) -> None:
        """A refetch's request ended."""
        self.refetches += 1
        self.answered(status, reason)
        if self.measuring:
            failure = "" if 200 <= status < 300 else reason or f"answered {status}"
            self.entries.append(Entry("POST", "refetch", took_ns / 1e6, failure))

    def shown(self, took_ns: int) -> None:
        """A refetch showed an event."""
        if self.measuring:
            self.event_to_refetch.record(max(took_ns, 0))
            self.entries.append(Entry("WS", "event-to-refetch", took_ns / 1e6, ""))

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
