"""What a worker needs to know of a run."""

from dataclasses import dataclass, field
from typing import Final

from sim.live.credentials import Credentials
from sim.live.owners import Owners
from sim.live.socket import Address
from sim.scenario import Scenario

_LEAST_BUCKET_NS: Final = 1_000_000_000
_MOST_BUCKETS: Final = 600
"""Over time there are at most so many points: more than a plot can show, few enough to send."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: the scenario, whom to act as, and where."""

    scenario: Scenario
    seed: int
    url: str
    address: Address
    credentials: Credentials = field(repr=False)
    owners: Owners = field(repr=False)
    workers: int = 1
    keep_history: bool = False

    @property
    def window_ns(self) -> int:
        """Length of the measured window."""
        return round(self.scenario.duration_s * 1e9)

    @property
    def bucket_ns(self) -> int:
        """Length of a bucket of the figures over time: whole seconds."""
        seconds = -(-self.window_ns // (_MOST_BUCKETS * _LEAST_BUCKET_NS))
        return max(1, seconds) * _LEAST_BUCKET_NS
