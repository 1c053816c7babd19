"""Reads answers: whose rows are these, what do they say, and do the counts fit them?"""

from collections.abc import Sequence
from typing import Final

import msgspec

from sim.actors import Contents
from sim.contract import DashboardStats, MachineRow, MachinesAnswer, StatsAnswer, Status, StatusCode
from sim.history import UNKNOWN_OWNER
from sim.live.owners import Owners

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
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return _counted(self._read(stats.machines, StatusCode.ABSENT), stats.machines, stats)

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


def _counted(contents: Contents, rows: Sequence[MachineRow], stats: DashboardStats) -> Contents:
    """With what its counts say beyond its rows (somebody else's machines), or else than its rows."""
    online = sum(row.status == Status.ONLINE for row in rows)
    if (stats.machine_count, stats.online_count) == (len(rows), online):
        return contents
    excess = max(stats.machine_count - len(rows), stats.online_count - len(rows), 0)
    if excess:
        return contents._replace(excess_count=excess)
    # A row that leaked in may be counted or not, and may be online or not.
    foreign = contents.foreign_rows
    fits = 0 <= len(rows) - stats.machine_count <= foreign and 0 <= online - stats.online_count <= foreign
    wrong = abs(stats.machine_count - len(rows)) + abs(stats.online_count - online)
    return contents if fits else contents._replace(miscount=wrong)
