"""A fault of answers: what the dashboard is told is the truth, but of some time ago."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from sim.contract import Status
from sim.target.faults.base import Count, Surroundings, for_ms
from sim.target.faults.forwarding import ForwardingAgents, ForwardingRows
from sim.target.hooks import Call, Hooks, StorePlace
from sim.target.records import (
    Agent,
    AuthKey,
    Beat,
    Dashboard,
    MachineFilter,
    MachineQuery,
    MachineState,
    MachineView,
    Registered,
    Registration,
    Swept,
    Touched,
)
from sim.target.store import Agents, Rows, Store

_COLUMNS: Final = MachineView.__struct_fields__


@dataclass(frozen=True, slots=True)
class _Before:
    """Machines as they were until `time_s`: all of the organisation if `whole`, else those that are here."""

    time_s: float
    machines: Mapping[str, MachineView]
    whole: bool


class Past:
    """What undoes the changes of the last `kept_s` seconds, noted before each of them."""

    def __init__(self, rows: Rows, kept_s: float, clock: Callable[[], float]) -> None:
        self._rows = rows
        self._kept_s = kept_s
        self._clock = clock
        self._before: dict[str, deque[_Before]] = {}

    async def note(self, organisation: str, machine: str | None = None) -> None:
        """A row of the organisation is about to change; any of them, and their number, where `machine` is None."""
        equals = () if machine is None else (("id", machine),)
        query = MachineQuery(MachineFilter((organisation,), equals), _COLUMNS, "id", True, None, 0)
        views = [msgspec.convert(row, MachineView) for row in await self._rows.find(query)]
        self._recent(organisation).append(
            _Before(self._clock(), {view.id: view for view in views}, whole=machine is None)
        )

    def machines(self, organisation: str, now: Sequence[MachineView]) -> list[MachineView]:
        """The organisation's machines of `kept_s` ago, newest last_seen first, from those of now."""
        machines = {view.id: view for view in now}
        for before in reversed(self._recent(organisation)):
            if before.whole:
                machines = dict(before.machines)
            else:
                machines |= before.machines
        in_order = sorted(machines.values(), key=lambda view: view.id)
        return sorted(in_order, key=lambda view: view.last_seen or "", reverse=True)

    def _recent(self, organisation: str) -> deque[_Before]:
        notes = self._before.setdefault(organisation, deque())
        while notes and notes[0].time_s <= self._clock() - self._kept_s:
            notes.popleft()
        return notes


class StaleRpc:
    """Dashboard answers are those of `age_ms` ago; a hit differs from the fresh one in a status or a count."""

    def __init__(self, age_ms: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = Count()
        self._age_s = age_ms / 1_000
        self._clock = clock

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._past = Past(surroundings.store.rows, self._age_s, self._clock)
        hooks.store.append((StorePlace.WATCHED, self._before))
        hooks.stats.insert(0, self._answer)  # other faults put something on top of what is in the store

    def _before(self, store: Store) -> Store:
        agents, rows = _NotedAgents(store.agents, self._past), _NotedRows(store.rows, self._past)
        return replace(store, agents=agents, rows=rows)

    async def _answer(self, call: Call, fresh: Dashboard) -> Dashboard:
        self.count.opportunities += 1
        machines = self._past.machines(call.organisation, fresh.machines)
        if _statuses(machines) != _statuses(fresh.machines):
            self.count.hits += call.live
        online = sum(machine.status == Status.ONLINE for machine in machines)
        return msgspec.structs.replace(
            fresh,
            machines=machines,
            machine_count=len(machines),
            online_count=online,
            offline_count=len(machines) - online,
        )


class _NotedAgents(ForwardingAgents):
    def __init__(self, behind: Agents, past: Past) -> None:
        super().__init__(behind)
        self._past = past

    async def beat(self, agent: Agent, beat: Beat, now: str) -> bool:
        await self._past.note(agent.org_id, agent.id)
        return await self._behind.beat(agent, beat, now)

    async def seen(self, agent: Agent, now: str) -> None:
        await self._past.note(agent.org_id, agent.id)
        await self._behind.seen(agent, now)

    async def register(self, key: AuthKey, request: Registration, now: str) -> Registered | None:
        await self._past.note(key.org_id)
        return await self._behind.register(key, request, now)


class _NotedRows(ForwardingRows):
    def __init__(self, behind: Rows, past: Past) -> None:
        super().__init__(behind)
        self._past = past

    async def update(self, rows: MachineFilter, changes: Mapping[str, str | None]) -> list[Touched]:
        await self._note(rows)
        return await self._behind.update(rows, changes)

    async def delete(self, rows: MachineFilter) -> list[Touched]:
        await self._note(rows)
        return await self._behind.delete(rows)

    async def set_state(self, organisation: str, machine: str, state: MachineState) -> Touched | None:
        await self._past.note(organisation, machine)
        return await self._behind.set_state(organisation, machine, state)

    async def sweep(self, silent_since: str) -> Swept:
        for organisation in await self._behind.silent(silent_since):
            await self._past.note(organisation)
        return await self._behind.sweep(silent_since)

    async def _note(self, rows: MachineFilter) -> None:
        for organisation in rows.organisations:
            await self._past.note(organisation, dict(rows.equals).get("id"))


def _statuses(machines: Sequence[MachineView]) -> dict[str, str]:
    return {machine.id: machine.status for machine in machines}


KINDS: Final = (for_ms("stale_rpc", 2_000, "each dashboard answer is the one of MS milliseconds ago", StaleRpc),)
