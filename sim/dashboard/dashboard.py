"""The dashboard page: a trailing debounce, then the query is invalidated."""

from collections.abc import Sequence

import numpy as np

from sim.dashboard.effects import NEVER_NS, NOTHING, Cause, Effect
from sim.dashboard.page import Page
from sim.dashboard.query import Query
from sim.dashboard.rules import PageRules


class Dashboard(Page):
    """The page of contract 2 whose events are debounced and whose refetches cancel each other.

    `event` is on the hot path of a load generator: while it only moves the debounce it touches no table and
    allocates nothing.
    """

    __slots__ = ("_burst_end_ns", "_burst_has_event", "_debounce_ns", "_query", "_rest_ns", "_window_ns")

    def __init__(self, rules: PageRules, rng: np.random.Generator | None = None) -> None:
        """`rng` draws the jitter of reconnects; needed, else ValueError, where the rules have any."""
        super().__init__(rules, rng)
        self._query = Query(rules)
        self._window_ns = rules.debounce_ns
        self._debounce_ns = NEVER_NS
        self._burst_end_ns = NEVER_NS
        self._burst_has_event = False
        self._rest_ns = NEVER_NS

    def event(self, arrived_ns: int) -> Sequence[Effect]:
        """An event of the machines channel arrived: the debounce starts, or starts again."""
        if arrived_ns < self._now_ns:
            arrived_ns = self._now_ns
        effects: Sequence[Effect] = NOTHING
        if arrived_ns >= self.deadline_ns:
            effects = tuple(self._advance(arrived_ns))
        if not self._mounted:
            return effects
        self._now_ns = arrived_ns
        self._burst_has_event = True
        self._restart_debounce(arrived_ns)
        return effects

    def answered(self, now_ns: int, fetch: int, attempt: int, ok: bool) -> Sequence[Effect]:
        """A request ended; `ok` is a good answer. That of an aborted or replaced request is ignored."""
        effects = self._advance(now_ns)
        effects += self._query.answered(self._now_ns, fetch, attempt, ok)
        return self._done(effects)

    def _mount(self) -> Sequence[Effect]:
        return self._query.join(self._now_ns, Cause.LOAD, not self._offline)

    def _leave(self) -> Sequence[Effect]:
        self._end_burst()
        return self._query.leave(self._now_ns)

    def _regained(self) -> Sequence[Effect]:
        if not self._mounted:
            return NOTHING
        effects = [*self._query.join(self._now_ns, Cause.REGAINED, not self._offline)]
        if self._may_go_on:
            effects += self._query.resume(self._now_ns)
        return effects

    def _polled(self) -> Sequence[Effect]:
        self._restart_debounce(self._now_ns)
        return NOTHING

    @property
    def _may_go_on(self) -> bool:
        return not (self._hidden or self._offline)

    def _restart_debounce(self, at_ns: int) -> None:
        due_ns = at_ns + self._window_ns
        if self._debounce_ns == NEVER_NS and self._rules.max_wait_ns is not None:
            self._burst_end_ns = at_ns + self._rules.max_wait_ns
        if due_ns > self._burst_end_ns:
            due_ns = self._burst_end_ns
        self._debounce_ns = due_ns
        if self._hidden:
            self._settle()
        else:
            self.deadline_ns = due_ns if due_ns < self._rest_ns else self._rest_ns

    def _end_burst(self) -> Cause:
        cause = Cause.EVENT if self._burst_has_event else Cause.POLL
        self._debounce_ns = NEVER_NS
        self._burst_has_event = False
        return cause

    def _own_timer_ns(self) -> int:
        return min(self._debounce_ns, self._query.retry_ns)

    def _fire_own(self) -> Sequence[Effect]:
        if self._debounce_ns <= self._query.retry_ns:
            return self._query.invalidate(self._now_ns, self._end_burst(), not self._offline)
        return self._query.retry(self._now_ns, self._may_go_on)

    def _settle(self) -> None:
        self._rest_ns = min(self._query.retry_ns, self._socket.deadline_ns)
        self.deadline_ns = self._aligned_ns(min(self._debounce_ns, self._rest_ns))
