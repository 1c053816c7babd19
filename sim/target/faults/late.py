"""A fault of order: a transition is announced and acknowledged before its row is written."""

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from sim.contract import Status
from sim.target.faults.base import Count, Surroundings, for_ms
from sim.target.faults.forwarding import ForwardingAgents
from sim.target.hooks import Hooks, StorePlace
from sim.target.records import Agent, Beat
from sim.target.store import Store

_HEARD: Final = frozenset({Status.ONLINE.value, Status.OFFLINE.value})


class LateTransition:
    """A heartbeat's transition is announced and acknowledged `delay_ms` before its row is written."""

    def __init__(self, delay_ms: float) -> None:
        self.count = Count()
        self._delay_s = delay_ms / 1_000

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        self._hooks = hooks
        hooks.store.append((StorePlace.ACKNOWLEDGED, self._before))

    def _before(self, store: Store) -> Store:
        agents = LateAgents(store, self._delay_s, self.count)
        self._hooks.ending.append(agents.finish)
        return replace(store, agents=agents)


@dataclass(frozen=True, slots=True)
class _Write:
    """A heartbeat that is acknowledged, and when it is written by the loop's clock."""

    agent: Agent
    beat: Beat
    now: str
    due_s: float


class LateAgents(ForwardingAgents):
    """Agents whose machines have what was acknowledged; the store behind has it later, in the same order.

    Whatever a machine sends while a write of it waits, waits behind it. A machine that was quarantined, disabled
    or deleted meanwhile is not written any more.
    """

    def __init__(self, store: Store, delay_s: float, count: Count) -> None:
        super().__init__(store.agents)
        self._rows = store.rows
        self._delay_s = delay_s
        self._count = count
        self._waiting: dict[str, deque[_Write]] = {}
        self._writers: dict[str, asyncio.Task[None]] = {}

    async def agent(self, node_key_hash: str) -> Agent | None:
        agent = await self._behind.agent(node_key_hash)
        if agent is None or agent.id not in self._waiting or agent.status not in _HEARD:
            return agent
        return msgspec.structs.replace(agent, status=self._waiting[agent.id][-1].beat.status.value)

    async def beat(self, agent: Agent, beat: Beat, now: str) -> bool:
        transition = agent.status != beat.status
        self._count.opportunities += transition
        if not transition and agent.id not in self._waiting:
            return await self._behind.beat(agent, beat, now)
        now_s = asyncio.get_running_loop().time()
        self._put_off(_Write(agent, beat, now, now_s + self._delay_s if transition else now_s))
        self._count.hits += transition
        return transition

    async def finish(self) -> None:
        """Write at once what waits."""
        writers = list(self._writers.values())
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        for writes in self._waiting.values():
            for write in writes:
                await self._write(write)
        self._waiting.clear()

    def _put_off(self, write: _Write) -> None:
        machine = write.agent.id
        if machine in self._waiting:
            self._waiting[machine].append(write)
            return
        self._waiting[machine] = deque((write,))
        self._writers[machine] = asyncio.create_task(self._write_in_order(machine))

    async def _write_in_order(self, machine: str) -> None:
        loop, writes = asyncio.get_running_loop(), self._waiting[machine]
        while writes:
            await asyncio.sleep(writes[0].due_s - loop.time())
            await self._write(writes[0])
            writes.popleft()
        del self._waiting[machine], self._writers[machine]

    async def _write(self, write: _Write) -> None:
        state = await self._rows.state(write.agent.org_id, write.agent.id)
        if state is not None and state.status in _HEARD and not state.admin_disabled:
            await self._behind.beat(write.agent, write.beat, write.now)


KINDS: Final = (
    for_ms(
        "late_transition",
        800,
        "a heartbeat's transition is announced and acknowledged MS milliseconds before its row is written",
        LateTransition,
    ),
)
