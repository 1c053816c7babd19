"""The sockets between the tabs and the scripted server, and what the script does to them."""

from collections import defaultdict
from collections.abc import Sequence

from sim.dashboard import Page
from sim.virtual.clock import Clock
from sim.virtual.page.delays import (
    ACCEPT_NS,
    CLOSE_NS,
    CONFIRM_NS,
    DELIVERY_NS,
    FAIL_NS,
    FIRST_UPGRADE_NS,
    LEAVE_CLOSE_NS,
    MS_NS,
    OPEN_NS,
    REFUSED_NS,
    SERVER_CLOSE_NS,
    SUBSCRIBE_NS,
    UPGRADE_NS,
)
from sim.virtual.page.script import Script
from sim.virtual.page.sockets import EVICTED, GOING_AWAY, NO_CODE, UNAVAILABLE, Socket
from sim.virtual.page.tab import Step, Tab, event
from sim.virtual.page.throttle import Throttle


class Realtime:
    """All sockets, in the order of their upgrades."""

    def __init__(self, clock: Clock, script: Script, zero_ns: int) -> None:
        self._clock = clock
        self._script = script
        self._zero_ns = zero_ns
        self._current: dict[Tab, Socket] = {}
        self._throttles: defaultdict[Tab, Throttle] = defaultdict(Throttle)
        self._offline = False
        self.upgraded: list[Socket] = []

    # What the page does.

    def connect(self, now_ns: int, tab: Tab) -> None:
        """The page opens a socket."""
        socket = self._current[tab] = Socket(tab)
        travel_ns = UPGRADE_NS if tab in self._throttles else FIRST_UPGRADE_NS
        if self._offline:
            self._clock.at(now_ns + FAIL_NS, lambda at_ns: self._fail(at_ns, socket))
            return
        socket.pending = True
        travel_ns += self._throttles[tab].begin(now_ns - self._zero_ns)
        self._clock.at(now_ns + travel_ns, lambda at_ns: self._upgrade(at_ns, socket))

    def close(self, now_ns: int, tab: Tab) -> None:
        """The page closes its socket."""
        socket = self._current.pop(tab, None)
        if socket is None:
            return
        self._settle(now_ns, socket, succeeded=False)
        if socket.opened_ns is not None:
            self._end(now_ns + LEAVE_CLOSE_NS, socket, NO_CODE)

    def close_tab(self, closed_ns: int, tab: Tab) -> None:
        """The browser closes the tab's socket, which the server sees then."""
        socket = self._current.get(tab)
        if socket is not None and socket.opened_ns is not None:
            self._end(closed_ns, socket, GOING_AWAY)

    # What the server does.

    def deliver(self, now_ns: int) -> Sequence[Socket]:
        """Send an event to all that are subscribed; returns them."""
        sockets = [socket for socket in self.upgraded if socket.receives]
        for socket in sockets:
            self._tell(now_ns + DELIVERY_NS, socket, event)
        return sockets

    def drop(self, now_ns: int, code: int) -> None:
        """Close all sockets, or let them break."""
        for socket in self.upgraded:
            self._drop(now_ns, socket, code)

    def sweep(self, now_ns: int, timeout_ns: int) -> None:
        """Close the sockets whose client has been silent so long. The page says nothing once it has subscribed."""
        for socket in self.upgraded:
            heard_ns = socket.subscribe_frame_ns or socket.opened_ns
            if heard_ns is not None and now_ns - heard_ns >= timeout_ns:
                self._drop(now_ns, socket, EVICTED)

    # What the network does.

    def go_offline(self) -> None:
        """From now on nothing gets through; a close does, unless a frame waits before it."""
        self._offline = True

    def go_online(self, now_ns: int) -> None:
        """What waited arrives."""
        self._offline = False
        for socket in self.upgraded:
            held, socket.held = socket.held, []
            for step in held:
                self._receive(now_ns, socket, step)

    def _upgrade(self, now_ns: int, socket: Socket) -> None:
        if self._current.get(socket.tab) is not socket:
            return
        if self._offline:
            self._fail(now_ns, socket)
            return
        socket.n = len(self.upgraded)
        socket.upgrade_ns = now_ns
        self.upgraded.append(socket)
        at_ms = (now_ns - self._zero_ns) / MS_NS
        if any(window.holds(at_ms) for window in self._script.hang):
            socket.unanswered = True
        elif any(window.holds(at_ms) for window in self._script.refuse):
            socket.refused = UNAVAILABLE
            self._clock.at(now_ns + REFUSED_NS, lambda at_ns: self._fail(at_ns, socket))
        else:
            socket.opened_ns = now_ns + ACCEPT_NS
            self._clock.at(now_ns + OPEN_NS, lambda at_ns: self._open(at_ns, socket))
            for flap in self._script.flap:
                if flap.holds(at_ms):
                    self._drop_later(socket.opened_ns + round(flap.after_ms * MS_NS), socket, flap.code)

    def _settle(self, now_ns: int, socket: Socket, succeeded: bool) -> None:
        if socket.pending:
            socket.pending = False
            self._throttles[socket.tab].end(now_ns - self._zero_ns, succeeded)

    def _fail(self, now_ns: int, socket: Socket) -> None:
        self._settle(now_ns, socket, succeeded=False)
        self._receive(now_ns, socket, Page.closed)

    def _open(self, now_ns: int, socket: Socket) -> None:
        self._settle(now_ns, socket, succeeded=True)
        self._receive(now_ns, socket, Page.opened)
        self._clock.at(now_ns + SUBSCRIBE_NS, lambda at_ns: self._subscribe(at_ns, socket))

    def _subscribe(self, now_ns: int, socket: Socket) -> None:
        if socket.closed_ns is None:
            socket.subscribe_frame_ns = now_ns
            delay_ns = round(self._script.subscribed_delay_ms * MS_NS) + CONFIRM_NS
            self._clock.at(now_ns + delay_ns, lambda at_ns: self._confirm(at_ns, socket))

    def _confirm(self, now_ns: int, socket: Socket) -> None:
        if socket.closed_ns is None:
            socket.subscribed_ns = now_ns
            self._tell(now_ns + DELIVERY_NS, socket, Page.subscribed)

    def _drop_later(self, at_ns: int, socket: Socket, code: int) -> None:
        self._clock.at(at_ns, lambda now_ns: self._drop(now_ns, socket, code))

    def _drop(self, now_ns: int, socket: Socket, code: int) -> None:
        if socket.opened_ns is not None and socket.closed_ns is None:
            self._end(now_ns + SERVER_CLOSE_NS, socket, code)
            self._tell(now_ns + CLOSE_NS, socket, Page.closed)

    def _end(self, closed_ns: int, socket: Socket, code: int) -> None:
        if socket.closed_ns is None:
            socket.closed_ns, socket.close_code = closed_ns, code

    def _tell(self, at_ns: int, socket: Socket, step: Step) -> None:
        self._clock.at(at_ns, lambda now_ns: self._receive(now_ns, socket, step))

    def _receive(self, now_ns: int, socket: Socket, step: Step) -> None:
        if self._current.get(socket.tab) is not socket:
            return
        if self._offline and (socket.held or step in (event, Page.subscribed)):
            socket.held.append(step)
            return
        if step is Page.closed:
            del self._current[socket.tab]
        socket.tab.feed(now_ns, step)
