"""What an executor leaves of a run, whichever it is: all that the report is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sim.checks import Partials


@dataclass(frozen=True, slots=True)
class Executed:
    """A run that is over."""

    executor: str
    target: str
    partials: Partials
    history: bytes | None
    """`history.npz`, if it was to be kept."""
    reason: str | None
    """Why it is partial; None for a whole run."""
    environment: Mapping[str, object] = field(default_factory=dict)
    """What `environment.json` says of this executor."""
    target_cpu_share: float | None = None
