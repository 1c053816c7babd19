"""What a page asks its driver to do.

The driver carries effects out in the order in which they are returned.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

NEVER_NS: Final = 2**62
"""The time of a timer that is not set: later than any time of a run, and still 64 bits wide."""


class Cause(IntEnum):
    """Why a refetch was sent."""

    LOAD = 0
    """The page was mounted."""
    EVENT = 1
    """At least one delivery was in the burst that the debounce ended."""
    POLL = 2
    """Only ticks of the poll timer were in the burst."""
    REGAINED = 3
    """The page became visible again, or the network came back."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a socket; subscribe when it opens.

    Report `opened` and `subscribed`, or `closed` if it is refused.
    """


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close the socket, or give up the upgrade under way. Report nothing more of it, its events included."""


@dataclass(frozen=True, slots=True)
class SendPing:
    """Send a ping frame."""


@dataclass(frozen=True, slots=True)
class StartFetch:
    """Send a request, and report its end as `answered` with the same two numbers.

    `fetch` counts the fetches of this page from 0 and only rises. One that was replaced while it waited for
    the network was never sent, so a number may be missing. `attempt` is 0, then 1, 2, ... for its retries.
    """

    fetch: int
    attempt: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class AbortFetch:
    """Abort this request on the wire. Its answer is ignored, should one still come."""

    fetch: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Show:
    """The answer of this fetch is what the page shows from now on."""

    fetch: int


Effect = Connect | CloseSocket | SendPing | StartFetch | AbortFetch | Show

NOTHING: Final[tuple[Effect, ...]] = ()
CONNECT: Final = Connect()
CLOSE_SOCKET: Final = CloseSocket()
SEND_PING: Final = SendPing()
