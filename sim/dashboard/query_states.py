"""What the page does to have its data: React Query's query of one key, seen from outside, as a table.

There are two ways to ask for a refetch, and they differ in what they do to one that already runs:

- RESTART, an invalidation once the page has data: what runs is cancelled, and a new fetch starts;
- JOIN, all others (mounting, regained visibility or network, an invalidation before there is any data): what
  runs goes on, and a new fetch starts only if nothing runs.

While the browser is offline no request leaves: the fetch is PAUSED. A retry is PAUSED while the page is
hidden as well. Leaving cancels the request where the page passes its abort signal on (LEAVE_ABORT); else the
request runs to its end without retries (LEFT_FETCHING), and a page that comes back in time joins it.

Every pair of state and input has an entry. `IMPOSSIBLE` marks the pairs that no order of calls can bring
about; an entry that keeps the state and does nothing is an input without effect there, such as a report that
comes late.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class QueryState(IntEnum):
    """What the query does just now."""

    AWAY = 0
    """The page is not mounted, and no request runs."""
    IDLE = 1
    """The page is mounted; nothing runs."""
    FETCHING = 2
    """A request is under way."""
    WAITING = 3
    """The last request failed; its retry waits."""
    PAUSED = 4
    """A request is due, but the browser is offline, or it is a retry and the page is hidden."""
    LEFT_FETCHING = 5
    """The page was left; the request runs on, without retries."""
    LEFT_WAITING = 6
    """The page was left in the wait before a retry; only a return in time will send it."""


class QueryInput(IntEnum):
    """What can happen to the query."""

    JOIN = 0
    """A refetch is wanted; it joins what runs."""
    JOIN_OFFLINE = 1
    """The same while the browser is offline."""
    RESTART = 2
    """A refetch is wanted; it cancels what runs."""
    RESTART_OFFLINE = 3
    """The same while the browser is offline."""
    ANSWERED = 4
    """The request under way was answered well."""
    FAILED = 5
    """It failed, and a retry is left."""
    GAVE_UP = 6
    """It failed, and no retry is left."""
    WAITED = 7
    """The wait before a retry is over; the page is visible and online."""
    HELD = 8
    """The wait before a retry is over, but the page is hidden or offline."""
    RESUMED = 9
    """The page is visible and online again."""
    LEAVE = 10
    """The page is left; it does not pass its abort signal on."""
    LEAVE_ABORT = 11
    """The page is left; it passes its abort signal on."""


class QueryAction(IntEnum):
    """What the query does on the way."""

    ABORT = 0
    """Abort the request under way, if the page passes its abort signal on."""
    NEW = 1
    """Number a new fetch, attempt 0."""
    RETRY = 2
    """Number the next attempt of the same fetch."""
    SEND = 3
    """Send the request."""
    WAIT = 4
    """Start the wait before the next retry."""
    DROP_WAIT = 5
    """Drop that wait."""
    SHOW = 6
    """Show the answer."""


QueryTransition = tuple[QueryState, tuple[QueryAction, ...]]

IMPOSSIBLE: Final = None

_S, _I, _A = QueryState, QueryInput, QueryAction


def _to(state: QueryState, *actions: QueryAction) -> QueryTransition:
    return state, actions


_ROWS: Final[Mapping[QueryState, Mapping[QueryInput, QueryTransition | None]]] = {
    _S.AWAY: {
        _I.JOIN: _to(_S.FETCHING, _A.NEW, _A.SEND),
        _I.JOIN_OFFLINE: _to(_S.PAUSED, _A.NEW),
        _I.RESTART: IMPOSSIBLE,
        _I.RESTART_OFFLINE: IMPOSSIBLE,
        _I.ANSWERED: IMPOSSIBLE,
        _I.FAILED: IMPOSSIBLE,
        _I.GAVE_UP: IMPOSSIBLE,
        _I.WAITED: IMPOSSIBLE,
        _I.HELD: IMPOSSIBLE,
        _I.RESUMED: IMPOSSIBLE,
        _I.LEAVE: IMPOSSIBLE,
        _I.LEAVE_ABORT: IMPOSSIBLE,
    },
    _S.IDLE: {
        _I.JOIN: _to(_S.FETCHING, _A.NEW, _A.SEND),
        _I.JOIN_OFFLINE: _to(_S.PAUSED, _A.NEW),
        _I.RESTART: _to(_S.FETCHING, _A.NEW, _A.SEND),
        _I.RESTART_OFFLINE: _to(_S.PAUSED, _A.NEW),
        _I.ANSWERED: IMPOSSIBLE,
        _I.FAILED: IMPOSSIBLE,
        _I.GAVE_UP: IMPOSSIBLE,
        _I.WAITED: IMPOSSIBLE,
        _I.HELD: IMPOSSIBLE,
        _I.RESUMED: IMPOSSIBLE,
        _I.LEAVE: _to(_S.AWAY),
        _I.LEAVE_ABORT: _to(_S.AWAY),
    },
    _S.FETCHING: {
        _I.JOIN: _to(_S.FETCHING),
        _I.JOIN_OFFLINE: _to(_S.FETCHING),
        _I.RESTART: _to(_S.FETCHING, _A.ABORT, _A.NEW, _A.SEND),
        _I.RESTART_OFFLINE: _to(_S.PAUSED, _A.ABORT, _A.NEW),
        _I.ANSWERED: _to(_S.IDLE, _A.SHOW),
        _I.FAILED: _to(_S.WAITING, _A.WAIT),
        _I.GAVE_UP: _to(_S.IDLE),
        _I.WAITED: IMPOSSIBLE,
        _I.HELD: IMPOSSIBLE,
        _I.RESUMED: _to(_S.FETCHING),
        _I.LEAVE: _to(_S.LEFT_FETCHING),
        _I.LEAVE_ABORT: _to(_S.AWAY, _A.ABORT),
    },
    _S.WAITING: {
        _I.JOIN: _to(_S.WAITING),
        _I.JOIN_OFFLINE: _to(_S.WAITING),
        _I.RESTART: _to(_S.FETCHING, _A.DROP_WAIT, _A.NEW, _A.SEND),
        _I.RESTART_OFFLINE: _to(_S.PAUSED, _A.DROP_WAIT, _A.NEW),
        _I.ANSWERED: IMPOSSIBLE,
        _I.FAILED: IMPOSSIBLE,
        _I.GAVE_UP: IMPOSSIBLE,
        _I.WAITED: _to(_S.FETCHING, _A.RETRY, _A.SEND),
        _I.HELD: _to(_S.PAUSED, _A.RETRY),
        _I.RESUMED: _to(_S.WAITING),
        _I.LEAVE: _to(_S.LEFT_WAITING),
        _I.LEAVE_ABORT: _to(_S.AWAY, _A.DROP_WAIT),
    },
    _S.PAUSED: {
        _I.JOIN: _to(_S.PAUSED),
        _I.JOIN_OFFLINE: _to(_S.PAUSED),
        _I.RESTART: _to(_S.FETCHING, _A.NEW, _A.SEND),
        _I.RESTART_OFFLINE: _to(_S.PAUSED, _A.NEW),
        _I.ANSWERED: IMPOSSIBLE,
        _I.FAILED: IMPOSSIBLE,
        _I.GAVE_UP: IMPOSSIBLE,
        _I.WAITED: IMPOSSIBLE,
        _I.HELD: IMPOSSIBLE,
        _I.RESUMED: _to(_S.FETCHING, _A.SEND),
        _I.LEAVE: _to(_S.AWAY),
        _I.LEAVE_ABORT: _to(_S.AWAY),
    },
    _S.LEFT_FETCHING: {
        _I.JOIN: _to(_S.FETCHING),
        _I.JOIN_OFFLINE: _to(_S.FETCHING),
        _I.RESTART: IMPOSSIBLE,
        _I.RESTART_OFFLINE: IMPOSSIBLE,
        _I.ANSWERED: _to(_S.AWAY),
        _I.FAILED: _to(_S.AWAY),
        _I.GAVE_UP: _to(_S.AWAY),
        _I.WAITED: IMPOSSIBLE,
        _I.HELD: IMPOSSIBLE,
        _I.RESUMED: IMPOSSIBLE,
        _I.LEAVE: IMPOSSIBLE,
        _I.LEAVE_ABORT: IMPOSSIBLE,
    },
    _S.LEFT_WAITING: {
        _I.JOIN: _to(_S.WAITING),
        _I.JOIN_OFFLINE: _to(_S.WAITING),
        _I.RESTART: IMPOSSIBLE,
        _I.RESTART_OFFLINE: IMPOSSIBLE,
        _I.ANSWERED: IMPOSSIBLE,
        _I.FAILED: IMPOSSIBLE,
        _I.GAVE_UP: IMPOSSIBLE,
        _I.WAITED: _to(_S.AWAY),
        _I.HELD: _to(_S.AWAY),
        _I.RESUMED: IMPOSSIBLE,
        _I.LEAVE: IMPOSSIBLE,
        _I.LEAVE_ABORT: IMPOSSIBLE,
    },
}

QUERY_TRANSITIONS: Final[Mapping[tuple[QueryState, QueryInput], QueryTransition | None]] = {
    (state, entry): transition for state, row in _ROWS.items() for entry, transition in row.items()
}
"""What each input does in each state; total over both."""
