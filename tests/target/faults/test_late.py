import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from sim.contract import Status
from sim.target.digests import digest
from sim.target.faults import Count
from sim.target.faults.late import LateAgents
from sim.target.records import Beat, MachineState
from sim.target.sqlite import open_sqlite
from sim.target.store import Store
from tests.target.clock import VirtualLoop, pass_time
from tests.target.faults.watching import count, statuses, told
from tests.target.servers import served
from tests.target.sqlite.stores import NOW, SEEDING

FOR_EVER = "late_transition:3600000"
ORGANISATION = SEEDING.organisation_id(0)
MACHINE = SEEDING.agents(0)[0]


def test_a_transition_is_announced_before_it_is_written_and_written_in_the_end(tmp_path: Path) -> None:
    path = str(tmp_path / "fleet.db")
    with served(faults=[FOR_EVER], store_path=path) as server, server.dashboard() as dashboard:
        machine = server.orgs[0].machines[0].id
        beats = [Status.ONLINE, Status.ONLINE, Status.OFFLINE, Status.ONLINE]
        assert [server.beat(0, 0, status).json()["data"]["status"] for status in beats] == beats
        assert told(dashboard) == ["online", "offline", "online"]
        assert statuses(server.stats())[machine] == "offline"
        assert count(server, "late_transition") == (3, 3)
    with served(store_path=path) as server:
        assert statuses(server.stats())[machine] == "online"


class World:
    """Late agents over a store, under a loop whose time is the test's."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.count = Count()
        self.late = LateAgents(store, 0.8, self.count)

    async def beat(self, status: Status, now: str = NOW) -> bool:
        agent = await self.late.agent(digest(MACHINE.node_key))
        assert agent is not None
        return await self.late.beat(agent, Beat(status), now)

    async def stored(self) -> str:
        state = await self.store.rows.state(ORGANISATION, MACHINE.id)
        return "gone" if state is None else state.status

    async def acknowledged(self) -> str:
        agent = await self.late.agent(digest(MACHINE.node_key))
        return "gone" if agent is None else agent.status


def in_world(body: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        store = open_sqlite()
        await store.lifecycle.add(SEEDING.organisations())
        world = World(store)
        await body(world)
        await world.late.finish()
        await store.lifecycle.close()

    with closing(VirtualLoop()) as loop:
        loop.run_until_complete(run())


def test_a_row_is_written_after_exactly_the_delay() -> None:
    async def body(world: World) -> None:
        assert await world.beat(Status.ONLINE)
        await pass_time(0.79)
        assert (await world.acknowledged(), await world.stored()) == ("online", "offline")
        await pass_time(0.02)
        assert (await world.acknowledged(), await world.stored()) == ("online", "online")
        assert not await world.beat(Status.ONLINE)
        assert world.count == Count(1, 1)

    in_world(body)


def test_a_later_heartbeat_is_never_overwritten_by_an_older_one() -> None:
    async def body(world: World) -> None:
        transitions = []
        for status in (Status.ONLINE, Status.ONLINE, Status.OFFLINE):
            transitions.append(await world.beat(status))
            await pass_time(0.29)
        assert transitions == [True, False, True]
        seen = [await world.stored()]
        for _ in range(6):
            await pass_time(0.1)
            seen.append(await world.stored())
        assert (seen[0], seen[-1]) == ("online", "offline")
        assert seen == sorted(seen, reverse=True)  # online, then offline for good
        assert await world.acknowledged() == "offline"
        assert world.count == Count(2, 2)

    in_world(body)


def test_the_last_heartbeats_time_is_the_one_that_stays() -> None:
    async def body(world: World) -> None:
        times = [NOW.replace("00.000", f"{second:02}.000") for second in (1, 2, 3)]
        for status, time in zip((Status.ONLINE, Status.ONLINE, Status.ONLINE), times, strict=True):
            await world.beat(status, time)
        await pass_time(1)
        dashboard = await world.store.dashboards.dashboard(ORGANISATION, NOW)
        assert dashboard.machines[0].last_seen == times[-1]

    in_world(body)


def test_a_machine_that_was_held_meanwhile_stays_held() -> None:
    async def body(world: World) -> None:
        assert await world.beat(Status.ONLINE)
        await world.store.rows.set_state(ORGANISATION, MACHINE.id, MachineState(Status.QUARANTINED, False))
        assert await world.acknowledged() == "quarantined"
        await pass_time(1)
        assert await world.stored() == "quarantined"

    in_world(body)


def test_what_waits_is_written_at_the_end() -> None:
    async def body(world: World) -> None:
        for status in (Status.ONLINE, Status.OFFLINE, Status.ONLINE):
            assert await world.beat(status)
        await asyncio.sleep(0)
        await world.late.finish()
        assert (await world.stored(), await world.acknowledged()) == ("online", "online")
        await pass_time(5)
        assert await world.stored() == "online"

    in_world(body)
