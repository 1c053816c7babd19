"""What an executor leaves of a run, whichever it is: all that its summary, its folder and its report are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sim.checks import Partials
from sim.results.conclude import RunFacts, summarise
from sim.results.summary import Summary
from sim.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A run that is over."""

    scenario: Scenario
    started: datetime
    """UTC."""
    executor: str
    target: str
    partials: Partials
    history: bytes | None = None
    """`history.npz`, if it was to be kept."""
    reason: str | None = None
    """Why it is partial; None for a whole run."""
    environment: Mapping[str, object] = field(default_factory=dict)
    """What `environment.json` says of this executor."""
    target_cpu_share: float | None = None

    def summary(self) -> Summary:
        """The summary: pure, the same run gives the same one."""
        facts = RunFacts(
            scenario=self.scenario.name,
            question=self.scenario.question,
            seed=self.scenario.seed,
            started_utc=f"{self.started:%Y-%m-%dT%H:%M:%SZ}",
            executor=self.executor,
            target=self.target,
            actors=self.scenario.fleet.actors,
            reason=self.reason,
            target_cpu_share=self.target_cpu_share,
        )
        return summarise(self.partials, facts, self.scenario.objectives)
