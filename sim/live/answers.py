"""Looks into every answer to a refetch: whose rows are these, and do the counts count more than they show?"""

from collections.abc import Sequence
from typing import Final

import msgspec

from sim.contract import MachineRow, MachinesAnswer, StatsAnswer, Status
from sim.history import UNKNOWN_OWNER, Breach, HistoryBuilder
from sim.live.http import Reply
from sim.live.owners import Owners
from sim.live.tally import Tally

_STATS: Final = msgspec.json.Decoder(StatsAnswer)
_MACHINES: Final = msgspec.json.Decoder(MachinesAnswer)


class Inspector:
    """Inspects one organisation's answers and notes what it finds."""

    def __init__(self, organisation: int, health: bool, owners: Owners, history: HistoryBuilder, tally: Tally) -> None:
        self._organisation = organisation
        self._health = health
        self._owners = owners
        self._history = history
        self._tally = tally

    def inspect(self, dashboard: int, reply: Reply) -> bool:
        """Whether the answer is one of the contract; what it holds of others is noted."""
        try:
            rows, excess = self._read(reply.body)
        except msgspec.DecodeError:
            self._history.breach(dashboard, reply.arrived_ns, Breach.ANSWER)
            self._tally.last_failure = "a refetch was answered with something else than the contract says"
            return False
        self.note(dashboard, reply.arrived_ns, rows, excess)
        return True

    def note(self, dashboard: int, at_ns: int, rows: Sequence[MachineRow], excess: int) -> None:
        """Note what an answer held: whose rows, and by how much its counts exceeded them; -1 for no dashboard."""
        organisation, of = self._organisation, self._owners.of
        others = [owner for row in rows if (owner := of(row.id).organisation) != organisation]
        if not others and not excess:
            self._history.plain_answer(dashboard, at_ns, len(rows), 0)
            return
        foreign = [owner for owner in others if owner != UNKNOWN_OWNER]
        unknown = len(others) - len(foreign)
        own = len(rows) - len(others)
        if not foreign and not excess:
            self._history.plain_answer(dashboard, at_ns, own, unknown)
            return
        self._tally.leaks += len(foreign) + (1 if excess else 0)
        first = foreign[0] if foreign else UNKNOWN_OWNER
        self._history.odd_answer(dashboard, at_ns, own, len(foreign), unknown, first, excess)

    def _read(self, body: bytes) -> tuple[list[MachineRow], int]:
        """The rows, and by how much the counts exceed them."""
        if self._health:
            return _MACHINES.decode(body).data, 0
        stats = _STATS.decode(body).data.data
        online = sum(row.status == Status.ONLINE for row in stats.machines)
        excess = max(stats.machine_count - len(stats.machines), stats.online_count - online, 0)
        return stats.machines, excess
