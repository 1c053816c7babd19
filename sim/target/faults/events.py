"""Faults of event frames: to the wrong socket, not at all, twice, or late."""

import asyncio
from collections import deque

from sim.contract import MACHINES_CHANNEL
from sim.target.faults.base import Count, EveryNth, Surroundings
from sim.target.frames import text_frame
from sim.target.hooks import Announced, FrameSender, Hooks, Recipient
from sim.target.sockets import Sockets


class LeakEvent:
    """Every n-th event of machines also goes to one subscribed socket of one other organisation, in turn.

    The leaked frame takes no way past other faults, so that each count is of its own fault.
    """

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)
        self._turn = 0

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._sockets: Sockets = surroundings.sockets
        hooks.announced.append(self._announced)

    def _announced(self, event: Announced) -> None:
        if event.channel == MACHINES_CHANNEL and self._every.turn():
            victim = self._victim(event.organisation)
            if victim is not None and victim.send(text_frame(event.message)):
                self.count.hits += 1

    def _victim(self, source: str) -> Recipient | None:
        others = [name for name in self._sockets.organisations(MACHINES_CHANNEL) if name != source]
        for _ in others:
            turn, self._turn = self._turn, self._turn + 1
            organisation = others[turn % len(others)]
            sockets = [socket for socket in self._sockets.subscribed(organisation, MACHINES_CHANNEL) if socket.live]
            if sockets:
                return sockets[turn // len(others) % len(sockets)]
        return None


class DropEvent:
    """Every n-th event frame to a socket is not sent."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append(self._pass)

    def _pass(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        if socket.live and self._every.turn():
            self.count.hits += 1
            return True
        return forward(socket, frame)


class DuplicateEvent:
    """Every n-th event frame to a socket is sent twice."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append(self._pass)

    def _pass(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        sent = forward(socket, frame)
        if sent and self._every.turn() and forward(socket, frame):
            self.count.hits += 1
        return sent


class DelayEvent:
    """Every event frame is sent `delay_ms` later; one queue keeps the order that timers alone do not."""

    def __init__(self, delay_ms: float) -> None:
        self.count = Count()
        self._delay_s = delay_ms / 1_000
        self._waiting: deque[tuple[FrameSender, Recipient, bytes]] = deque()

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append(self.pass_on)

    def pass_on(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        """Take a frame; True, since it is sent later if its socket is still there then."""
        self.count.opportunities += 1
        self._waiting.append((forward, socket, frame))
        asyncio.get_running_loop().call_later(self._delay_s, self._send_oldest)
        return True

    def _send_oldest(self) -> None:
        forward, socket, frame = self._waiting.popleft()
        if forward(socket, frame):
            self.count.hits += 1
