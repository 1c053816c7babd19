"""The socket of a page: connecting for ever, pinging if the rules say so, polling while it is away."""

from collections.abc import Sequence

import numpy as np

from sim.dashboard.effects import CLOSE_SOCKET, CONNECT, NEVER_NS, NOTHING, SEND_PING, Effect
from sim.dashboard.rules import PageRules
from sim.dashboard.socket_states import SOCKET_TRANSITIONS, SocketAction, SocketInput, SocketState


class PageSocket:
    """Carries out SOCKET_TRANSITIONS. `poll_ns` is the page's to watch: a tick is an event for it."""

    __slots__ = ("_ping_ns", "_reconnect_ns", "_rng", "_rules", "_state", "poll_ns")

    def __init__(self, rules: PageRules, rng: np.random.Generator | None) -> None:
        if rules.reconnect_jitter_ns and rng is None:
            raise ValueError("reconnect_jitter_ns needs a random generator")
        self._rules = rules
        self._rng = rng
        self._state = SocketState.NONE
        self._reconnect_ns = NEVER_NS
        self._ping_ns = NEVER_NS
        self.poll_ns = NEVER_NS

    @property
    def deadline_ns(self) -> int:
        """The earliest of its timers."""
        return min(self.poll_ns, self._reconnect_ns, self._ping_ns)

    def feed(self, now_ns: int, entry: SocketInput) -> Sequence[Effect]:
        """Something happened to the socket."""
        transition = SOCKET_TRANSITIONS[self._state, entry]
        assert transition is not None, f"{self._state.name}, {entry.name}"
        self._state, actions = transition
        effects: list[Effect] = []
        for action in actions:
            effects += self._do(action, now_ns)
        return effects

    def poll_again(self) -> None:
        """The poll timer ticked. The next tick is one interval after the time of this one, so it cannot drift."""
        self.poll_ns += self._rules.poll_interval_ns

    def fire(self, now_ns: int) -> Sequence[Effect]:
        """The earlier of the reconnect and the ping timer is due."""
        if self._reconnect_ns <= self._ping_ns:
            self._reconnect_ns = NEVER_NS
            return self.feed(now_ns, SocketInput.RECONNECT)
        self._set_ping(self._ping_ns)
        return (SEND_PING,)

    def _do(self, action: SocketAction, now_ns: int) -> Sequence[Effect]:
        match action:
            case SocketAction.CONNECT:
                return (CONNECT,)
            case SocketAction.CLOSE:
                return (CLOSE_SOCKET,)
            case SocketAction.START_POLL:
                if self.poll_ns == NEVER_NS:
                    self.poll_ns = now_ns + self._rules.poll_interval_ns
            case SocketAction.STOP_POLL:
                self.poll_ns = NEVER_NS
            case SocketAction.WAIT:
                self._reconnect_ns = now_ns + self._rules.reconnect_ns + self._jitter_ns()
            case SocketAction.START_PING:
                self._set_ping(now_ns)
            case SocketAction.STOP_PING:
                self._ping_ns = NEVER_NS
            case SocketAction.STOP_TIMERS:
                self.poll_ns = self._reconnect_ns = self._ping_ns = NEVER_NS
        return NOTHING

    def _set_ping(self, from_ns: int) -> None:
        if self._rules.ping_interval_ns is not None:
            self._ping_ns = from_ns + self._rules.ping_interval_ns

    def _jitter_ns(self) -> int:
        if self._rng is None or not self._rules.reconnect_jitter_ns:
            return 0
        return int(self._rng.integers(0, self._rules.reconnect_jitter_ns, endpoint=True))
