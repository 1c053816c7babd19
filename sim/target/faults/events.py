"""Faults of event frames on their way to a socket: not sent, twice, out of order, or late."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from sim.target.faults.base import Count, EveryNth, Surroundings, each_nth, for_ms
from sim.target.hooks import FramePlace, FrameSender, Hooks, Recipient

LONGEST_HOLD_S: Final = 2.0
"""How long a frame waits to be overtaken: then it is sent, in order."""


class DropEvent:
    """Every n-th event frame to a socket is not sent."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append((FramePlace.HOW_OFTEN, self._pass))

    def _pass(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        if socket.live and self._every.turn():
            self.count.hits += 1
            return False
        return forward(socket, frame)


class DuplicateEvent:
    """Every n-th event frame to a socket is sent twice."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append((FramePlace.HOW_OFTEN, self._pass))

    def _pass(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        sent = forward(socket, frame)
        if sent and self._every.turn() and forward(socket, frame):
            self.count.hits += 1
        return sent


@dataclass(frozen=True, slots=True)
class _Held:
    """A frame that waits to be overtaken, and the timer that ends its waiting."""

    frame: bytes
    timer: asyncio.TimerHandle


class ReorderEvent:
    """Every n-th event frame to a socket is sent after the next one; one that overtakes is not held back itself."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)
        self._held: dict[Recipient, _Held] = {}

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append((FramePlace.ORDER, self.pass_on))

    def pass_on(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        """Send a frame, and the one that it overtakes; or hold it back: True, since it is sent later."""
        turn = socket.live and self._every.turn()
        held = self._held.pop(socket, None)
        if held is not None:
            held.timer.cancel()
            sent = forward(socket, frame)
            if forward(socket, held.frame) and sent:
                self.count.hits += 1
            return sent
        if turn:
            timer = asyncio.get_running_loop().call_later(LONGEST_HOLD_S, self._release, forward, socket)
            self._held[socket] = _Held(frame, timer)
            return True
        return forward(socket, frame)

    def _release(self, forward: FrameSender, socket: Recipient) -> None:
        forward(socket, self._held.pop(socket).frame)


class DelayEvent:
    """Every event frame is sent `delay_ms` later; one queue keeps the order that timers alone do not."""

    def __init__(self, delay_ms: float) -> None:
        self.count = Count()
        self._delay_s = delay_ms / 1_000
        self._waiting: deque[tuple[FrameSender, Recipient, bytes]] = deque()

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append((FramePlace.WHEN, self.pass_on))

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


KINDS: Final = (
    each_nth("drop_event", 100, "each N-th event frame to a socket is not sent", DropEvent),
    each_nth("duplicate_event", 100, "each N-th event frame to a socket is sent twice", DuplicateEvent),
    each_nth(
        "reorder_event",
        100,
        f"each N-th event frame to a socket is sent after the next one, or after {LONGEST_HOLD_S:g} s in order",
        ReorderEvent,
    ),
    for_ms("delay_event", 250, "each event frame is sent MS milliseconds later, in order", DelayEvent),
)
