"""Faults of answers: a row that belongs to somebody else."""

import msgspec

from sim.target.faults.base import Count, EveryNth, Surroundings
from sim.target.hooks import Hooks
from sim.target.records import Dashboard
from sim.target.store import Dashboards


class LeakRow:
    """Every n-th answer of get_dashboard_stats has a machine of another organisation; counts stay right."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._dashboards: Dashboards = surroundings.store.dashboards
        hooks.stats.append(self._leak)

    async def _leak(self, organisation: str, answer: Dashboard) -> Dashboard:
        if not self._every.turn():
            return answer
        row = await self._dashboards.machine_outside(organisation, self.count.hits)
        if row is None:
            return answer
        self.count.hits += 1
        return msgspec.structs.replace(answer, machines=[*answer.machines, row])
