"""A socket that is opened only to see whether it is refused, or what it brings (contract 1)."""

from collections.abc import Callable
from time import monotonic_ns
from typing import Final, NamedTuple, Protocol

from sim.actors import Answer, Event, SocketHandle, SocketListener
from sim.actors.organisation import NO_DASHBOARD
from sim.contract import EVICTION_CODE
from sim.history import NEVER_NS, UNKNOWN_OWNER, Breach, HistoryBuilder, ProbeOutcome
from sim.live.figures.tally import Tally
from sim.live.probes.answers import outcome_of
from sim.live.wire.http import NO_ANSWER
from sim.live.wire.websocket import ABNORMAL_CLOSE
from sim.schedule import ProbeKind

SOCKETS: Final = frozenset(
    {
        ProbeKind.OWN_SOCKET,
        ProbeKind.FOREIGN_SOCKET,
        ProbeKind.FOREIGN_FILTER,
        ProbeKind.EXPIRED_SOCKET,
        ProbeKind.UNSIGNED_SOCKET,
    }
)

_UPGRADED: Final = 101
_NORMAL_CLOSE: Final = 1000
_POLICY_CLOSE: Final = 1008
_APPLICATION_CLOSES: Final = range(3000, 5000)
"""RFC 6455, 7.4.2: registered and private codes, such as 4003 (contract 1, C2). Others tell of defects."""


class Waits(NamedTuple):
    """How long a probe waits for what."""

    answer_ns: int
    """For an answer to a request, and for a socket to be opened and subscribed."""
    hold_ns: int
    """For events that a filter for another organisation must not bring."""
    pong_ns: int


class House(Protocol):
    """What probes need of their organisation."""

    def delivered(self, dashboard: int, arrived_ns: int, event: Event) -> int:
        """Note an event that reached a probe's socket."""

    def inspected(self, dashboard: int, answer: Answer) -> None:
        """Note whose rows came for the own organisation."""

    def patched(self, machine: int, last_seen_ms: int) -> None:
        """A PATCH with this `last_seen` leaves."""

    def change_acked(self, acked_ns: int) -> None:
        """The target has taken a PATCH that it must announce."""


class ProbeSocket:
    """One probe's socket: opened and subscribed at once, and closed as soon as it is known what it is.

    `ended(at_ns, outcome, code)` is called once; `connect` opens the socket. `wake` must be called when its time comes.
    """

    __slots__ = (
        "_ended", "_foreign_came", "_history", "_house", "_is_over", "_kind", "_opened_ns", "_organisation",
        "_pinged_ns", "_socket", "_started_ns", "_tally", "_waits",
    )  # fmt: skip

    def __init__(
        self,
        kind: ProbeKind,
        organisation: int,
        connect: Callable[[SocketListener], SocketHandle],
        waits: Waits,
        house: House,
        history: HistoryBuilder,
        tally: Tally,
        ended: Callable[[int, ProbeOutcome, int], None],
        now_ns: int,
    ) -> None:
        self._kind = kind
        self._organisation = organisation
        self._waits = waits
        self._house = house
        self._history = history
        self._tally = tally
        self._ended = ended
        self._started_ns = now_ns
        self._opened_ns = NEVER_NS
        self._pinged_ns = NEVER_NS
        self._foreign_came = False
        self._is_over = False
        self._socket = connect(self)

    def wake(self, now_ns: int) -> int:
        """End it if its time is up. When to look again; NEVER_NS if it has ended.

        What makes its end come sooner, it learns in between: so it must look more often than at its end alone.
        """
        if now_ns >= self._deadline_ns:
            self._socket.drain()  # it may have come in time, and wait to be handled
        if self._is_over:
            return NEVER_NS
        if now_ns < self._deadline_ns:
            soonest_ns = min(self._waits.hold_ns, self._waits.pong_ns)
            return min(self._deadline_ns, now_ns + max(soonest_ns, 1))
        self._run_out(now_ns)
        return NEVER_NS

    def give_up(self, now_ns: int) -> None:
        """The run is over: what is known by now counts."""
        if self.is_held:
            outcome = self._what_came
        else:
            outcome = ProbeOutcome.GRANTED if self._is_pinged else ProbeOutcome.UNANSWERED
        self._end(now_ns, outcome, self._upgrade_status)

    @property
    def is_held(self) -> bool:
        """Whether it only waits for what must not come."""
        return self._is_open and self._kind is ProbeKind.FOREIGN_FILTER

    # What the socket reports.

    def opened(self, at_ns: int) -> None:
        """The upgrade succeeded."""
        self._opened_ns = at_ns
        self._socket.subscribe()

    def subscribed(self, at_ns: int) -> None:
        """The subscription was confirmed."""
        self._let_in(at_ns)

    def event(self, arrived_ns: int, event: Event) -> None:
        """An event arrived."""
        self._house.delivered(NO_DASHBOARD, arrived_ns, event)
        self._foreign_came |= event.owner not in (self._organisation, UNKNOWN_OWNER)
        self._let_in(arrived_ns)

    def stray(self, arrived_ns: int, event: Event) -> None:
        """An event of another channel arrived: it may be somebody else's."""
        if event.owner not in (self._organisation, UNKNOWN_OWNER):
            self.event(arrived_ns, event)

    def pong(self, at_ns: int) -> None:
        """A ping was answered."""
        if self._is_pinged:
            self._end(at_ns, ProbeOutcome.GRANTED, _UPGRADED)

    def breach(self, at_ns: int) -> None:
        """A frame arrived that is not of the contract."""
        self._history.breach(NO_DASHBOARD, at_ns, Breach.FRAME)

    def closed(self, at_ns: int, code: int, reason: str) -> None:
        """It ended by the other side, or was refused."""
        if not self._is_open:
            status = NO_ANSWER if code == ABNORMAL_CLOSE else code
            if status == NO_ANSWER:
                self._tally.answered(NO_ANSWER, reason)
            self._end(at_ns, outcome_of(status), status)
        elif self.is_held:
            self._end(at_ns, self._what_came, code)
        elif self._is_pinged:
            self._end(at_ns, ProbeOutcome.GRANTED, code)
        else:
            self._end(at_ns, ProbeOutcome.REFUSED if _refuses(code) else ProbeOutcome.UNANSWERED, code)

    # Inside.

    @property
    def _is_open(self) -> bool:
        return self._opened_ns < NEVER_NS

    @property
    def _is_pinged(self) -> bool:
        return self._pinged_ns < NEVER_NS

    @property
    def _upgrade_status(self) -> int:
        return _UPGRADED if self._is_open else NO_ANSWER

    @property
    def _what_came(self) -> ProbeOutcome:
        return ProbeOutcome.GRANTED if self._foreign_came else ProbeOutcome.REFUSED

    @property
    def _deadline_ns(self) -> int:
        if self._is_pinged:
            return self._pinged_ns + self._waits.pong_ns
        if self.is_held:
            return self._opened_ns + self._waits.hold_ns
        return self._started_ns + self._waits.answer_ns

    def _let_in(self, at_ns: int) -> None:
        """It is subscribed, or gets events all the same."""
        if self._kind is ProbeKind.FOREIGN_FILTER or self._is_pinged:
            return
        if self._kind is ProbeKind.OWN_SOCKET:
            self._pinged_ns = monotonic_ns()
            self._socket.ping()
        else:
            self._end(at_ns, ProbeOutcome.GRANTED, _UPGRADED)

    def _run_out(self, now_ns: int) -> None:
        if self._is_pinged:
            self._history.breach(NO_DASHBOARD, now_ns, Breach.PONG)
            self._end(now_ns, ProbeOutcome.GRANTED, _UPGRADED)
        elif self.is_held:
            self._end(now_ns, self._what_came, _UPGRADED)
        else:
            self._tally.answered(NO_ANSWER, "no answer in time")
            self._end(now_ns, ProbeOutcome.UNANSWERED, self._upgrade_status)

    def _end(self, at_ns: int, outcome: ProbeOutcome, code: int) -> None:
        self._is_over = True
        self._socket.close()
        self._ended(at_ns, outcome, code)


def _refuses(code: int) -> bool:
    """Whether a close code before `subscribed` says no; an eviction, a restart or a lost connection does not."""
    return code in (_NORMAL_CLOSE, _POLICY_CLOSE) or (code in _APPLICATION_CLOSES and code != EVICTION_CODE)
