"""Drives one simulated page: carries out its effects over real sockets, tells it what happened, notes the facts."""

from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import Final, Protocol

import msgspec
import numpy as np

from sim.contract import MACHINES_CHANNEL, PING_FRAME, ServerFrame, StatusCode, subscribe_frame
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
from sim.history import NEVER_NS, Breach, Outcome
from sim.live.answers import Inspector
from sim.live.http import HttpRequest, Reply
from sim.live.line import Line
from sim.live.websocket import ABNORMAL_CLOSE, WebSocket

_FRAME: Final = msgspec.json.Decoder(ServerFrame)


class _Fetch:
    """A refetch that has not ended: its first sending, and the request of its latest attempt."""

    __slots__ = ("attempt", "cause", "request", "sent_ns")

    def __init__(self, cause: Cause, sent_ns: int) -> None:
        self.cause = cause
        self.sent_ns = sent_ns
        self.attempt = 0
        self.request: HttpRequest | None = None


class House(Protocol):
    """What a viewer needs of its organisation."""

    def event(self, dashboard: int, frame: ServerFrame, arrived_ns: int) -> int:
        """Note a delivery; the time when the write that it announces was sent, 0 for none of ours."""

    def alarm(self, dashboard: int, at_ns: int) -> None:
        """Call `wake` at this time."""


class Viewer:
    """One open dashboard."""

    __slots__ = (
        "_armed_ns", "_fetches", "_house", "_inspector", "_line", "_mounted_ns", "_number", "_one_at_a_time",
        "_opened_ns", "_page", "_retries", "_socket", "_subscribed_ns", "_unshown_ns", "_was_opened",
        "first_shown", "on_progress",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        rules: PageRules,
        health: bool,
        line: Line,
        house: House,
        inspector: Inspector,
        rng: np.random.Generator,
    ) -> None:
        self._number = number
        self._page = HealthPage(rules, rng) if health else Dashboard(rules, rng)
        self._one_at_a_time = not health
        self._retries = 0 if health else len(rules.retry_delays_ns)
        self._line = line
        self._house = house
        self._inspector = inspector
        self._socket: WebSocket | None = None
        self._fetches: dict[int, _Fetch] = {}
        self._unshown_ns: list[int] = []
        self._armed_ns = NEVER_NS
        self._mounted_ns = NEVER_NS
        self._opened_ns = NEVER_NS
        self._was_opened = False
        self._subscribed_ns = NEVER_NS
        self.first_shown = False
        self.on_progress: Callable[[], None] | None = None
        """Called when it is subscribed and when its first load is shown, until it is taken away."""

    @property
    def is_subscribed(self) -> bool:
        """Whether it has a subscribed socket now."""
        return self._subscribed_ns < NEVER_NS

    @property
    def is_quiet(self) -> bool:
        """Whether no debounce and no refetch is under way."""
        return not self._fetches and not self._unshown_ns

    def mount(self) -> None:
        """The user opens the page."""
        now_ns = monotonic_ns()
        self._mounted_ns = now_ns
        self._perform(self._page.mount(now_ns))

    def leave(self) -> None:
        """The user leaves the page."""
        now_ns = monotonic_ns()
        self._line.history.mount(self._number, self._mounted_ns, now_ns)
        self._mounted_ns = NEVER_NS
        self._unshown_ns.clear()
        self._perform(self._page.leave(now_ns))
        self._end_fetches(now_ns, Outcome.CANCELLED)

    def cut(self) -> None:
        """The network cuts the socket."""
        if self._socket is not None:
            self._socket.cut()
            self.closed(monotonic_ns(), 0, "cut by schedule", by_us=True)

    def wake(self, now_ns: int) -> None:
        """An alarm rang. What the kernel has received by now comes first: it may have moved the deadline."""
        if self._armed_ns <= now_ns:
            self._armed_ns = NEVER_NS
        self._drain_before(now_ns)
        self._perform(self._page.wake(now_ns))

    def finish(self, now_ns: int) -> None:
        """The run is over: note what is open, and close it."""
        self._end_fetches(NEVER_NS, Outcome.OPEN)
        if self._opened_ns < NEVER_NS:
            self._note_session(NEVER_NS, 0, by_us=True)
        if self._mounted_ns < NEVER_NS:
            self._line.history.mount(self._number, self._mounted_ns, now_ns)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # What the WebSocket reports.

    def opened(self, at_ns: int) -> None:
        """The upgrade succeeded: subscribe."""
        self._was_opened = True
        if self._socket is not None:
            self._socket.send_text(subscribe_frame(self._line.filter))
        self._perform(self._page.opened(at_ns))

    def text(self, arrived_ns: int, data: bytes) -> None:
        """A frame arrived."""
        try:
            frame = _FRAME.decode(data)
        except msgspec.DecodeError:
            self._line.history.breach(self._number, arrived_ns, Breach.FRAME)
            return
        if frame.type == "event" and frame.channel == MACHINES_CHANNEL:
            if frame.payload is None:
                self._line.history.breach(self._number, arrived_ns, Breach.FRAME)
                return
            sent_ns = self._house.event(self._number, frame, arrived_ns)
            if sent_ns:
                self._unshown_ns.append(sent_ns)
            self._perform(self._page.event(arrived_ns))
        elif frame.type == "subscribed":
            self._subscribed_ns = arrived_ns
            self._line.tally.subscribed += 1
            self._perform(self._page.subscribed(arrived_ns))
            self._progress()

    def closed(self, at_ns: int, code: int, reason: str, by_us: bool = False) -> None:
        """The socket ended, or its upgrade was refused."""
        if not self._was_opened and not by_us:
            self._line.tally.answered(code if code != ABNORMAL_CLOSE else 0, reason)
        if not by_us:
            self._line.tally.last_failure = reason or f"a socket was closed with {code}"
        self._note_session(at_ns, code, by_us)
        self._socket = None
        self._perform(self._page.closed(at_ns))

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
                    if self._socket is not None:
                        self._socket.send_text(PING_FRAME)
        deadline_ns = self._page.deadline_ns
        if deadline_ns < self._armed_ns:
            self._armed_ns = deadline_ns
            self._house.alarm(self._number, deadline_ns)

    def _connect(self) -> None:
        now_ns = monotonic_ns()
        self._opened_ns = now_ns
        self._was_opened = False
        self._socket = WebSocket(self._line.address, self._line.uri, self._line.subprotocol, self, now_ns)

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._note_session(monotonic_ns(), 0, by_us=True)
            self._socket = None

    def _start_fetch(self, effect: StartFetch) -> None:
        now_ns = monotonic_ns()
        if effect.attempt == 0:
            if self._one_at_a_time:
                self._end_fetches(now_ns, Outcome.CANCELLED)
            self._fetches[effect.fetch] = _Fetch(effect.cause, now_ns)
        fetch = self._fetches[effect.fetch]
        fetch.attempt = effect.attempt
        number, attempt = effect.fetch, effect.attempt
        fetch.request = self._line.refetch(lambda reply: self._answered(number, attempt, now_ns, reply))

    def _abort(self, number: int) -> None:
        fetch = self._fetches.get(number)
        if fetch is not None and fetch.request is not None:
            self._line.pool.abort(fetch.request)
            fetch.request = None

    def _answered(self, number: int, attempt: int, sent_ns: int, reply: Reply) -> None:
        """A request ended; its answer is inspected for leaks even if the page has no use for it any more."""
        self._line.tally.refetch(reply.arrived_ns - sent_ns, reply.status, reply.reason)
        ok = reply.status == 200 and self._inspector.inspect(self._number, reply)
        self._drain_before(reply.arrived_ns)
        effects = self._page.answered(reply.arrived_ns, number, attempt, ok)
        fetch = self._fetches.get(number)
        if fetch is not None:
            fetch.request = None
            if any(isinstance(effect, Show) and effect.fetch == number for effect in effects):
                self._show(number, reply.arrived_ns)
            elif not ok and attempt >= self._retries:
                self._end_fetch(number, reply.arrived_ns, Outcome.FAILED)
        self._perform(effects)

    def _show(self, number: int, shown_ns: int) -> None:
        sent_ns = self._fetches[number].sent_ns
        self._end_fetch(number, shown_ns, Outcome.SHOWN)
        # Events that arrived after the refetch had left wait for the next one; writes are sent before they arrive.
        for write_ns in self._unshown_ns:
            if write_ns < sent_ns:
                self._line.tally.shown(shown_ns - write_ns)
        self._unshown_ns = [write_ns for write_ns in self._unshown_ns if write_ns >= sent_ns]
        if not self.first_shown:
            self.first_shown = True
            self._progress()

    # Facts.

    def _end_fetches(self, ended_ns: int, outcome: Outcome) -> None:
        for number in list(self._fetches):
            self._end_fetch(number, ended_ns, outcome)

    def _end_fetch(self, number: int, ended_ns: int, outcome: Outcome) -> None:
        fetch = self._fetches.pop(number)
        self._line.history.fetch(self._number, fetch.cause, fetch.sent_ns, ended_ns, outcome, fetch.attempt + 1)

    def _note_session(self, closed_ns: int, code: int, by_us: bool) -> None:
        if self.is_subscribed:
            self._line.tally.subscribed -= 1
        self._line.history.session(self._number, self._opened_ns, self._subscribed_ns, closed_ns, code, by_us)
        self._opened_ns = self._subscribed_ns = NEVER_NS

    def _drain_before(self, now_ns: int) -> None:
        """Before time passes a deadline: an event that the kernel has received already may have moved it."""
        if self._socket is not None and self._page.deadline_ns <= now_ns:
            self._socket.drain()

    def _progress(self) -> None:
        if self.on_progress is not None:
            self.on_progress()


def status_code(frame: ServerFrame) -> int:
    """The status that an event's payload carries, as a code."""
    return int(StatusCode.of(frame.payload.status if frame.payload else None))
