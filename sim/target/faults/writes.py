"""Faults of writes: lost ones, and announcements that do not fit what was written. late.py has late ones."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sim.contract import MACHINES_CHANNEL
from sim.target.faults.base import Count, EveryNth, Surroundings, each_nth
from sim.target.faults.forwarding import ForwardingAgents
from sim.target.hooks import Hooks, StorePlace
from sim.target.records import Agent, Beat, Touched
from sim.target.sockets import Sockets
from sim.target.store import Agents, Store


class LostWrite:
    """Every n-th transition of a heartbeat is acknowledged and announced, but not stored."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.store.append((StorePlace.WRITTEN, self._before))

    def _before(self, store: Store) -> Store:
        return replace(store, agents=_LosingAgents(store.agents, self))

    def loses(self) -> bool:
        """Whether this transition is lost."""
        turn = self._every.turn()
        self.count.hits += turn
        return turn


class _LosingAgents(ForwardingAgents):
    def __init__(self, behind: Agents, fault: LostWrite) -> None:
        super().__init__(behind)
        self._fault = fault

    async def beat(self, agent: Agent, beat: Beat, now: str) -> bool:
        if agent.status != beat.status and self._fault.loses():
            return True
        return await self._behind.beat(agent, beat, now)


class EchoHeartbeat:
    """Every n-th heartbeat that does not change the status is announced; a hit is one that a socket could hear."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._sockets: Sockets = surroundings.sockets
        hooks.store.append((StorePlace.ANNOUNCED, self._before))

    def _before(self, store: Store) -> Store:
        return replace(store, agents=_EchoingAgents(store.agents, self))

    def announces(self, organisation: str) -> bool:
        """Whether this heartbeat, which has changed nothing, is announced."""
        if not self._every.turn():
            return False
        self.count.hits += any(socket.live for socket in self._sockets.subscribed(organisation, MACHINES_CHANNEL))
        return True


class _EchoingAgents(ForwardingAgents):
    def __init__(self, behind: Agents, fault: EchoHeartbeat) -> None:
        super().__init__(behind)
        self._fault = fault

    async def beat(self, agent: Agent, beat: Beat, now: str) -> bool:
        return await self._behind.beat(agent, beat, now) or self._fault.announces(agent.org_id)


class SilentCrud:
    """Every n-th PATCH or DELETE that has changed rows announces none of it."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.written.append(self._written)

    def _written(self, _: Sequence[Touched]) -> bool:
        silent = self._every.turn()
        self.count.hits += silent
        return not silent


KINDS: Final = (
    each_nth(
        "lost_write",
        50,
        "each N-th transition of a heartbeat is acknowledged and announced, but not stored",
        LostWrite,
    ),
    each_nth(
        "echo_heartbeat",
        10,
        "each N-th heartbeat that changes no status is announced all the same",
        EchoHeartbeat,
    ),
    each_nth("silent_crud", 1, "each N-th PATCH or DELETE that has touched rows announces nothing", SilentCrud),
)
