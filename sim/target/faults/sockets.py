"""Faults of sockets: refused, cut, closed too early or never, half closed, unanswered, fed with garbage."""

import asyncio
from typing import Final

from sim.contract import ErrorCode
from sim.target.envelope import RequestError
from sim.target.eviction import Eviction
from sim.target.faults.base import Count, EveryNth, FaultKind, Parameter, Surroundings, each_nth
from sim.target.frames import text_frame
from sim.target.hooks import Call, ClientFrame, Door, FramePlace, FrameSender, Hooks, Recipient

GARBAGE: Final = text_frame(b'{"type":"event","channel":"machi')
"""A text frame that breaks off in the middle: no JSON."""


class CutSockets:
    """Every n-th event frame to a socket is not sent; its connection ends there, with no close frame."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append((FramePlace.SOCKET, self._pass))

    def _pass(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        if socket.live and self._every.turn():
            socket.cut()
            self.count.hits += 1
            return False
        return forward(socket, frame)


class RefuseUpgrade:
    """Every n-th upgrade that would be granted is refused before it."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.granted.append(self._granted)

    async def _granted(self, call: Call) -> None:
        if call.door is Door.SOCKET and self._every.turn():
            self.count.hits += call.live
            raise RequestError(503, ErrorCode.INTERNAL_ERROR, "the fault refuse_upgrade is on")


class EvictEarly:
    """A socket is evicted `after_s` after it was opened or sent its last ping, whatever the sweep says."""

    def __init__(self, after_s: float) -> None:
        self.count = Count()
        self._after_s = after_s
        self._timers: dict[Recipient, asyncio.TimerHandle] = {}

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._eviction: Eviction = surroundings.eviction
        hooks.opened.append(self._opened)
        hooks.closed.append(self._closed)

    def _opened(self, socket: Recipient) -> None:
        self.count.opportunities += 1
        self._look_after(self._after_s, socket)

    def _closed(self, socket: Recipient) -> None:
        self._timers.pop(socket).cancel()

    def _look_after(self, wait_s: float, socket: Recipient) -> None:
        self._timers[socket] = asyncio.get_running_loop().call_later(wait_s, self._look, socket)

    def _look(self, socket: Recipient) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s < socket.last_ping_s + self._after_s:
            self._look_after(socket.last_ping_s + self._after_s - now_s, socket)
            return
        self.count.hits += socket.live
        self._eviction.evict(socket)


class NoEvict:
    """No sweep evicts anybody; a socket that a sweep would have evicted counts once."""

    def __init__(self) -> None:
        self.count = Count()
        self._kept: set[Recipient] = set()

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.evict.append(self._keep)
        hooks.closed.append(self._kept.discard)

    def _keep(self, socket: Recipient) -> bool:
        if socket not in self._kept:
            self._kept.add(socket)
            self.count.opportunities += 1
            self.count.hits += 1
        return False


class PongSilent:
    """Every n-th ping is not answered; it keeps its socket from being evicted all the same."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.received.append(self._received)

    def _received(self, socket: Recipient, frame: ClientFrame) -> bool:
        silent = frame.type == "ping" and socket.live and self._every.turn()
        self.count.hits += silent
        return not silent


class GarbageFrame:
    """After every n-th event frame to a socket comes one that is none of the contract's."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.frame.append((FramePlace.SOCKET, self._pass))

    def _pass(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        sent = forward(socket, frame)
        if sent and self._every.turn():
            self.count.hits += socket.send(GARBAGE)
        return sent


class HalfClose:
    """Of every n-th socket that subscribes, the sending half ends after its first event frame; it is still read."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)
        self._subscribed: set[Recipient] = set()
        self._chosen: set[Recipient] = set()

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.received.append(self._received)
        hooks.frame.append((FramePlace.SOCKET, self._pass))
        hooks.closed.append(self._closed)

    def _received(self, socket: Recipient, frame: ClientFrame) -> bool:
        if frame.type == "subscribe" and socket not in self._subscribed:
            self._subscribed.add(socket)
            if self._every.turn():
                self._chosen.add(socket)
        return True

    def _pass(self, forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        sent = forward(socket, frame)
        if sent and socket in self._chosen:
            self._chosen.remove(socket)
            socket.end_sending()
            self.count.hits += 1
        return sent

    def _closed(self, socket: Recipient) -> None:
        self._subscribed.discard(socket)
        self._chosen.discard(socket)


KINDS: Final = (
    each_nth(
        "cut_sockets",
        100,
        "each N-th event frame to a socket is not sent: its connection ends there, with no close frame",
        CutSockets,
    ),
    each_nth("refuse_upgrade", 10, "each N-th upgrade that would be granted is refused with 503", RefuseUpgrade),
    FaultKind(
        "evict_early",
        "a socket is evicted S seconds after it was opened or sent its last ping, whatever the sweep says",
        (Parameter("S", 5, False, 0, smallest_allowed=False),),
        lambda values: EvictEarly(values[0]),
    ),
    FaultKind("no_evict", "no sweep evicts any socket", (), lambda _: NoEvict()),
    each_nth("pong_silent", 1, "each N-th ping is not answered; it counts as one all the same", PongSilent),
    each_nth(
        "garbage_frame", 100, "after each N-th event frame to a socket comes a text frame that is no JSON", GarbageFrame
    ),
    each_nth(
        "half_close",
        10,
        "of each N-th socket that subscribes the server ends its sending half after the first event, and still reads",
        HalfClose,
    ),
)
