"""Announcements of machines: which payload belongs to which change (contract 1)."""

from collections.abc import Mapping

from sim.contract import MACHINES_CHANNEL, Change
from sim.target.fanout import Event, Fanout
from sim.target.frames import event_message
from sim.target.hooks import Hooks
from sim.target.records import Touched
from sim.target.times import iso, now_ms


class Announcer:
    """Announces what became of a machine's row, after it was written."""

    def __init__(self, fanout: Fanout, hooks: Hooks, timestamps: bool) -> None:
        self._fanout = fanout
        self._hooks = hooks
        self._timestamps = timestamps

    async def moved(self, machine: Touched, change: Change = Change.UPDATE) -> None:
        """A heartbeat's transition, a PATCH or an INSERT: `{id, status, last_seen}`."""
        payload = {"id": machine.id, "status": machine.status, "last_seen": machine.last_seen}
        await self._announce(machine.org_id, change, payload)

    async def status_set(self, machine: Touched) -> None:
        """The cleanup job's offline, or a quarantine: `{id, status}`."""
        await self._announce(machine.org_id, Change.UPDATE, {"id": machine.id, "status": machine.status})

    async def deleted(self, machine: Touched) -> None:
        """A row that is gone: `{id}`."""
        await self._announce(machine.org_id, Change.DELETE, {"id": machine.id})

    async def _announce(self, organisation: str, change: Change, payload: Mapping[str, str | None]) -> None:
        timestamp = iso(now_ms()) if self._timestamps else None
        event = Event(organisation, MACHINES_CHANNEL, event_message(MACHINES_CHANNEL, change, payload, timestamp))
        await self._fanout.publish(event)
        for hook in self._hooks.announced:
            hook(event)
