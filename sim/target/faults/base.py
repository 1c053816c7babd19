"""What every fault is: parameters, a place to take hold, and counts of what it really did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sim.target.eviction import Eviction
from sim.target.hooks import Hooks
from sim.target.sockets import Sockets
from sim.target.store import Store


@dataclass(slots=True)
class Count:
    """`hits` are frames, rows, answers, requests or events that were affected; `opportunities` those that could be."""

    hits: int = 0
    opportunities: int = 0


class EveryNth:
    """Says of each N-th opportunity that its turn has come; the first is number 1."""

    def __init__(self, n: int, count: Count) -> None:
        self._n = n
        self._count = count

    def turn(self) -> bool:
        self._count.opportunities += 1
        return self._count.opportunities % self._n == 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a fault may look at, and use. The store is the one behind all faults."""

    sockets: Sockets
    eviction: Eviction
    store: Store


class Fault(Protocol):
    """A fault that is on."""

    @property
    def count(self) -> Count: ...

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        """Take hold of the server; called once, before it serves."""
        ...


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a fault takes: its name with the unit, what it is if it is not given, and what is allowed."""

    name: str
    default: float
    whole: bool
    smallest: float
    smallest_allowed: bool = True

    def allows(self, value: float) -> bool:
        return value > self.smallest or (self.smallest_allowed and value == self.smallest)

    def allowed(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} {'of at least' if self.smallest_allowed else 'greater than'} {self.smallest:g}"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that can be asked for: one line that says what it does, its parameters, and how to make it."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    make: Callable[[Sequence[float]], Fault]

    @property
    def asked(self) -> str:
        """How it is asked for: NAME[:PARAM=default[:PARAM=default]]."""
        text = ""
        for parameter in reversed(self.parameters):
            text = f"[:{parameter.name}={parameter.default:g}{text}]"
        return self.name + text


def each_nth(name: str, n: int, description: str, make: Callable[[int], Fault]) -> FaultKind:
    """A fault of each N-th opportunity; `n` if none is given."""
    return FaultKind(name, description, (Parameter("N", n, True, 1),), lambda values: make(int(values[0])))


def for_ms(name: str, ms: float, description: str, make: Callable[[float], Fault]) -> FaultKind:
    """A fault that lasts MS milliseconds; `ms` if none are given."""
    return FaultKind(name, description, (duration_ms(ms),), lambda values: make(values[0]))


def duration_ms(ms: float) -> Parameter:
    """Milliseconds of a fault."""
    return Parameter("MS", ms, False, 0, smallest_allowed=False)
