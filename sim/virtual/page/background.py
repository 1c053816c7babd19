"""A dashboard whose chained timers fire once a minute in a hidden tab.

Chromium calls a timer chained that was set by the fifth timer in a row, or that has repeated five times: of this
page the poll timer from its sixth tick on, and the debounce that such a tick starts. In a hidden tab one fires at the
next whole minute of the machine's clock, or, if none has fired for a minute, at the next whole second. The recording
dash-hidden-polling-7min-nosignal shows it from the sixth tick on. The 10 s after hiding in which Chromium does not do
so yet are left out: six ticks take three minutes.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from sim.dashboard import HIDDEN_TIMER_ALIGNMENT_NS, NEVER_NS, Dashboard, Effect, PageRules

MINUTE_NS: Final = 60_000_000_000
UNCHAINED_TICKS: Final = 5


class BackgroundDashboard(Dashboard):
    """A dashboard in a browser that throttles hidden tabs. A timer that is put off is set to when it may fire."""

    __slots__ = ("_debounce_due", "_fired_ns", "_poll_due", "_ticks")

    def __init__(self, rules: PageRules, rng: np.random.Generator | None = None) -> None:
        super().__init__(rules, rng)
        self._ticks = 0
        self._fired_ns = -NEVER_NS
        self._poll_due = (NEVER_NS, NEVER_NS)
        """When the poll timer may fire, and when it would have without that."""
        self._debounce_due = (NEVER_NS, NEVER_NS)

    def mount(self, now_ns: int) -> Sequence[Effect]:
        """The user opened the page."""
        self._ticks = 0
        return super().mount(now_ns)

    def opened(self, now_ns: int) -> Sequence[Effect]:
        """The upgrade succeeded, so polling starts anew the next time."""
        self._ticks = 0
        return super().opened(now_ns)

    def hidden(self, now_ns: int) -> Sequence[Effect]:
        """The tab went to the background."""
        effects = super().hidden(now_ns)
        if self._ticks >= UNCHAINED_TICKS:
            self._put_off_poll()
            self._settle()
        return effects

    def _polled(self) -> Sequence[Effect]:
        self._ticks += 1
        self._skip_missed_ticks()
        effects = super()._polled()
        if self._ticks > UNCHAINED_TICKS and self._hidden:
            self._fired_ns = self._now_ns
            self._put_off_debounce()
        if self._ticks >= UNCHAINED_TICKS:
            self._put_off_poll()
        return effects

    def _fire_own(self) -> Sequence[Effect]:
        if self._debounce_ns == self._debounce_due[0] <= self._query.retry_ns:
            self._fired_ns = self._now_ns
            self._bring_forward_poll()
            self._put_off_poll()
        return super()._fire_own()

    def _regained(self) -> Sequence[Effect]:
        if not self._hidden:
            self._bring_forward_poll()
            if self._debounce_ns == self._debounce_due[0]:
                self._debounce_ns = self._debounce_due[1]
        return super()._regained()

    def _skip_missed_ticks(self) -> None:
        """The next tick is the first multiple of the interval after now, counted from where it began."""
        interval_ns = self._rules.poll_interval_ns
        ticked_ns = self._socket.poll_ns - interval_ns
        due_ns = self._poll_due[1] if ticked_ns == self._poll_due[0] else ticked_ns
        self._socket.poll_ns = due_ns + ((self._now_ns - due_ns) // interval_ns + 1) * interval_ns

    def _put_off_poll(self) -> None:
        if self._hidden:
            due_ns = self._socket.poll_ns
            self._socket.poll_ns = self._allowed_ns(due_ns)
            self._poll_due = (self._socket.poll_ns, due_ns)

    def _put_off_debounce(self) -> None:
        due_ns = self._debounce_ns
        self._debounce_ns = self._allowed_ns(due_ns)
        self._debounce_due = (self._debounce_ns, due_ns)

    def _bring_forward_poll(self) -> None:
        if self._socket.poll_ns == self._poll_due[0]:
            self._socket.poll_ns = self._poll_due[1]

    def _allowed_ns(self, due_ns: int) -> int:
        unhurried_ns = max(due_ns, self._fired_ns + MINUTE_NS)
        return min(_next_ns(due_ns, MINUTE_NS), _next_ns(unhurried_ns, HIDDEN_TIMER_ALIGNMENT_NS))


def _next_ns(at_ns: int, grid_ns: int) -> int:
    return -(-at_ns // grid_ns) * grid_ns
