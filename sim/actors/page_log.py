"""Notes what happens to one dashboard: its visits, sockets, refetches, and what it shows."""

from collections import deque

from sim.dashboard import Cause
from sim.history import NEVER_NS, HistoryBuilder, Outcome


class _Fetch:
    """A refetch that has not ended."""

    __slots__ = ("asked_ns", "attempts", "cause", "failures", "sent_ns")

    def __init__(self, cause: Cause, sent_ns: int) -> None:
        self.cause = cause
        self.sent_ns = sent_ns
        self.asked_ns = sent_ns
        self.attempts = 1
        self.failures = 0


class PageLog:
    """Knows what is open at the moment; everything else goes to the history at once."""

    __slots__ = (
        "_fetches", "_history", "_mounted_ns", "_number", "_opened_ns", "_shown", "_shown_ns", "_silent_ns",
        "_subscribed_ns", "_unponged_ns",
    )  # fmt: skip

    def __init__(self, number: int, history: HistoryBuilder) -> None:
        self._number = number
        self._history = history
        self._fetches: dict[int, _Fetch] = {}
        self._shown = b""
        self._shown_ns = -NEVER_NS
        self._mounted_ns = NEVER_NS
        self._opened_ns = self._subscribed_ns = self._silent_ns = NEVER_NS
        self._unponged_ns: deque[int] = deque()

    @property
    def is_subscribed(self) -> bool:
        """Whether it has a subscribed socket now."""
        return self._subscribed_ns < NEVER_NS

    @property
    def is_connecting(self) -> bool:
        """Whether it has a socket that is not subscribed yet."""
        return self._opened_ns < NEVER_NS and not self.is_subscribed

    @property
    def is_fetching(self) -> bool:
        """Whether a refetch is under way."""
        return bool(self._fetches)

    # Visits.

    def mounted(self, at_ns: int) -> None:
        """The page is open from now on."""
        self._mounted_ns = at_ns

    def left(self, at_ns: int) -> None:
        """The visit is over."""
        self._history.mount(self._number, self._mounted_ns, at_ns)
        self._mounted_ns = NEVER_NS

    # Sockets.

    def connecting(self, at_ns: int) -> None:
        """A socket is being opened."""
        self._opened_ns = self._silent_ns = at_ns

    def opened(self, at_ns: int) -> None:
        """The upgrade succeeded."""
        self._silent_ns = at_ns

    def subscribed(self, at_ns: int) -> None:
        """The subscription was confirmed."""
        self._subscribed_ns = at_ns

    def pinged(self, at_ns: int) -> None:
        """A ping was sent."""
        self._silent_ns = at_ns
        self._unponged_ns.append(at_ns)

    def ponged(self) -> None:
        """The oldest ping is answered: that they are answered in order is all that a pong says."""
        if self._unponged_ns:
            self._unponged_ns.popleft()

    def closed(self, at_ns: int, code: int, by_us: bool) -> None:
        """The socket ended, or was refused."""
        self._note_session(at_ns, code, by_us)
        self._no_socket()

    # Refetches.

    def has(self, fetch: int) -> bool:
        """Whether this one is under way."""
        return fetch in self._fetches

    def sent(self, fetch: int, attempt: int, cause: Cause, at_ns: int) -> None:
        """A refetch's request was sent; attempts count from 0."""
        if attempt == 0:
            self._fetches[fetch] = _Fetch(cause, at_ns)
        under_way = self._fetches[fetch]
        under_way.asked_ns = at_ns
        under_way.attempts = attempt + 1

    def failed(self, fetch: int) -> None:
        """Its latest attempt failed."""
        if fetch in self._fetches:
            self._fetches[fetch].failures += 1

    def shown(self, fetch: int, at_ns: int, statuses: bytes) -> int:
        """Its answer is what the page shows from now on; when it was first sent. `statuses` as of `Contents`.

        Answers of several connections may be handled in another order than they arrived in; what the page shows last
        was shown last. One that was given up with an earlier visit, and is shown in this one all the same, is -NEVER_NS
        old.
        """
        at_ns = self._shown_ns = max(at_ns, self._shown_ns)
        self._show(at_ns, statuses)
        if fetch not in self._fetches:
            return -NEVER_NS
        sent_ns = self._fetches[fetch].sent_ns
        self.ended(fetch, at_ns, Outcome.SHOWN)
        return sent_ns

    def ended(self, fetch: int, at_ns: int, outcome: Outcome) -> None:
        """It ended in some way."""
        of = self._fetches.pop(fetch)
        self._history.fetch(
            self._number, of.cause, of.sent_ns, at_ns, outcome, of.attempts, of.asked_ns, of.failures
        )  # fmt: skip

    def all_ended(self, at_ns: int, outcome: Outcome) -> None:
        """Whatever is under way ended in this way."""
        for fetch in list(self._fetches):
            self.ended(fetch, at_ns, outcome)

    # The end.

    def note_open(self) -> None:
        """A part of the run ends: the socket and the visit reach into it, and go on."""
        if self._opened_ns < NEVER_NS:
            self._note_session(NEVER_NS, 0, by_us=False)
        if self._mounted_ns < NEVER_NS:
            self._history.mount(self._number, self._mounted_ns, NEVER_NS)

    def finish(self, now_ns: int) -> None:
        """The run is over."""
        self.all_ended(NEVER_NS, Outcome.OPEN)
        if self._opened_ns < NEVER_NS:
            self.closed(NEVER_NS, 0, by_us=True)
        if self._mounted_ns < NEVER_NS:
            self.left(now_ns)

    def _note_session(self, closed_ns: int, code: int, by_us: bool) -> None:
        self._history.session(
            self._number, self._opened_ns, self._subscribed_ns, closed_ns, code, by_us, self._silent_ns,
            self._unponged_ns[0] if self._unponged_ns else NEVER_NS,
        )  # fmt: skip

    def _no_socket(self) -> None:
        self._opened_ns = self._subscribed_ns = self._silent_ns = NEVER_NS
        self._unponged_ns.clear()

    def _show(self, at_ns: int, statuses: bytes) -> None:
        if statuses == self._shown:
            return
        before = self._shown or bytes(len(statuses))
        for machine, status in enumerate(statuses):
            if status != before[machine]:
                self._history.state(self._number, at_ns, machine, status)
        self._shown = statuses
