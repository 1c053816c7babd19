"""Reads answers: whose rows are these, what do they say, and do the counts fit them?"""

from collections.abc import Sequence
from typing import Final

import msgspec

from sim.actors import Contents
from sim.contract import MachineRow, MachinesAnswer, StatsAnswer, Status, StatusCode
from sim.errors import UNREADABLE
from sim.history import UNKNOWN_OWNER
from sim.live.access.owners import Owners

_STATS: Final = msgspec.json.Decoder(StatsAnswer)
_MACHINES: Final = msgspec.json.Decoder(MachinesAnswer)


class Reader:
    """Reads one organisation's answers."""

    def __init__(self, organisation: int, machines: int, health: bool, owners: Owners) -> None:
        self._organisation = organisation
        self._machines = machines
        self._health = health
        self._owners = owners

    def refetch(self, body: bytes) -> Contents | None:
        """The contents of an answer to the page's refetch; None if it is not of the contract."""
        try:
            if self._health:
                return self.rows(_MACHINES.decode(body).data)
            stats = _STATS.decode(body).data.data
        except UNREADABLE:
            return None
        return self.counted(stats.machines, stats.machine_count, stats.online_count)

    def counted(self, rows: Sequence[MachineRow], machine_count: int, online_count: int) -> Contents:
        """The contents of an answer that has all rows, and counts them (contract 3)."""
        return _counted(self._read(rows, StatusCode.ABSENT), rows, machine_count, online_count)

    def rows(self, rows: Sequence[MachineRow]) -> Contents:
        """The contents of a list of machines, which may be a page of them (contract 5, C22)."""
        return self._read(rows, StatusCode.UNKNOWN)

    def _read(self, rows: Sequence[MachineRow], missing: StatusCode) -> Contents:
        of, organisation, count = self._owners.of, self._organisation, self._machines
        statuses = bytearray([missing]) * count
        others: list[int] = []
        for row in rows:
            owner, machine = of(row.id)
            if owner != organisation:
                others.append(owner)
            elif machine < count:
                statuses[machine] = StatusCode.of(row.status)
        foreign = [owner for owner in others if owner != UNKNOWN_OWNER]
        return Contents(
            statuses=bytes(statuses),
            own_rows=len(rows) - len(others),
            unknown_rows=len(others) - len(foreign),
            foreign_rows=len(foreign),
            foreign_owner=foreign[0] if foreign else UNKNOWN_OWNER,
        )


def _counted(contents: Contents, rows: Sequence[MachineRow], machine_count: int, online_count: int) -> Contents:
    """With what its counts say beyond its rows (somebody else's machines), or else than its rows."""
    online = sum(row.status == Status.ONLINE for row in rows)
    if (machine_count, online_count) == (len(rows), online):
        return contents
    excess = max(machine_count - len(rows), online_count - len(rows), 0)
    if excess:
        return contents._replace(excess_count=excess)
    # A row that leaked in may be counted or not, and may be online or not.
    foreign = contents.foreign_rows
    fits = 0 <= len(rows) - machine_count <= foreign and 0 <= online - online_count <= foreign
    wrong = abs(machine_count - len(rows)) + abs(online_count - online)
    return contents if fits else contents._replace(miscount=wrong)
