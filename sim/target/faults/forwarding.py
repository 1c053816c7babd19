"""Parts of a store that pass everything on: a fault changes what it must."""

from collections.abc import Mapping

from sim.target.records import (
    Agent,
    AuthKey,
    Beat,
    MachineFilter,
    MachineQuery,
    MachineState,
    Peer,
    Registered,
    Registration,
    Swept,
    Touched,
)
from sim.target.store import Agents, Rows


class ForwardingAgents:
    """The `Agents` of a store behind this one."""

    def __init__(self, behind: Agents) -> None:
        self._behind = behind

    async def agent(self, node_key_hash: str) -> Agent | None:
        return await self._behind.agent(node_key_hash)

    async def beat(self, agent: Agent, beat: Beat, now: str) -> bool:
        return await self._behind.beat(agent, beat, now)

    async def seen(self, agent: Agent, now: str) -> None:
        await self._behind.seen(agent, now)

    async def peers(self, organisation: str) -> list[Peer]:
        return await self._behind.peers(organisation)

    async def report_posture(self, machine: str, compliant: bool, now: str) -> None:
        await self._behind.report_posture(machine, compliant, now)

    async def auth_key(self, key_hash: str, now: str) -> AuthKey | None:
        return await self._behind.auth_key(key_hash, now)

    async def register(self, key: AuthKey, request: Registration, now: str) -> Registered | None:
        return await self._behind.register(key, request, now)


class ForwardingRows:
    """The `Rows` of a store behind this one."""

    def __init__(self, behind: Rows) -> None:
        self._behind = behind

    async def find(self, query: MachineQuery) -> list[dict[str, object]]:
        return await self._behind.find(query)

    async def update(self, rows: MachineFilter, changes: Mapping[str, str | None]) -> list[Touched]:
        return await self._behind.update(rows, changes)

    async def delete(self, rows: MachineFilter) -> list[Touched]:
        return await self._behind.delete(rows)

    async def state(self, organisation: str, machine: str) -> MachineState | None:
        return await self._behind.state(organisation, machine)

    async def set_state(self, organisation: str, machine: str, state: MachineState) -> Touched | None:
        return await self._behind.set_state(organisation, machine, state)

    async def silent(self, silent_since: str) -> tuple[str, ...]:
        return await self._behind.silent(silent_since)

    async def sweep(self, silent_since: str) -> Swept:
        return await self._behind.sweep(silent_since)
