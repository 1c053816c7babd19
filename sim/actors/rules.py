"""What all organisations of a run have in common."""

from dataclasses import dataclass
from typing import Final

from sim.scenario import Scenario

_LEAST_BUCKET_NS: Final = 1_000_000_000
_MOST_BUCKETS: Final = 600
"""Over time there are at most so many points: more than a plot can show, few enough to send."""


@dataclass(frozen=True, slots=True)
class RunRules:
    """The scenario and the seed, and what follows from them."""

    scenario: Scenario
    seed: int

    @property
    def window_ns(self) -> int:
        """Length of the measured window."""
        return round(self.scenario.duration_s * 1e9)

    @property
    def bucket_ns(self) -> int:
        """Length of a bucket of the figures over time: whole seconds."""
        seconds = -(-self.window_ns // (_MOST_BUCKETS * _LEAST_BUCKET_NS))
        return max(1, seconds) * _LEAST_BUCKET_NS
