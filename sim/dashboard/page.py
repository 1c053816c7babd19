"""What both pages share: time, mounting, the socket, and how timers fire."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from sim.dashboard.effects import NEVER_NS, NOTHING, Effect
from sim.dashboard.page_socket import PageSocket
from sim.dashboard.rules import PageRules
from sim.dashboard.socket_states import SocketInput


class Page(ABC):
    """A page of one tab. All times are integer nanoseconds of one monotonic clock.

    Every input first fires the timers that are due by its own time, in order, a timer due at that very time
    included; their effects come first. Time never goes back: an input older than the newest one is taken at
    the newest one's time. A wait counts from the time of its cause, however late the driver reports it.

    Every method returns the effects to carry out, in order; an empty tuple when there is nothing to do.
    Inputs that make no sense just then (an event while the page is not mounted, a close reported twice) do
    nothing.
    """

    __slots__ = ("_hidden", "_mounted", "_now_ns", "_offline", "_rules", "_socket", "deadline_ns")

    def __init__(self, rules: PageRules, rng: np.random.Generator | None = None) -> None:
        """`rng` draws the jitter of reconnects; needed, else ValueError, where the rules have any."""
        self._rules = rules
        self._socket = PageSocket(rules, rng)
        self._now_ns = -NEVER_NS
        self._mounted = self._hidden = self._offline = False
        self.deadline_ns = NEVER_NS
        """The earliest time at which `wake` has something to do; NEVER_NS for none. For reading only."""

    def mount(self, now_ns: int) -> Sequence[Effect]:
        """The user opened the page."""
        effects = self._advance(now_ns)
        if not self._mounted:
            self._mounted = True
            effects += self._mount()
            effects += self._socket.feed(self._now_ns, SocketInput.MOUNT)
        return self._done(effects)

    def leave(self, now_ns: int) -> Sequence[Effect]:
        """The user left the page: its socket is closed and its timers are cleared."""
        effects = self._advance(now_ns)
        if self._mounted:
            self._mounted = False
            effects += self._leave()
            effects += self._socket.feed(self._now_ns, SocketInput.LEAVE)
        return self._done(effects)

    def opened(self, now_ns: int) -> Sequence[Effect]:
        """The upgrade succeeded."""
        return self._socket_input(now_ns, SocketInput.OPENED)

    def subscribed(self, now_ns: int) -> Sequence[Effect]:
        """The server confirmed the subscription."""
        return self._socket_input(now_ns, SocketInput.SUBSCRIBED)

    def closed(self, now_ns: int) -> Sequence[Effect]:
        """The socket was closed by the other side or broke, or its upgrade was refused."""
        return self._socket_input(now_ns, SocketInput.CLOSED)

    def wake(self, now_ns: int) -> Sequence[Effect]:
        """Time has passed."""
        return self._done(self._advance(now_ns))

    @property
    def is_calm(self) -> bool:
        """Whether no debounce and no wait before a retry is running."""
        return self._own_timer_ns() >= NEVER_NS

    @abstractmethod
    def event(self, arrived_ns: int) -> Sequence[Effect]:
        """An event of the machines channel arrived."""

    @abstractmethod
    def answered(self, now_ns: int, fetch: int, attempt: int, ok: bool) -> Sequence[Effect]:
        """A request ended; `ok` is a good answer. That of an aborted or replaced request is ignored."""

    def hidden(self, now_ns: int) -> Sequence[Effect]:
        """The tab went to the background."""
        effects = self._advance(now_ns)
        self._hidden = True
        return self._done(effects)

    def shown(self, now_ns: int) -> Sequence[Effect]:
        """The tab came back to the foreground.

        Timers that were held back fire now, after the regained refetch.
        """
        effects = self._advance(now_ns)
        if self._hidden:
            self._hidden = False
            effects += self._regained()
            self._settle()
            effects += self._advance(now_ns)
        return self._done(effects)

    def network_lost(self, now_ns: int) -> Sequence[Effect]:
        """The browser went offline. A socket that breaks with it is reported on its own."""
        effects = self._advance(now_ns)
        self._offline = True
        return self._done(effects)

    def network_regained(self, now_ns: int) -> Sequence[Effect]:
        """The browser is online again."""
        effects = self._advance(now_ns)
        if self._offline:
            self._offline = False
            effects += self._regained()
        return self._done(effects)

    @abstractmethod
    def _mount(self) -> Sequence[Effect]:
        """The first load."""

    @abstractmethod
    def _leave(self) -> Sequence[Effect]:
        """What becomes of requests under way."""

    @abstractmethod
    def _regained(self) -> Sequence[Effect]:
        """The page became visible, or the network came back."""

    @abstractmethod
    def _polled(self) -> Sequence[Effect]:
        """The poll timer ticked."""

    def _own_timer_ns(self) -> int:
        """The earliest timer that is not the socket's."""
        return NEVER_NS

    def _fire_own(self) -> Sequence[Effect]:
        """That timer is due."""
        return NOTHING

    def _fire(self) -> Sequence[Effect]:
        due_ns = self._socket.deadline_ns
        if self._own_timer_ns() <= due_ns:
            return self._fire_own()
        if self._socket.poll_ns == due_ns:
            self._socket.poll_again()
            return self._polled()
        return self._socket.fire(self._now_ns)

    def _advance(self, now_ns: int) -> list[Effect]:
        """Fire what is due by `now_ns`, each at its own time, and move the page's time there."""
        effects: list[Effect] = []
        while self.deadline_ns <= now_ns:
            self._now_ns = max(self._now_ns, self.deadline_ns)
            effects += self._fire()
            self._settle()
        self._now_ns = max(self._now_ns, now_ns)
        return effects

    def _settle(self) -> None:
        self.deadline_ns = self._aligned_ns(min(self._own_timer_ns(), self._socket.deadline_ns))

    def _aligned_ns(self, due_ns: int) -> int:
        """When a timer that is due then may fire: at once, or on the grid of a hidden page."""
        grid_ns = self._rules.hidden_timer_alignment_ns
        if not self._hidden or not grid_ns or due_ns >= NEVER_NS:
            return due_ns
        return -(-due_ns // grid_ns) * grid_ns

    def _done(self, effects: list[Effect]) -> Sequence[Effect]:
        self._settle()
        return tuple(effects)

    def _socket_input(self, now_ns: int, entry: SocketInput) -> Sequence[Effect]:
        effects = self._advance(now_ns)
        effects += self._socket.feed(self._now_ns, entry)
        return self._done(effects)
