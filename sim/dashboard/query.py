"""The query of the dashboard: one key, at most one request whose answer counts."""

from collections.abc import Sequence

from sim.dashboard.effects import NEVER_NS, NOTHING, AbortFetch, Cause, Effect, Show, StartFetch
from sim.dashboard.query_states import QUERY_TRANSITIONS, QueryAction, QueryInput, QueryState
from sim.dashboard.rules import PageRules

_RUNNING = (QueryState.FETCHING, QueryState.LEFT_FETCHING)


class Query:
    """Carries out QUERY_TRANSITIONS.

    It knows no visibility or network: `may_send`, `may_go_on` are told to it.
    """

    __slots__ = ("_attempt", "_cause", "_fetch", "_has_data", "_rules", "_state", "retry_ns")

    def __init__(self, rules: PageRules) -> None:
        self._rules = rules
        self._state = QueryState.AWAY
        self._fetch = -1
        self._attempt = 0
        self._cause = Cause.LOAD
        self._has_data = False
        self.retry_ns = NEVER_NS

    def join(self, now_ns: int, cause: Cause, may_send: bool) -> Sequence[Effect]:
        """Refetch, joining what runs."""
        return self._feed(now_ns, QueryInput.JOIN if may_send else QueryInput.JOIN_OFFLINE, cause)

    def invalidate(self, now_ns: int, cause: Cause, may_send: bool) -> Sequence[Effect]:
        """Refetch, cancelling what runs if the page has data; before that, joining it."""
        if not self._has_data:
            return self.join(now_ns, cause, may_send)
        return self._feed(now_ns, QueryInput.RESTART if may_send else QueryInput.RESTART_OFFLINE, cause)

    def resume(self, now_ns: int) -> Sequence[Effect]:
        """The page is visible and online again: what was paused goes on."""
        return self._feed(now_ns, QueryInput.RESUMED)

    def leave(self, now_ns: int) -> Sequence[Effect]:
        """The page is left."""
        return self._feed(now_ns, QueryInput.LEAVE_ABORT if self._rules.abort else QueryInput.LEAVE)

    def retry(self, now_ns: int, may_go_on: bool) -> Sequence[Effect]:
        """The wait before a retry is over."""
        self.retry_ns = NEVER_NS
        return self._feed(now_ns, QueryInput.WAITED if may_go_on else QueryInput.HELD)

    def answered(self, now_ns: int, fetch: int, attempt: int, ok: bool) -> Sequence[Effect]:
        """A request ended; ignored unless it is the one whose answer counts."""
        if fetch != self._fetch or attempt != self._attempt or self._state not in _RUNNING:
            return NOTHING
        if ok:
            self._has_data = True
            return self._feed(now_ns, QueryInput.ANSWERED)
        retries_left = attempt < len(self._rules.retry_delays_ns)
        return self._feed(now_ns, QueryInput.FAILED if retries_left else QueryInput.GAVE_UP)

    def _feed(self, now_ns: int, entry: QueryInput, cause: Cause = Cause.LOAD) -> Sequence[Effect]:
        transition = QUERY_TRANSITIONS[self._state, entry]
        assert transition is not None, f"{self._state.name}, {entry.name}"
        self._state, actions = transition
        effects: list[Effect] = []
        for action in actions:
            effects += self._do(action, now_ns, cause)
        return effects

    def _do(self, action: QueryAction, now_ns: int, cause: Cause) -> Sequence[Effect]:
        match action:
            case QueryAction.ABORT:
                return (AbortFetch(self._fetch, self._attempt),) if self._rules.abort else NOTHING
            case QueryAction.NEW:
                self._fetch, self._attempt, self._cause = self._fetch + 1, 0, cause
            case QueryAction.RETRY:
                self._attempt += 1
            case QueryAction.SEND:
                return (StartFetch(self._fetch, self._attempt, self._cause),)
            case QueryAction.WAIT:
                self.retry_ns = now_ns + self._rules.retry_delays_ns[self._attempt]
            case QueryAction.DROP_WAIT:
                self.retry_ns = NEVER_NS
            case QueryAction.SHOW:
                return (Show(self._fetch),)
        return NOTHING
