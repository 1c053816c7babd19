"""Chained timers of a hidden tab, step by step. Times are seconds of the machine's clock."""

from collections.abc import Sequence

from sim.dashboard import PageRules, StartFetch
from sim.virtual.page.background import BackgroundDashboard

_SECOND_NS = 1_000_000_000


def _polling() -> BackgroundDashboard:
    """A visible page that polls from 4.2 s on; its new socket is never answered."""
    page = BackgroundDashboard(PageRules(hidden_timer_alignment_ns=_SECOND_NS))
    page.mount(0)
    page.answered(1, 0, 0, ok=True)
    page.opened(2)
    page.closed(4_200_000_000)
    return page


def _fetches_s(page: BackgroundDashboard, until_s: float) -> Sequence[float]:
    """When it fetches until then. It is answered at once."""
    times_s = []
    while page.deadline_ns <= until_s * _SECOND_NS:
        now_ns = page.deadline_ns
        for effect in page.wake(now_ns):
            if isinstance(effect, StartFetch):
                times_s.append(now_ns / _SECOND_NS)
                page.answered(now_ns, effect.fetch, effect.attempt, ok=True)
        assert page.deadline_ns > now_ns
    return times_s


def test_a_visible_page_polls_every_30_s() -> None:
    assert _fetches_s(_polling(), 300) == [34.7 + 30 * tick for tick in range(9)]


def test_a_hidden_page_polls_every_minute_from_the_sixth_tick_on() -> None:
    page = _polling()
    page.hidden(10 * _SECOND_NS)
    # Ticks at 35, 65, 95, 125, 155 and 185 s, each with its debounce 1 s later; that of the last waits for 240 s.
    assert _fetches_s(page, 500) == [36, 66, 96, 126, 156, 240, 300, 360, 420, 480]


def test_what_was_put_off_happens_at_once_when_the_page_is_shown() -> None:
    page = _polling()
    page.hidden(10 * _SECOND_NS)
    _fetches_s(page, 420)
    effects = page.shown(470 * _SECOND_NS)
    # One by regained visibility, one by the debounce of the last tick; the tick that was put off sets a third.
    assert [type(effect).__name__ for effect in effects if isinstance(effect, StartFetch)] == ["StartFetch"] * 2
    assert _fetches_s(page, 484) == [470.5]
    assert _fetches_s(page, 486) == [484.7]


def test_hiding_puts_off_the_tick_that_is_set() -> None:
    page = _polling()
    assert len(_fetches_s(page, 245)) == 8
    page.hidden(250 * _SECOND_NS)
    # The ninth tick, of 274.2 s, at 275 s, and its debounce at 300 s; the tenth and its debounce at 360 and 420 s.
    assert _fetches_s(page, 420) == [300, 420]


def test_an_opened_socket_ends_the_chain() -> None:
    page = _polling()
    page.hidden(10 * _SECOND_NS)
    _fetches_s(page, 200)
    page.opened(250 * _SECOND_NS)
    page.closed(251 * _SECOND_NS)
    assert _fetches_s(page, 345) == [282, 312, 342]


def test_an_event_is_not_put_off() -> None:
    page = _polling()
    page.hidden(10 * _SECOND_NS)
    _fetches_s(page, 190)
    page.event(191 * _SECOND_NS)
    assert _fetches_s(page, 193) == [192]
