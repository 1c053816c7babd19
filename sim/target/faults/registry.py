"""All faults by name, and how one is asked for: NAME[:PARAM[:PARAM]]. Each file of faults has a table of its own."""

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sim.errors import UsageError
from sim.target.faults import access, answers, events, late, leaks, process, sockets, stale, writes
from sim.target.faults.base import Fault, FaultKind, Parameter

_TABLES: Final = (
    leaks.KINDS, access.KINDS, events.KINDS, late.KINDS, writes.KINDS, stale.KINDS, answers.KINDS, process.KINDS,
    sockets.KINDS,
)  # fmt: skip
KINDS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kinds in _TABLES for kind in kinds}

_WIDTH: Final = max(len(kind.asked) for kind in KINDS.values())


@dataclass(frozen=True, slots=True)
class FaultRequest:
    """A fault that was asked for, with its parameters."""

    kind: FaultKind
    parameters: tuple[float, ...]

    def make(self) -> Fault:
        """The fault itself: each server needs one of its own, since it counts."""
        return self.kind.make(self.parameters)


def parse_faults(texts: Iterable[str]) -> tuple[FaultRequest, ...]:
    """Faults from texts NAME[:PARAM[:PARAM]]; a parameter that is left out has its default.

    Raises UsageError for an unknown name, too many parameters, a parameter that is not allowed, and a name
    given twice.
    """
    requests: dict[str, FaultRequest] = {}
    for text in texts:
        request = _parse(text)
        if request.kind.name in requests:
            raise UsageError(f"fault {request.kind.name}: given twice; give it once")
        requests[request.kind.name] = request
    return tuple(requests.values())


def describe(kind: FaultKind) -> str:
    """One line: how the fault is asked for, with the defaults of its parameters, and what it does."""
    return f"{kind.asked:<{_WIDTH}}  {kind.description}"


def _parse(text: str) -> FaultRequest:
    name, *given = text.split(":")
    kind = KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, KINDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"it must be one of {', '.join(KINDS)}"
        raise UsageError(f"fault {name}: unknown; {hint}")
    if len(given) > len(kind.parameters):
        raise UsageError(f"fault {text}: it must be {kind.asked}")
    return FaultRequest(kind, _values(kind, given))


def _values(kind: FaultKind, given: Sequence[str]) -> tuple[float, ...]:
    told = [_value(kind, parameter, text) for parameter, text in zip(kind.parameters, given, strict=False)]
    return (*told, *(parameter.default for parameter in kind.parameters[len(given) :]))


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
