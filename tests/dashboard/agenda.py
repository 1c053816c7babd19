"""A discrete-event clock for the tests: what is to be done, in order of time, then of entry."""

import heapq
from collections.abc import Callable
from itertools import count

Deed = Callable[[int], None]
"""Something to do at a time (ns), which it is told."""


class Agenda:
    """Deeds in order of their times."""

    def __init__(self) -> None:
        self._deeds: list[tuple[int, int, Deed]] = []
        self._order = count()

    def add(self, at_ns: int, deed: Deed) -> None:
        """Do that then."""
        heapq.heappush(self._deeds, (at_ns, next(self._order), deed))

    def run(self, until_ns: int) -> None:
        """Do all that is due by then, and what those deeds add."""
        while self._deeds and self._deeds[0][0] <= until_ns:
            at_ns, _, deed = heapq.heappop(self._deeds)
            deed(at_ns)
