"""The cleanup job: silent machines go offline, ephemeral ones are deleted, one event each (contract 4)."""

from sim.target.announce import Announcer
from sim.target.peers import PeerLists
from sim.target.store import Rows
from sim.target.times import iso, now_ms


class Cleanup:
    """One run of it is `run`."""

    def __init__(self, rows: Rows, announcer: Announcer, peers: PeerLists, offline_after_s: float) -> None:
        self._rows = rows
        self._announcer = announcer
        self._peers = peers
        self._offline_after_ms = round(offline_after_s * 1_000)

    async def run(self) -> None:
        swept = await self._rows.sweep(iso(now_ms() - self._offline_after_ms))
        for machine in swept.deleted:
            self._peers.forget(machine.org_id)
            await self._announcer.deleted(machine)
        for machine in swept.offline:
            await self._announcer.status_set(machine)
