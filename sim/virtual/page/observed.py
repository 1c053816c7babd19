"""What a trace would have recorded, in the fields, the order and the roundings of a recording.

Times are milliseconds since the first upgrade, to 0.01 ms. A field that does not apply is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec import UNSET, UnsetType

from sim.virtual.page.delays import MS_NS
from sim.virtual.page.request import Request
from sim.virtual.page.sockets import Socket


class RequestRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request as the server saw it. One that was aborted has `aborted_ms`; over HTTP/2, which has no connection
    to lose, `finished_ms` and no status, as the recordings have it. `seq` is how many events its answer shows.
    """

    n: int
    tab: int
    fetch: int
    connection: int | None
    arrived_ms: float
    seq: int | None
    status: int | str | UnsetType = UNSET
    finished_ms: float | UnsetType = UNSET
    aborted_ms: float | UnsetType = UNSET


class SocketRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A socket as the server saw it."""

    n: int
    tab: int
    upgrade_ms: float
    opened_ms: float | UnsetType = UNSET
    subscribe_frame_ms: float | UnsetType = UNSET
    subscribed_ms: float | UnsetType = UNSET
    close_code: int | UnsetType = UNSET
    closed_ms: float | UnsetType = UNSET
    refused: int | UnsetType = UNSET
    unanswered: bool = False


class EventRecord(msgspec.Struct, frozen=True):
    """An event, when the script has it, when it was sent, and to which sockets."""

    i: int
    at_ms: float
    sent_ms: float
    sockets: list[int]


class Observed(msgspec.Struct, frozen=True):
    """What was observed."""

    refetch_requests: list[RequestRecord]
    sockets: list[SocketRecord]
    events: list[EventRecord]


@dataclass(frozen=True)
class Sent:
    """An event of the script that was sent, and to whom."""

    at_ms: float
    sent_ns: int
    sockets: Sequence[Socket]


@dataclass(frozen=True)
class Observer:
    """A server that began to look at `zero_ns` and stopped at `until_ns`; `multiplexed` is HTTP/2."""

    zero_ns: int
    until_ns: int
    multiplexed: bool

    def observe(self, requests: Sequence[Request], sockets: Sequence[Socket], events: Sequence[Sent]) -> Observed:
        """What it saw; requests and sockets are in the order in which they arrived."""
        seen = [event for event in events if event.sent_ns <= self.until_ns]
        return Observed(
            refetch_requests=[self._request(n, request, seen) for n, request in enumerate(requests)],
            sockets=[self._socket(socket) for socket in sockets],
            events=[self._event(i, event) for i, event in enumerate(seen)],
        )

    def _request(self, n: int, request: Request, events: Sequence[Sent]) -> RequestRecord:
        ended_ms = self._ms(request.aborted_ns if request.finished_ns is None else request.finished_ns)
        answered = request.finished_ns is not None and ended_ms is not UNSET
        aborted = not answered and not self.multiplexed
        return RequestRecord(
            n=n,
            tab=request.tab,
            fetch=request.fetch,
            connection=request.connection,
            arrived_ms=self._known_ms(request.arrived_ns),
            seq=_shown(request, events) if answered else None,
            status=request.status if answered and request.status is not None else UNSET,
            finished_ms=UNSET if aborted else ended_ms,
            aborted_ms=ended_ms if aborted else UNSET,
        )

    def _socket(self, socket: Socket) -> SocketRecord:
        closed_ms = self._ms(socket.closed_ns)
        return SocketRecord(
            n=0 if socket.n is None else socket.n,
            tab=socket.tab.number,
            upgrade_ms=self._known_ms(socket.upgrade_ns),
            opened_ms=self._ms(socket.opened_ns),
            subscribe_frame_ms=self._ms(socket.subscribe_frame_ns),
            subscribed_ms=self._ms(socket.subscribed_ns),
            close_code=UNSET if closed_ms is UNSET or socket.close_code is None else socket.close_code,
            closed_ms=closed_ms,
            refused=UNSET if socket.refused is None else socket.refused,
            unanswered=socket.unanswered,
        )

    def _event(self, i: int, event: Sent) -> EventRecord:
        numbers = [socket.n for socket in event.sockets if socket.n is not None]
        return EventRecord(i, event.at_ms, self._known_ms(event.sent_ns), numbers)

    def _known_ms(self, at_ns: int | None) -> float:
        assert at_ns is not None
        return round((at_ns - self.zero_ns) / MS_NS, 2)

    def _ms(self, at_ns: int | None) -> float | UnsetType:
        return UNSET if at_ns is None or at_ns > self.until_ns else self._known_ms(at_ns)


def _shown(request: Request, events: Sequence[Sent]) -> int | None:
    """How many events were sent before the answer was made up, which is when it is sent; none for a reset."""
    if request.status == "reset" or request.finished_ns is None:
        return None
    return sum(event.sent_ns <= request.finished_ns for event in events)
