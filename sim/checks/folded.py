"""What has been folded so far of a run: partial results that come one by one, merged a few at a time."""

from typing import Final

from sim.checks.partials import Partials, merge_all

_MERGED_AT: Final = 4
"""A merge copies what the run has so far; a part that waits for it takes up to a megabyte."""


class Folded:
    """Keeps little: one partial result of all so far, and a few that came since."""

    def __init__(self, window_ns: int, bucket_ns: int) -> None:
        self._window_ns = window_ns
        self._bucket_ns = bucket_ns
        self._parts: list[Partials] = []

    def add(self, part: Partials) -> None:
        """One more."""
        self._parts.append(part)
        if len(self._parts) >= _MERGED_AT:
            self._parts = [self.merged()]

    def merged(self) -> Partials:
        """All together."""
        return merge_all(self._parts, self._window_ns, self._bucket_ns)

    def take(self) -> Partials | None:
        """What has come since the last time, which is forgotten here; None if nothing has."""
        taken = self.merged() if self._parts else None
        self._parts = []
        return taken
