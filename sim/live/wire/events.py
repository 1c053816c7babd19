"""Reads event frames: whose machine it is, and what became of it."""

from datetime import datetime

from sim.actors import Event
from sim.contract import EventPayload, StatusCode
from sim.history import NO_LAST_SEEN
from sim.live.access.owners import Owners


class EventReader:
    """Reads the payloads that reach one organisation's sockets."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners
        self._last_seen = ("", NO_LAST_SEEN)

    def read(self, payload: EventPayload) -> Event:
        """The event that a payload tells of."""
        owner, machine = self._owners.of(payload.id)
        return Event(owner, machine, int(StatusCode.of(payload.status)), self._last_seen_ms(payload.last_seen))

    def _last_seen_ms(self, text: str | None) -> int:
        """An event reaches all dashboards of a house in a row: the last text parsed is the one needed most."""
        if text is None:
            return NO_LAST_SEEN
        if text != self._last_seen[0]:
            try:
                milliseconds = round(datetime.fromisoformat(text).timestamp() * 1000)
            except (ValueError, OverflowError):
                milliseconds = NO_LAST_SEEN
            self._last_seen = (text, milliseconds)
        return self._last_seen[1]
