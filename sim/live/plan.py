"""What a worker needs to know of a run."""

from dataclasses import dataclass, field

from sim.actors import RunRules
from sim.live.credentials import Credentials
from sim.live.owners import Owners
from sim.live.socket import Address
from sim.scenario import Scenario


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
    def rules(self) -> RunRules:
        """What all its organisations have in common."""
        return RunRules(self.scenario, self.seed)

    @property
    def window_ns(self) -> int:
        """Length of the measured window."""
        return self.rules.window_ns

    @property
    def bucket_ns(self) -> int:
        """Length of a bucket of the figures over time."""
        return self.rules.bucket_ns
