"""Eviction: one sweep of one timer closes every socket that has not sent a ping for too long (contract 1)."""

import asyncio

from sim.contract import EVICTION_CODE, EVICTION_REASON
from sim.target.sockets import Socket, Sockets


class Eviction:
    """One sweep of it is `sweep`."""

    def __init__(self, sockets: Sockets, evict_after_s: float) -> None:
        self._sockets = sockets
        self._evict_after_s = evict_after_s
        self._closing: set[asyncio.Task[None]] = set()

    async def sweep(self) -> None:
        silent_since_s = asyncio.get_running_loop().time() - self._evict_after_s
        for socket in self._sockets.silent_since(silent_since_s):
            self._evict(socket)

    def _evict(self, socket: Socket) -> None:
        self._sockets.remove(socket)
        task = asyncio.create_task(socket.close(EVICTION_CODE, EVICTION_REASON))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
