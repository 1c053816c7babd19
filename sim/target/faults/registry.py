"""All faults by name, and how one is asked for: NAME[:PARAM[:PARAM]]."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sim.errors import UsageError
from sim.target.faults.answers import LeakRow
from sim.target.faults.base import Fault, FaultKind, Parameter
from sim.target.faults.events import DelayEvent, DropEvent, DuplicateEvent, LeakEvent
from sim.target.faults.process import Freeze

_N: Final = Parameter("N", whole=True, smallest=1)
_DELAY: Final = Parameter("MS", whole=False, smallest=0, smallest_allowed=False)
_AFTER: Final = Parameter("AT", whole=False, smallest=0)

_KINDS: Final = (
    FaultKind(
        "leak_event",
        "each N-th event of machines also reaches one subscribed socket of another organisation",
        (_N,),
        lambda values: LeakEvent(int(values[0])),
    ),
    FaultKind(
        "leak_row",
        "each N-th dashboard answer carries one machine of another organisation, with its counts unchanged",
        (_N,),
        lambda values: LeakRow(int(values[0])),
    ),
    FaultKind(
        "drop_event",
        "each N-th event frame to a socket is not sent",
        (_N,),
        lambda values: DropEvent(int(values[0])),
    ),
    FaultKind(
        "duplicate_event",
        "each N-th event frame to a socket is sent twice",
        (_N,),
        lambda values: DuplicateEvent(int(values[0])),
    ),
    FaultKind(
        "delay_event",
        "each event frame is sent MS milliseconds later, in order",
        (_DELAY,),
        lambda values: DelayEvent(values[0]),
    ),
    FaultKind(
        "freeze",
        "AT seconds after the first heartbeat the process does nothing for MS milliseconds",
        (_AFTER, _DELAY),
        lambda values: Freeze(values[0], values[1]),
    ),
)
KINDS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kind in _KINDS}


@dataclass(frozen=True, slots=True)
class FaultRequest:
    """A fault that was asked for, with its parameters."""

    kind: FaultKind
    parameters: tuple[float, ...]

    def make(self) -> Fault:
        """The fault itself: each server needs one of its own, since it counts."""
        return self.kind.make(self.parameters)


def parse_faults(texts: Iterable[str]) -> tuple[FaultRequest, ...]:
    """Faults from texts NAME[:PARAM[:PARAM]].

    Raises UsageError for an unknown name, a wrong number of parameters, a parameter that is not allowed, and
    a name given twice.
    """
    requests: dict[str, FaultRequest] = {}
    for text in texts:
        request = _parse(text)
        if request.kind.name in requests:
            raise UsageError(f"fault {request.kind.name}: given twice; give it once")
        requests[request.kind.name] = request
    return tuple(requests.values())


def describe(kind: FaultKind) -> str:
    """One line: how the fault is asked for, and what it does."""
    asked = ":".join([kind.name, *(parameter.name for parameter in kind.parameters)])
    return f"{asked:<20} {kind.description}"


def _parse(text: str) -> FaultRequest:
    name, *given = text.split(":")
    kind = KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, KINDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"it must be one of {', '.join(KINDS)}"
        raise UsageError(f"fault {name}: unknown; {hint}")
    if len(given) != len(kind.parameters):
        asked = ":".join([name, *(parameter.name for parameter in kind.parameters)])
        raise UsageError(f"fault {text}: it must be {asked}")
    return FaultRequest(kind, _values(kind, given))


def _values(kind: FaultKind, given: Sequence[str]) -> tuple[float, ...]:
    return tuple(_value(kind, parameter, text) for parameter, text in zip(kind.parameters, given, strict=True))


def _value(kind: FaultKind, parameter: Parameter, text: str) -> float:
    try:
        value = int(text) if parameter.whole else float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and parameter.allows(value)):
        raise UsageError(
            f"fault {kind.name}: {parameter.name} {text!r} is not allowed; it must be {parameter.allowed()}"
        )
    return value
