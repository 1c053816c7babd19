"""Messages between the coordinator and the shares: typed records over Locust's own connection, calls in one process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
from locust.env import Environment

from sim.schedule import Stay

_PREFIX: Final = "ztna-"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Anything that is sent. `run` tells the runs of one web UI apart: what is left of an earlier one is dropped."""

    run: str


# From a share to the coordinator.


class Join(Message, frozen=True):
    """A worker is there and asks for the plan; its run is empty, since it does not know it yet."""


class Claim(Message, frozen=True):
    """A user asks for an organisation."""

    ticket: int


class Ready(Message, frozen=True):
    """What was claimed is ready for its stay."""

    number: int
    organisation: int
    adopted: list[str]
    """Machines that it was seen to have besides those of the plan."""


class GivenBack(Message, frozen=True):
    """Locust took the user away before the window began: another worker may have what it claimed."""

    number: int


class Left(Message, frozen=True):
    """The stay is over, and folded."""

    number: int


class Failed(Message, frozen=True):
    """Something went wrong that ends the run."""

    text: str


class Running(Message, frozen=True):
    """A worker's running figures: `Progress` as JSON."""

    progress: bytes


class Part(Message, frozen=True):
    """What a worker has folded since the part before; the last one ends its run."""

    partials: bytes
    until_ns: int
    """Run clock: what its organisations did until then is in it or in an earlier one."""
    history: bytes
    """`history.npz` of its organisations, if it is kept; empty else."""
    reason: str
    """Why it is cut short; empty for a whole one."""
    is_last: bool
    is_departure: bool
    """Whether this worker goes before the run is over; the others go on."""


# From the coordinator to a share.


class Planned(Message, frozen=True):
    """The plan, as `Plan.encode` gives it."""

    plan: bytes
    elapsed_ns: int | None
    """Run clock now; None before the window."""
    adopted: dict[int, list[str]]
    """As in `Begin`, so far."""


class Assigned(Message, frozen=True):
    """The answer to a claim: the number of a stay, and the stay; or that there is none to have."""

    ticket: int
    number: int
    stay: Stay | None
    workers: int
    """How many share the work at the moment."""


class Begin(Message, frozen=True):
    """The window begins after this delay."""

    delay_s: float
    adopted: dict[int, list[str]]
    """Machines besides those of the plan, by the number of the organisation that was seen to have them."""


class Pulse(Message, frozen=True):
    """The coordinator is alive."""


class Halt(Message, frozen=True):
    """End now, with what was measured."""


class Leave(Message, frozen=True):
    """The run is over."""


Handler: TypeAlias = Callable[[str, Any], None]
"""Is given the id of the node that sent the message, and the message."""


@dataclass(frozen=True, slots=True)
class Route:
    """One end of a run: which messages it takes, and where an exception in a handler is told."""

    run: str
    handlers: Mapping[type[Message], Handler]
    broken: Callable[[str], None]


class Post:
    """One per environment. The coordinator and the share of one process use the same."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._routes: dict[type[Message], Route] = {}

    def route(self, route: Route) -> None:
        """From now on these messages go there, and no longer to who had them before."""
        for kind in route.handlers:
            if kind not in self._routes:
                self._runner.register_message(_name(kind), self._receiver(kind))
            self._routes[kind] = route

    def send(self, message: Message, to: str | None = None) -> None:
        """To the coordinator; or to one share, or all of them."""
        data = msgspec.to_builtins(message, builtin_types=(bytes,))
        self._runner.send_message(_name(type(message)), data, to)

    @property
    def _runner(self) -> Any:
        return self._environment.runner

    def _receiver(self, kind: type[Message]) -> Callable[..., None]:
        def received(environment: Environment, msg: Any, **_: Any) -> None:
            del environment
            route = self._routes[kind]
            message = msgspec.convert(msg.data, kind, builtin_types=(bytes,))
            if route.run and message.run and message.run != route.run:
                return
            try:
                route.handlers[kind](msg.node_id, message)
            except Exception as error:  # Locust would log it, and the run would wait for ever
                route.broken(f"{kind.__name__.lower()}: {type(error).__name__}: {error}")

        return received


def _name(kind: type[Message]) -> str:
    return _PREFIX + kind.__name__.lower()
