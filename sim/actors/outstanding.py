"""Which deliveries are still to come: so many are expected for each transition, until its deadline."""

from collections import deque


class Outstanding:
    """Counts, not names: what is lost is forgotten when its deadline has passed."""

    __slots__ = ("_count", "_expected", "_overdue", "_unexpired")

    def __init__(self) -> None:
        self._expected: deque[tuple[int, int]] = deque()
        self._unexpired = 0
        self._count = 0
        self._overdue = 0
        """Forgotten, and not told of yet."""

    def expect(self, count: int, deadline_ns: int) -> None:
        """So many deliveries more, until this time; deadlines never go back."""
        if count:
            self._expected.append((deadline_ns, count))
            self._unexpired += count
            self._count += count

    def arrived(self) -> None:
        """One of them arrived. It may come before it is expected: an event can overtake its answer."""
        self._count -= 1

    def expire(self, now_ns: int) -> int:
        """Forget those whose deadline has passed; how many have not come that were forgotten since the last time."""
        self._forget(now_ns)
        overdue, self._overdue = self._overdue, 0
        return overdue

    def is_clear(self, now_ns: int) -> bool:
        """Whether nothing is to come any more. To be asked while no write is under way."""
        self._forget(now_ns)
        self._count = max(0, self._count)
        return self._count == 0

    def _forget(self, now_ns: int) -> None:
        while self._expected and self._expected[0][0] <= now_ns:
            self._unexpired -= self._expected.popleft()[1]
        overdue = max(0, self._count - self._unexpired)
        self._count -= overdue
        self._overdue += overdue
