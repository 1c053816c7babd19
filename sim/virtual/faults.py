"""Faults of the modelled backend: the names of the reference backend's that make sense without real sockets."""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sim.errors import UsageError


@dataclass(slots=True)
class Count:
    """`hits` is how often a fault really did something, out of `opportunities`."""

    hits: int = 0
    opportunities: int = 0


EVERY: Final = 100.0
FAULTS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "leak_event": (EVERY,),
        "leak_row": (10.0,),
        "leak_count": (10.0,),
        "leak_after_reconnect": (EVERY,),
        "widen_filter": (1.0,),
        "skip_membership_ws": (1.0,),
        "skip_membership_rpc": (1.0,),
        "skip_membership_crud": (1.0,),
        "accept_expired": (1.0,),
        "accept_unsigned": (1.0,),
        "drop_event": (EVERY,),
        "duplicate_event": (EVERY,),
        "reorder_event": (EVERY,),
        "delay_event": (250.0,),
        "late_transition": (800.0,),
        "lost_write": (50.0,),
        "stale_rpc": (2000.0,),
        "wrong_count": (10.0,),
        "echo_heartbeat": (10.0,),
        "silent_crud": (1.0,),
        "freeze": (1.0, 1000.0),
        "slow_rpc": (2000.0,),
        "error_rpc": (10.0,),
        "cut_sockets": (EVERY,),
        "refuse_upgrade": (10.0,),
        "evict_early": (5.0,),
        "no_evict": (),
        "pong_silent": (1.0,),
        "garbage_frame": (EVERY,),
    }
)
"""Parameters by name, with their defaults: N (each N-th), MS, S, or AT and MS."""


_TIMED: Final = frozenset({"delay_event", "late_transition", "stale_rpc", "freeze", "slow_rpc", "evict_early"})
"""Those whose parameters are times; others come each N-th time."""


class Faults:
    """The faults that are on; what a fault is not on for costs one look-up."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """`texts` are NAME[:PARAM[:PARAM]]. Raises UsageError for any that is not allowed."""
        self._parameters = dict(map(_parsed, texts))
        self.counts = {name: Count() for name in self._parameters}

    def turn(self, name: str) -> bool:
        """One more opportunity of a fault that comes each N-th time: whether it is its turn."""
        count = self.counts.get(name)
        if count is None:
            return False
        count.opportunities += 1
        return count.opportunities % round(self._parameters[name][0]) == 0

    def hit(self, name: str) -> None:
        """It did something."""
        self.counts[name].hits += 1

    def strikes(self, name: str) -> bool:
        """`turn`, and a hit if so."""
        if not self.turn(name):
            return False
        self.hit(name)
        return True

    def is_on(self, name: str) -> bool:
        """Whether it is on."""
        return name in self._parameters

    def value(self, name: str, number: int = 0) -> float:
        """A parameter of a fault that is on."""
        return self._parameters[name][number]


def _parsed(text: str) -> tuple[str, tuple[float, ...]]:
    name, *given = text.split(":")
    if name not in FAULTS:
        near = difflib.get_close_matches(name, FAULTS, 1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(FAULTS)}"
        raise UsageError(f"fault {name}: the virtual executor has none of that name; {hint}")
    defaults = FAULTS[name]
    if len(given) > len(defaults):
        raise UsageError(f"fault {text}: it takes at most {len(defaults)} parameters")
    values = [_value(text, parameter) for parameter in given]
    if values and name not in _TIMED and not (values[0] >= 1 and values[0].is_integer()):
        raise UsageError(f"fault {text}: {given[0]!r} is not allowed; it must be a whole number of at least 1")
    return name, (*values, *defaults[len(values) :])


def _value(text: str, parameter: str) -> float:
    try:
        value = float(parameter)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"fault {text}: {parameter!r} is not allowed; it must be a number greater than 0")
    return value
