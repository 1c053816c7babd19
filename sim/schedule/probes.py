"""What an organisation tries at a low rate only to see whether it is refused or granted, and when."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.scenario import Scenario
from sim.schedule.chance import Ints, Purpose, ns_of, stream


class ProbeKind(IntEnum):
    """What is tried. OWN probes are positive controls, to be granted; all others must be refused (contract 1, 5, 6)."""

    OWN_RPC = 0
    FOREIGN_RPC = 1
    OWN_ROWS = 2
    FOREIGN_ROWS = 3
    OWN_SOCKET = 4
    FOREIGN_SOCKET = 5
    FOREIGN_FILTER = 6
    """A subscription of the own socket with a filter for another organisation: it must bring none of its events."""
    OWN_PATCH = 7
    """A bare `last_seen` of an own machine: it must be granted and announced (contract 1, C9)."""
    EXPIRED_RPC = 8
    EXPIRED_ROWS = 9
    EXPIRED_SOCKET = 10
    UNSIGNED_RPC = 11
    UNSIGNED_ROWS = 12
    UNSIGNED_SOCKET = 13

    @property
    def is_control(self) -> bool:
        """Whether it must be granted."""
        return self in _CONTROLS

    @property
    def is_foreign(self) -> bool:
        """Whether it is after another organisation."""
        return self in _FOREIGN


_K = ProbeKind
_CONTROLS: Final = frozenset({_K.OWN_RPC, _K.OWN_ROWS, _K.OWN_SOCKET, _K.OWN_PATCH})
_FOREIGN: Final = frozenset({_K.FOREIGN_RPC, _K.FOREIGN_ROWS, _K.FOREIGN_SOCKET, _K.FOREIGN_FILTER})


@dataclass(frozen=True, slots=True, eq=False)
class Probing:
    """One organisation's probes, sorted by `due_ns`."""

    due_ns: Ints
    kind: NDArray[np.int8]
    """`ProbeKind`."""
    other: Ints
    """Whom it is after: number of an organisation; its own where it is not after another."""

    def within(self, from_ns: int, until_ns: int) -> "Probing":
        """What is due from `from_ns` until before `until_ns`."""
        first, end = np.searchsorted(self.due_ns, [from_ns, until_ns])
        return Probing(self.due_ns[first:end], self.kind[first:end], self.other[first:end])


def probes_for(scenario: Scenario, seed: int, organisation: int) -> Probing:
    """The probes of organisation `organisation`, counted from 0, within the measured window.

    They come at even distances from a random first one. Kinds take turns, and organisations begin at different ones,
    so that all kinds are tried early. Without another organisation there is nobody to be after.
    """
    organisations, duration_ns = scenario.fleet.organisations, ns_of(scenario.duration_s)
    kinds = [kind for kind in ProbeKind if organisations > 1 or not kind.is_foreign]
    if scenario.fleet.actors == "dashboards":
        kinds.remove(ProbeKind.OWN_PATCH)  # they only watch
    if scenario.probes.per_s == 0:
        return Probing(np.empty(0, np.int64), np.empty(0, np.int8), np.empty(0, np.int64))
    rng = stream(seed, organisation, Purpose.PROBES)
    gap_ns = max(round(organisations / scenario.probes.per_s * 1e9), 1)
    due_ns = np.arange(int(rng.integers(0, gap_ns)), duration_ns, gap_ns, dtype=np.int64)
    kind = np.array(kinds, np.int8)[(organisation + np.arange(due_ns.size)) % len(kinds)]
    others = (organisation + rng.integers(1, max(organisations, 2), due_ns.size)) % organisations
    is_foreign = np.isin(kind, list(_FOREIGN))
    return Probing(due_ns, kind, np.where(is_foreign, others, organisation).astype(np.int64))
