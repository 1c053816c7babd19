"""The page of a trace, with the rules of the recorded browser."""

from collections.abc import Sequence
from dataclasses import replace

from sim.dashboard import HIDDEN_TIMER_ALIGNMENT_NS, Effect, HealthPage, Page, PageRules
from sim.virtual.page.background import BackgroundDashboard
from sim.virtual.page.delays import TIMER_NS
from sim.virtual.page.trace import Trace


class KeptDebounce(BackgroundDashboard):
    """A dashboard that does not clear its debounce when it is left, as `page_options.keep_debounce` has it.

    If the debounce ends while the page is away, there is nothing to fetch for: the next load does.
    """

    __slots__ = ()

    def _leave(self) -> Sequence[Effect]:
        return self._query.leave(self._now_ns)

    def _fire_own(self) -> Sequence[Effect]:
        if not self._mounted and self._debounce_ns <= self._query.retry_ns:
            self._end_burst()
            return ()
        return super()._fire_own()


def page_of(trace: Trace) -> Page:
    """A page that is not mounted yet."""
    rules = _late(PageRules(abort=trace.variant == "signal", hidden_timer_alignment_ns=HIDDEN_TIMER_ALIGNMENT_NS))
    if trace.page == "health":
        rules = replace(rules, debounce_ns=0)
    if trace.variant == "plain":
        return HealthPage(rules)
    return KeptDebounce(rules) if trace.script.page_options.keep_debounce else BackgroundDashboard(rules)


def _late(rules: PageRules) -> PageRules:
    """The same, with timers that fire as late as the recorded browser's. Those that repeat are only late once."""
    return replace(
        rules,
        debounce_ns=rules.debounce_ns + TIMER_NS,
        reconnect_ns=rules.reconnect_ns + TIMER_NS,
        retry_delays_ns=tuple(delay_ns + TIMER_NS for delay_ns in rules.retry_delays_ns),
    )
