"""Drives one simulated page: carries out its effects over the line, tells it what happened, notes the facts."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from sim.actors.line import Answer, Event, Handle, Line, Meter, SocketHandle
from sim.actors.page_log import PageLog
from sim.dashboard import (
    AbortFetch,
    Cause,
    CloseSocket,
    Connect,
    Dashboard,
    Effect,
    HealthPage,
    PageRules,
    SendPing,
    Show,
    StartFetch,
)
from sim.history import NEVER_NS, Breach, HistoryBuilder, Outcome


class House(Protocol):
    """What a viewer needs of its organisation."""

    def delivered(self, dashboard: int, arrived_ns: int, event: Event) -> int:
        """Note a delivery; the time when the write that it announces was sent, 0 for none of ours."""

    def strayed(self, arrived_ns: int, event: Event) -> None:
        """Note an event of another channel if it is another organisation's."""

    def inspected(self, dashboard: int, answer: Answer) -> None:
        """Note what an answer held."""


class _Told(NamedTuple):
    """An event of a write of ours."""

    sent_ns: int
    arrived_ns: int


class Viewer:
    """One open dashboard."""

    __slots__ = (
        "_armed_ns", "_event_ns", "_history", "_house", "_line", "_log", "_meter", "_number", "_one_at_a_time",
        "_page", "_requests", "_retries", "_socket", "_unasked", "_unshown", "_was_opened", "first_shown",
        "on_progress",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        rules: PageRules,
        health: bool,
        line: Line,
        house: House,
        history: HistoryBuilder,
        meter: Meter,
        rng: np.random.Generator,
    ) -> None:
        self._number = number
        self._page = HealthPage(rules, rng) if health else Dashboard(rules, rng)
        self._one_at_a_time = not health
        self._retries = 0 if health else len(rules.retry_delays_ns)
        self._line = line
        self._house = house
        self._history = history
        self._meter = meter
        self._log = PageLog(number, history)
        self._socket: SocketHandle | None = None
        self._requests: dict[int, Handle] = {}
        self._unasked: list[_Told] = []
        self._unshown: list[tuple[_Told, int]] = []
        """Events of our own writes, and when the first refetch after them left; before it they are unasked."""
        self._armed_ns = NEVER_NS
        self._event_ns = NEVER_NS
        """When the latest event arrived that is not shown yet."""
        self._was_opened = False
        self.first_shown = False
        self.on_progress: Callable[[], None] | None = None
        """Called when it is subscribed and when its first load is shown, until it is taken away."""

    @property
    def is_subscribed(self) -> bool:
        """Whether it has a subscribed socket now."""
        return self._log.is_subscribed

    @property
    def is_settled(self) -> bool:
        """Whether no debounce and no refetch is under way."""
        return self._page.is_calm and not self._log.is_fetching

    @property
    def is_quiet(self) -> bool:
        """Whether, besides, no socket is being opened, and all events that came are shown."""
        return self.is_settled and not self._log.is_connecting and self._event_ns == NEVER_NS

    def mount(self) -> None:
        """The user opens the page."""
        now_ns = self._line.now_ns()
        self._log.mounted(now_ns)
        self._perform(self._page.mount(now_ns))

    def leave(self) -> None:
        """The user leaves the page."""
        now_ns = self._line.now_ns()
        self._log.left(now_ns)
        self._perform(self._page.leave(now_ns))
        self._log.all_ended(now_ns, Outcome.CANCELLED)

    def cut(self) -> None:
        """The network cuts the socket."""
        if self._socket is not None:
            self._socket.cut()
            self._ended(self._line.now_ns(), 0, by_us=True)

    def wake(self, now_ns: int) -> None:
        """An alarm rang. What has been received by now comes first: it may have moved the deadline."""
        if self._armed_ns <= now_ns:
            self._armed_ns = NEVER_NS
        self._drain_before(now_ns)
        self._perform(self._page.wake(now_ns))

    def note_open(self) -> None:
        """A part of the run ends: note what reaches into it."""
        self._log.note_open()

    def finish(self, now_ns: int) -> None:
        """It is over: note what is open, and close it."""
        if self._log.is_subscribed:
            self._meter.subscriptions(-1)
        self._log.finish(now_ns)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # What the socket reports.

    def opened(self, at_ns: int) -> None:
        """The upgrade succeeded: subscribe."""
        self._was_opened = True
        self._log.opened(at_ns)
        if self._socket is not None:
            self._socket.subscribe()
        self._perform(self._page.opened(at_ns))

    def subscribed(self, at_ns: int) -> None:
        """The subscription was confirmed."""
        if not self._log.is_subscribed:
            self._meter.subscriptions(1)
        self._log.subscribed(at_ns)
        self._perform(self._page.subscribed(at_ns))
        self._progress()

    def event(self, arrived_ns: int, event: Event) -> None:
        """An event arrived."""
        self._event_ns = arrived_ns
        sent_ns = self._house.delivered(self._number, arrived_ns, event)
        if sent_ns:
            self._unasked.append(_Told(sent_ns, arrived_ns))
        self._perform(self._page.event(arrived_ns))

    def stray(self, arrived_ns: int, event: Event) -> None:
        """An event of another channel arrived: the page does not look at it, but it may be somebody else's."""
        self._house.strayed(arrived_ns, event)

    def pong(self, at_ns: int) -> None:  # noqa: ARG002  (when it came is not asked)
        """A ping was answered."""
        self._log.ponged()

    def breach(self, at_ns: int) -> None:
        """A frame arrived that is not of the contract."""
        self._history.breach(self._number, at_ns, Breach.FRAME)

    def closed(self, at_ns: int, code: int, reason: str) -> None:
        """The socket ended, or its upgrade was refused."""
        if not self._was_opened:
            self._meter.refused(code if 100 <= code < 600 else 0, reason)
        self._meter.failed(reason or f"a socket was closed with {code}")
        self._ended(at_ns, code, by_us=False)

    # Effects.

    def _perform(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case StartFetch():
                    self._start_fetch(effect)
                case Show():
                    pass  # noted with the answer that caused it, in `_answered`
                case AbortFetch():
                    self._abort(effect.fetch)
                case Connect():
                    self._connect()
                case CloseSocket():
                    self._close_socket()
                case SendPing():
                    self._ping()
        deadline_ns = self._page.deadline_ns
        if deadline_ns < self._armed_ns:
            self._armed_ns = deadline_ns
            self._line.alarm(self._number, deadline_ns)

    def _connect(self) -> None:
        self._log.connecting(self._line.now_ns())
        self._was_opened = False
        self._socket = self._line.connect(self)

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._forget_socket(self._line.now_ns(), 0, by_us=True)

    def _ping(self) -> None:
        if self._socket is not None:
            self._socket.ping()
            self._log.pinged(self._line.now_ns())

    def _ended(self, at_ns: int, code: int, by_us: bool) -> None:
        self._forget_socket(at_ns, code, by_us)
        self._perform(self._page.closed(at_ns))

    def _forget_socket(self, at_ns: int, code: int, by_us: bool) -> None:
        if self._log.is_subscribed:
            self._meter.subscriptions(-1)
        self._log.closed(at_ns, code, by_us)
        self._socket = None

    def _start_fetch(self, effect: StartFetch) -> None:
        now_ns = self._line.now_ns()
        number, attempt = effect.fetch, effect.attempt
        if attempt == 0 and self._one_at_a_time:
            self._log.all_ended(now_ns, Outcome.CANCELLED)
        self._log.sent(number, attempt, effect.cause, now_ns)
        if attempt == 0:
            self._unshown += [(told, now_ns) for told in self._unasked]
            self._unasked.clear()
            if effect.cause is Cause.EVENT:
                self._meter.refetch_caused()
        self._requests[number] = self._line.refetch(lambda answer: self._answered(effect, now_ns, answer))

    def _abort(self, number: int) -> None:
        request = self._requests.pop(number, None)
        if request is not None:
            request.abort()

    def _answered(self, effect: StartFetch, sent_ns: int, answer: Answer) -> None:
        """A request ended; its answer is inspected for leaks even if the page has no use for it any more."""
        (status, arrived_ns, reason), contents = answer
        number, attempt = effect.fetch, effect.attempt
        self._meter.refetched(effect.cause, arrived_ns - sent_ns, status, reason)
        self._house.inspected(self._number, answer)
        self._drain_before(arrived_ns)
        ok = status == 200 and contents is not None
        self._requests.pop(number, None)
        if not ok:
            self._log.failed(number)
        effects = self._page.answered(arrived_ns, number, attempt, ok)
        if contents is not None and any(isinstance(effect, Show) and effect.fetch == number for effect in effects):
            self._show(number, arrived_ns, contents.statuses)
        elif not ok and attempt >= self._retries and self._log.has(number):
            self._log.ended(number, arrived_ns, Outcome.FAILED)
        self._perform(effects)

    def _show(self, number: int, shown_ns: int, statuses: bytes) -> None:
        sent_ns = self._log.shown(number, shown_ns, statuses)
        if self._event_ns <= sent_ns:
            self._event_ns = NEVER_NS
        for told, asked_ns in self._unshown:
            if asked_ns <= sent_ns:
                self._meter.shown(told.arrived_ns - told.sent_ns, asked_ns - told.arrived_ns, shown_ns - asked_ns)
        self._unshown = [(told, asked_ns) for told, asked_ns in self._unshown if asked_ns > sent_ns]
        if not self.first_shown:
            self.first_shown = True
            self._progress()

    def _drain_before(self, now_ns: int) -> None:
        """Before time passes a deadline: an event that has been received already may have moved it."""
        if self._socket is not None and self._page.deadline_ns <= now_ns:
            self._socket.drain()

    def _progress(self) -> None:
        if self.on_progress is not None:
            self.on_progress()
