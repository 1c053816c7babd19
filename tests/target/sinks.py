"""What faults meet, without a server: a socket and a call."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sim.target.hooks import Door


@dataclass(eq=False)
class Sink:
    """A socket that keeps what it is sent, with the time by its loop's clock."""

    clock: Callable[[], float] = field(default=lambda: asyncio.get_running_loop().time())
    live: bool = True
    organisation: str = "org"
    user_id: str = "user"
    channels: set[str] = field(default_factory=set)
    last_ping_s: float = 0.0
    received: list[tuple[float, bytes]] = field(default_factory=list)
    closed: list[tuple[float, int]] = field(default_factory=list)

    @property
    def frames(self) -> list[bytes]:
        return [frame for _, frame in self.received]

    def send(self, frame: bytes) -> bool:
        if self.live:
            self.received.append((self.clock(), frame))
        return self.live

    def cut(self) -> None:
        self.live = False

    def end_sending(self) -> None:
        self.live = False

    async def close(self, code: int, reason: str) -> None:
        assert reason
        self.closed.append((self.clock(), code))


@dataclass(frozen=True)
class UserCall:
    """A call by a door."""

    door: Door = Door.RPC
    organisation: str = "org"
    function: str = "get_dashboard_stats"
    live: bool = True
