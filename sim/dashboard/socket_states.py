"""The page's socket, which reconnects for ever, as a table.

Poll timer and reconnect wait start together when the socket closes, or when the upgrade is refused. A poll
timer that runs is kept through all attempts, and stops when a socket opens. An upgrade that nobody answers is
waited for without end, as a browser does.

Every pair of state and input has an entry. `IMPOSSIBLE` marks the pairs that no order of calls can bring
about; an entry that keeps the state and does nothing is an input without effect there, such as a report that
comes late.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class SocketState(IntEnum):
    """Where the page's socket is."""

    NONE = 0
    """The page is not mounted."""
    CONNECTING = 1
    """The upgrade is under way."""
    OPEN = 2
    """Open, not yet subscribed."""
    SUBSCRIBED = 3
    """Events flow."""
    WAITING = 4
    """Closed or refused; the next attempt waits."""


class SocketInput(IntEnum):
    """What can happen to the socket."""

    MOUNT = 0
    OPENED = 1
    SUBSCRIBED = 2
    CLOSED = 3
    """Closed, or the upgrade was refused."""
    RECONNECT = 4
    """The wait before the next attempt is over."""
    LEAVE = 5


class SocketAction(IntEnum):
    """What the page does about its socket on the way."""

    CONNECT = 0
    CLOSE = 1
    START_POLL = 2
    """Start the poll timer, unless it runs."""
    STOP_POLL = 3
    WAIT = 4
    """Start the wait before the next attempt."""
    START_PING = 5
    """Start the ping timer, if the page pings."""
    STOP_PING = 6
    STOP_TIMERS = 7


SocketTransition = tuple[SocketState, tuple[SocketAction, ...]]

IMPOSSIBLE: Final = None

_S, _I, _A = SocketState, SocketInput, SocketAction


def _to(state: SocketState, *actions: SocketAction) -> SocketTransition:
    return state, actions


_ROWS: Final[Mapping[SocketState, Mapping[SocketInput, SocketTransition | None]]] = {
    _S.NONE: {
        _I.MOUNT: _to(_S.CONNECTING, _A.CONNECT),
        _I.OPENED: _to(_S.NONE),
        _I.SUBSCRIBED: _to(_S.NONE),
        _I.CLOSED: _to(_S.NONE),
        _I.RECONNECT: IMPOSSIBLE,
        _I.LEAVE: IMPOSSIBLE,
    },
    _S.CONNECTING: {
        _I.MOUNT: IMPOSSIBLE,
        _I.OPENED: _to(_S.OPEN, _A.STOP_POLL, _A.START_PING),
        _I.SUBSCRIBED: _to(_S.CONNECTING),
        _I.CLOSED: _to(_S.WAITING, _A.START_POLL, _A.WAIT),
        _I.RECONNECT: IMPOSSIBLE,
        _I.LEAVE: _to(_S.NONE, _A.CLOSE, _A.STOP_TIMERS),
    },
    _S.OPEN: {
        _I.MOUNT: IMPOSSIBLE,
        _I.OPENED: _to(_S.OPEN),
        _I.SUBSCRIBED: _to(_S.SUBSCRIBED),
        _I.CLOSED: _to(_S.WAITING, _A.STOP_PING, _A.START_POLL, _A.WAIT),
        _I.RECONNECT: IMPOSSIBLE,
        _I.LEAVE: _to(_S.NONE, _A.CLOSE, _A.STOP_TIMERS),
    },
    _S.SUBSCRIBED: {
        _I.MOUNT: IMPOSSIBLE,
        _I.OPENED: _to(_S.SUBSCRIBED),
        _I.SUBSCRIBED: _to(_S.SUBSCRIBED),
        _I.CLOSED: _to(_S.WAITING, _A.STOP_PING, _A.START_POLL, _A.WAIT),
        _I.RECONNECT: IMPOSSIBLE,
        _I.LEAVE: _to(_S.NONE, _A.CLOSE, _A.STOP_TIMERS),
    },
    _S.WAITING: {
        _I.MOUNT: IMPOSSIBLE,
        _I.OPENED: _to(_S.WAITING),
        _I.SUBSCRIBED: _to(_S.WAITING),
        _I.CLOSED: _to(_S.WAITING),
        _I.RECONNECT: _to(_S.CONNECTING, _A.CONNECT),
        _I.LEAVE: _to(_S.NONE, _A.STOP_TIMERS),
    },
}

SOCKET_TRANSITIONS: Final[Mapping[tuple[SocketState, SocketInput], SocketTransition | None]] = {
    (state, entry): transition for state, row in _ROWS.items() for entry, transition in row.items()
}
"""What each input does in each state; total over both."""
