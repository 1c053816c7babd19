"""The health page: no debounce and no query cache, one request per event."""

from collections.abc import Sequence

import numpy as np

from sim.dashboard.effects import NOTHING, Cause, Effect, Show, StartFetch
from sim.dashboard.page import Page
from sim.dashboard.rules import PageRules


class HealthPage(Page):
    """The page of contract 2 that asks once per event.

    Its requests run side by side. None is cancelled, none is retried, and every good answer is shown when it
    arrives, so an older one may replace a newer one. Visibility and network cause no request. Of the rules
    only those of the socket and of timers apply.
    """

    __slots__ = ("_fetches", "_first_of_mount")

    def __init__(self, rules: PageRules, rng: np.random.Generator | None = None) -> None:
        """`rng` draws the jitter of reconnects; needed, else ValueError, where the rules have any."""
        super().__init__(rules, rng)
        self._fetches = 0
        self._first_of_mount = 0

    def event(self, arrived_ns: int) -> Sequence[Effect]:
        """An event of the machines channel arrived: a request leaves at once."""
        effects = self._advance(arrived_ns)
        if self._mounted:
            effects += self._start(Cause.EVENT)
        return tuple(effects)

    def answered(self, now_ns: int, fetch: int, attempt: int, ok: bool) -> Sequence[Effect]:
        """A request ended; a good answer is shown, unless the page was left since it was asked for."""
        effects = self._advance(now_ns)
        if ok and self._mounted and attempt == 0 and self._first_of_mount <= fetch < self._fetches:
            effects.append(Show(fetch))
        return self._done(effects)

    def _mount(self) -> Sequence[Effect]:
        self._first_of_mount = self._fetches
        return self._start(Cause.LOAD)

    def _leave(self) -> Sequence[Effect]:
        return NOTHING

    def _regained(self) -> Sequence[Effect]:
        return NOTHING

    def _polled(self) -> Sequence[Effect]:
        return self._start(Cause.POLL)

    def _start(self, cause: Cause) -> Sequence[Effect]:
        self._fetches += 1
        return (StartFetch(self._fetches - 1, 0, cause),)
