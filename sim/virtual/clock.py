"""Virtual time: what is planned happens in the order of its time, and of equal times in the order of planning."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

Step = Callable[[int], None]
"""Something to do at a time (ns), which it is told."""


class Clock:
    """Time passes only from one planned step to the next."""

    __slots__ = ("_numbers", "_steps", "now_ns")

    def __init__(self) -> None:
        self.now_ns = 0
        """For reading only."""
        self._steps: list[tuple[int, int, Step]] = []
        self._numbers = count()

    def at(self, time_ns: int, step: Step) -> None:
        """Plan a step; one that is planned for the past happens next."""
        heappush(self._steps, (time_ns, next(self._numbers), step))

    def run(self, until_ns: int) -> None:
        """Let time pass until then, all steps of that very time included."""
        steps = self._steps
        while steps and steps[0][0] <= until_ns:
            at_ns, _, step = heappop(steps)
            if at_ns > self.now_ns:
                self.now_ns = at_ns
            step(self.now_ns)
        self.now_ns = max(self.now_ns, until_ns)
