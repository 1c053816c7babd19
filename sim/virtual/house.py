"""What the modelled backend stores of one organisation."""

from collections import deque
from typing import Final

from sim.actors import Event
from sim.contract import StatusCode

EPOCH_MS: Final = 1_700_000_000_000
"""What the backend's clock says at the virtual time 0."""
ONLINE: Final = int(StatusCode.ONLINE)
OFFLINE: Final = int(StatusCode.OFFLINE)


class House:
    """One organisation's rows. Times are virtual."""

    __slots__ = ("_past", "_remembered_ns", "last_seen_ns", "number", "statuses")

    def __init__(self, number: int, statuses: bytes, remembered_ns: int) -> None:
        """Rows remember their past for so long, 0 for not at all."""
        self.number = number
        self.statuses = bytearray(statuses)
        self.last_seen_ns = [0] * len(statuses)
        self._past: deque[tuple[int, bytes]] = deque()
        self._remembered_ns = remembered_ns

    def seen(self, machine: int, now_ns: int) -> None:
        """A heartbeat came."""
        self.last_seen_ns[machine] = now_ns

    def set(self, machine: int, status: int, now_ns: int) -> None:
        """A machine's status changes."""
        if self._remembered_ns:
            self._past.append((now_ns, bytes(self.statuses)))
            while self._past[0][0] < now_ns - self._remembered_ns and len(self._past) > 1:
                self._past.popleft()
        self.statuses[machine] = status

    def statuses_at(self, time_ns: int) -> bytes:
        """What the rows said then, as far as they remember."""
        for until_ns, statuses in self._past:
            if until_ns > time_ns:
                return statuses
        return bytes(self.statuses)

    def silent(self, before_ns: int) -> list[int]:
        """Online machines that were last seen before this time."""
        return [
            machine
            for machine, status in enumerate(self.statuses)
            if status == ONLINE and self.last_seen_ns[machine] < before_ns
        ]

    def event(self, machine: int, status: int, now_ns: int) -> Event:
        """The event of a heartbeat's transition."""
        return Event(self.number, machine, status, EPOCH_MS + now_ns // 1_000_000)
