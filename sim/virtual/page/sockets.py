"""A socket, as the scripted server sees it, and the codes with which one ends."""

from dataclasses import dataclass, field
from typing import Final

from sim.virtual.page.tab import Step, Tab

ABNORMAL: Final = 1006
"""The close code of a connection that ended without a close frame (RFC 6455, 7.4.1)."""
NO_CODE: Final = 1005
"""That of a close frame without a code, as a page sends it (RFC 6455, 7.4.1)."""
GOING_AWAY: Final = 1001
"""That with which a browser closes the sockets of a tab (RFC 6455, 7.4.1)."""
PROTOCOL_ERROR: Final = 1002
"""That with which Chromium answers a text frame that is not UTF-8."""
EVICTED: Final = 4000
"""That of the recording server's eviction."""
UNAVAILABLE: Final = 503
"""The status with which it refuses an upgrade."""


@dataclass(eq=False)
class Socket:
    """A socket of a tab, with what the server saw of it; `n` is its number there."""

    tab: Tab
    pending: bool = False
    """Whether its handshake is under way."""
    n: int | None = None
    upgrade_ns: int | None = None
    opened_ns: int | None = None
    subscribe_frame_ns: int | None = None
    subscribed_ns: int | None = None
    closed_ns: int | None = None
    close_code: int | None = None
    refused: int | None = None
    unanswered: bool = False
    held: list[Step] = field(default_factory=list)
    """What waits for the network: frames, and a close that came after one."""

    @property
    def receives(self) -> bool:
        """Whether the server sends events to it."""
        return self.subscribed_ns is not None and self.closed_ns is None
