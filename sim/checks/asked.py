"""What can be asked of a run in which not all actors take part: agents alone, or dashboards alone."""

from collections.abc import Mapping
from typing import Final

import msgspec

from sim.checks.partials import CHECKS, Partials
from sim.scenario import Actors

_BOTH: Final[frozenset[Actors]] = frozenset({"all"})
_AGENTS: Final[frozenset[Actors]] = frozenset({"all", "agents"})
_DASHBOARDS: Final[frozenset[Actors]] = frozenset({"all", "dashboards"})
_ANYBODY: Final = _AGENTS | _DASHBOARDS

_CHECKS: Final[Mapping[str, frozenset[Actors]]] = {
    "generator": _ANYBODY,
    "latency": _BOTH,
    "collapse": _DASHBOARDS,
    "excess": _DASHBOARDS,
    "loss": _BOTH,
    "order": _BOTH,
    "announcements": _BOTH,
    "leakage": _DASHBOARDS,
    "refusals": _ANYBODY,
    "convergence": _BOTH,
    "staleness": _BOTH,
    "starvation": _BOTH,
    "blind": _DASHBOARDS,
    "availability": _ANYBODY,
    "protocol": _ANYBODY,
}
"""By whom a check can be answered: whether an event was lost, whoever sees both its write and the dashboards knows."""

_FIGURES: Final[Mapping[str, frozenset[Actors]]] = {
    "write": _AGENTS,
    "write_from_due": _AGENTS,
    "lateness": _AGENTS,
    "blocked": _AGENTS,
    "handling": _DASHBOARDS,
    "load": _ANYBODY,
}
"""The same for sections of figures that are no check of that name; all other latencies need both."""


def is_asked(name: str, actors: Actors) -> bool:
    """Whether a check is asked of a run with these actors."""
    return actors in _CHECKS[name]


def as_asked(partials: Partials, actors: Actors) -> Partials:
    """The partial results without those of checks that are not asked: what they saw is half of what they need.

    Latencies stay: each is of one kind of event, and those that nobody saw are empty.
    """
    unasked = [check for check in CHECKS if not is_asked(check.name, actors) and check.name != "latency"]
    empty = {check.name: check.empty for check in unasked}
    return msgspec.structs.replace(partials, **empty)


def is_asked_for(path: str, actors: Actors) -> bool:
    """Whether an objective's figure, such as `delivery.p95_ms`, can be measured by a run with these actors."""
    section = path.partition(".")[0]
    return actors in _FIGURES.get(section, _CHECKS.get(section, _BOTH))
