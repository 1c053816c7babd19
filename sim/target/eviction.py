"""Eviction: one sweep of one timer closes every socket that has not sent a ping for too long (contract 1)."""

import asyncio

from sim.contract import EVICTION_CODE, EVICTION_REASON
from sim.target.hooks import Hooks, Recipient
from sim.target.sockets import Sockets


class Eviction:
    """One sweep of it is `sweep`."""

    def __init__(self, sockets: Sockets, hooks: Hooks, evict_after_s: float) -> None:
        self._sockets = sockets
        self._hooks = hooks.evict
        self._evict_after_s = evict_after_s
        self._closing: set[asyncio.Task[None]] = set()

    async def sweep(self) -> None:
        silent_since_s = asyncio.get_running_loop().time() - self._evict_after_s
        for socket in self._sockets.silent_since(silent_since_s):
            if all(hook(socket) for hook in self._hooks):
                self.evict(socket)

    def evict(self, socket: Recipient) -> None:
        """Close a socket as one that was silent for too long."""
        self._sockets.remove(socket)
        task = asyncio.create_task(socket.close(EVICTION_CODE, EVICTION_REASON))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
