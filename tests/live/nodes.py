"""The other nodes of a run, played by the test: what is sent to them is kept, and they can say anything."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from gevent.pool import Group
from locust.env import Environment
from locust.rpc import protocol
from locust.runners import WorkerNode, WorkerNodes, WorkerRunner

from sim.live.sharing.post import Message, Post
from tests.live.waiting import Inbox

KINDS = Message.__subclasses__()
"""Every message that there is."""

Kind = TypeVar("Kind", bound=Message)
Listener = Callable[..., None]


@dataclass(frozen=True)
class Sent:
    """A message that left, and for whom: None for the coordinator."""

    message: Message
    to: str | None


class Nodes:
    """Has of Locust's runners what a `Post` and a coordinator use of them. Messages are packed as Locust packs them."""

    def __init__(self) -> None:
        self.environment = Environment()
        vars(self.environment)["runner"] = self
        self.clients = WorkerNodes()
        self.sent: Inbox[Sent] = Inbox()
        self._listeners: dict[str, Listener] = {}
        self.post = Post(self.environment)

    def register_message(self, msg_type: str, listener: Listener, concurrent: bool = False) -> None:
        assert msg_type not in self._listeners, "Locust takes one listener for a message"
        assert not concurrent, "messages would overtake each other"
        self._listeners[msg_type] = listener

    def send_message(self, msg_type: str, data: Any = None, client_id: str | None = None) -> None:
        packed = protocol.Message(msg_type, data, client_id).serialize()
        self.sent.add(Sent(_record(protocol.Message.unserialize(packed)), client_id))

    def say(self, node: str, message: Message) -> None:
        """This node sends a message."""
        name = f"ztna-{type(message).__name__.lower()}"
        data = msgspec.to_builtins(message, builtin_types=(bytes,))
        packed = protocol.Message(name, data, node).serialize()
        self._listeners[name](environment=self.environment, msg=protocol.Message.unserialize(packed))

    def connect(self, *workers: str) -> None:
        """Workers are there, as Locust's master sees them."""
        for worker in workers:
            self.clients[worker] = WorkerNode(worker)

    def told(self, kind: type[Kind], to: str | None = None) -> list[Kind]:
        """All messages of a kind that were sent to a node."""
        return [sent.message for sent in self.sent.items if isinstance(sent.message, kind) and sent.to == to]

    def await_told(self, kind: type[Kind], to: str | None = None, count: int = 1) -> Kind:
        """Turn the hub until so many of a kind were sent to a node; the last of them."""
        self.sent.wait_until(lambda: len(self.told(kind, to)) >= count)
        return self.told(kind, to)[count - 1]


class Master(Nodes, WorkerRunner):
    """The same on a worker's side: one of Locust's worker runners, whose connection leads to the test."""

    greenlet = Group()  # it has none: nothing of Locust's own runs


def _record(packed: Any) -> Message:
    (kind,) = (kind for kind in KINDS if f"ztna-{kind.__name__.lower()}" == packed.type)
    return msgspec.convert(packed.data, kind, builtin_types=(bytes,))
