"""From an announced event to the sockets of its organisation, past the faults that are on."""

from sim.actors import Event
from sim.virtual.clock import Clock
from sim.virtual.faults import Faults
from sim.virtual.house import House
from sim.virtual.socket import VirtualSocket

_HELD_NS = 2_000_000_000
"""A frame that is held back for the next one to overtake it goes by then at the latest."""


class Fanout:
    """Knows who gets what it should not, besides."""

    def __init__(self, clock: Clock, houses: int, faults: Faults) -> None:
        self._clock = clock
        self._subscribed: list[dict[VirtualSocket, None]] = [{} for _ in range(houses)]
        """By organisation, in the order of their subscription."""
        self._faults = faults
        self._held: dict[VirtualSocket, Event] = {}
        self._widened: dict[VirtualSocket, int] = {}
        self._returned: dict[VirtualSocket, None] = {}
        self._victim = 0

    def announce(self, house: House, event: Event) -> None:
        """To every subscribed socket of its organisation, and to those that a fault gives it to."""
        for socket in list(self._subscribed[house.number]):
            self._forward(socket, event)
        if self._faults.turn("leak_event"):
            self._leak(house, event)
        for socket, wanted in list(self._widened.items()):
            if wanted == house.number and self._faults.turn("widen_filter"):
                self._give("widen_filter", socket, event)
        for socket in list(self._returned):
            if socket.organisation != house.number and self._faults.turn("leak_after_reconnect"):
                self._give("leak_after_reconnect", socket, event)

    def subscribe(self, socket: VirtualSocket) -> None:
        """It gets the events of its organisation from now on."""
        self._subscribed[socket.organisation][socket] = None

    def widen(self, socket: VirtualSocket, organisation: int) -> None:
        """A subscription with a filter for another organisation."""
        if self._faults.is_on("widen_filter"):
            self._widened[socket] = organisation

    def came_back(self, socket: VirtualSocket) -> None:
        """A socket of an organisation that has had one before."""
        if self._faults.is_on("leak_after_reconnect"):
            self._returned[socket] = None

    def forget(self, socket: VirtualSocket) -> None:
        """It is gone."""
        self._subscribed[socket.organisation].pop(socket, None)
        for known in (self._held, self._widened, self._returned):
            known.pop(socket, None)

    def _give(self, name: str, socket: VirtualSocket, event: Event) -> None:
        if socket.is_subscribed:
            self._faults.hit(name)
            socket.send_event(event)

    def _leak(self, house: House, event: Event) -> None:
        others = [sockets for number, sockets in enumerate(self._subscribed) if sockets and number != house.number]
        if others:
            self._victim += 1
            self._faults.hit("leak_event")
            next(iter(others[self._victim % len(others)])).send_event(event)

    def _forward(self, socket: VirtualSocket, event: Event) -> None:
        if self._faults.strikes("drop_event"):
            return
        if self._faults.strikes("cut_sockets"):
            socket.abort()
        elif self._faults.is_on("delay_event"):
            self._faults.hit("delay_event")
            late_ns = round(self._faults.value("delay_event") * 1e6)
            self._clock.at(self._clock.now_ns + late_ns, lambda _: self._send(socket, event))
        else:
            self._send(socket, event)

    def _send(self, socket: VirtualSocket, event: Event) -> None:
        if socket in self._held:
            socket.send_event(event)
            socket.send_event(self._held.pop(socket))
            self._faults.hit("reorder_event")
        elif self._faults.turn("reorder_event"):
            self._held[socket] = event
            self._clock.at(self._clock.now_ns + _HELD_NS, lambda _: self._release(socket, event))
        else:
            socket.send_event(event)
        if self._faults.strikes("duplicate_event"):
            socket.send_event(event)
        if self._faults.strikes("garbage_frame"):
            socket.send_garbage()

    def _release(self, socket: VirtualSocket, event: Event) -> None:
        if self._held.get(socket) is event:
            del self._held[socket]
            socket.send_event(event)
