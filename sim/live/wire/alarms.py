"""Timers of one organisation: any number of alarms on one timer of the hub."""

from collections.abc import Callable
from heapq import heappop, heappush
from time import monotonic_ns

from gevent import get_hub


class Alarms:
    """Calls `ring(who, now_ns)` at or after each time that was set, never before.

    An alarm that is set again earlier rings at both times; whoever is called asks himself whether it is time. So a
    deadline that only moves later costs nothing: it is looked at when the old one rings, and set again.
    """

    __slots__ = ("_armed_ns", "_heap", "_ring", "_timer")

    def __init__(self, ring: Callable[[int, int], None]) -> None:
        self._ring = ring
        self._heap: list[tuple[int, int]] = []
        self._armed_ns = 0
        self._timer = get_hub().loop.timer(0.0)

    def set(self, who: int, at_ns: int) -> None:
        """Ring for `who` at this time of the monotonic clock."""
        heappush(self._heap, (at_ns, who))
        if not self._armed_ns or at_ns < self._armed_ns:
            self._arm(at_ns)

    def stop(self) -> None:
        """Ring no more."""
        self._heap.clear()
        self._timer.stop()

    def _arm(self, at_ns: int) -> None:
        # A new timer each time: one that is stopped and started again keeps its old deadline.
        self._timer.stop()
        self._timer.close()
        self._armed_ns = at_ns
        self._timer = get_hub().loop.timer(max(0, at_ns - monotonic_ns()) / 1e9)
        self._timer.start(self._fire, update=True)

    def _fire(self) -> None:
        now_ns = monotonic_ns()
        self._armed_ns = 0
        heap = self._heap
        try:
            while heap and heap[0][0] <= now_ns:
                self._ring(heappop(heap)[1], now_ns)
        finally:
            if heap and (not self._armed_ns or heap[0][0] < self._armed_ns):
                self._arm(heap[0][0])
