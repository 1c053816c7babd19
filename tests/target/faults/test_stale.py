import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.contract import Status
from sim.target.digests import digest
from sim.target.eviction import Eviction
from sim.target.faults import Count, Surroundings
from sim.target.faults.stale import StaleRpc
from sim.target.hooks import Hooks
from sim.target.records import Beat, Dashboard, MachineFilter, MachineState, Registration
from sim.target.sockets import Sockets
from sim.target.sqlite import open_sqlite
from sim.target.store import Store
from tests.target.faults.watching import count, counts, statuses
from tests.target.servers import served
from tests.target.sinks import UserCall
from tests.target.sqlite.stores import LATER, SEEDING

ORGANISATION = SEEDING.organisation_id(0)
MACHINES = SEEDING.agents(0)
AGE_MS = 3_000
ACTIONS = ("online", "offline", "seen", "rename", "touch all", "quarantine", "delete", "register", "sweep")
STEPS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(ACTIONS), st.integers(0, 1)), max_size=12)


def test_answers_are_those_of_the_start_while_nothing_is_old_enough() -> None:
    with served(faults=["stale_rpc:3600000"]) as server:
        assert counts(server.stats()) == (3, 0, 3)
        server.beat(0, 0)
        server.beat(1, 0)
        assert counts(server.stats(0)) == (3, 0, 3)
        assert set(statuses(server.stats(0)).values()) == {"offline"}
        assert server.rows(status="online") != []
        assert count(server, "stale_rpc") == (2, 3)


def test_what_others_put_into_an_answer_stays_in_it() -> None:
    for faults in (["stale_rpc:3600000", "leak_row:1"], ["leak_row:1", "stale_rpc:3600000"]):
        with served(faults=faults) as server:
            foreign = {machine.id for machine in server.orgs[1].machines}
            server.beat(0, 0)
            stats = server.stats(0)
            assert (counts(stats), len(foreign & set(statuses(stats)))) == ((3, 0, 3), 1)
            assert (count(server, "leak_row"), count(server, "stale_rpc")) == ((1, 1), (1, 1))


def test_a_late_write_is_stale_from_when_it_is_written() -> None:
    with served(faults=["late_transition:3600000", "stale_rpc:3600000"]) as server:
        server.beat(0, 0)
        assert counts(server.stats()) == (3, 0, 3)
        assert (count(server, "late_transition"), count(server, "stale_rpc")) == ((1, 1), (0, 1))


class World:
    """A store behind the fault, a clock of its own, and every dashboard that was true."""

    def __init__(self, store: Store) -> None:
        self.now_s = 0.0
        self.fault = StaleRpc(AGE_MS, clock=lambda: self.now_s)
        self.hooks = hooks = Hooks()
        sockets = Sockets(1, hooks)
        self.fault.attach(hooks, Surroundings(sockets, Eviction(sockets, hooks, 90), store))
        self.behind = store
        self.store = hooks.store_before(store)
        self.true: list[tuple[float, Dashboard]] = []

    async def truth(self) -> Dashboard:
        return await self.behind.dashboards.dashboard(ORGANISATION, self.text())

    def text(self) -> str:
        """The time as the store has it."""
        return f"2026-06-01T00:00:{int(self.now_s):02}.000Z"

    async def act(self, action: str, machine: int) -> None:
        """Something that changes rows, or may."""
        agents, rows, name = self.store.agents, self.store.rows, MACHINES[machine].id
        agent = await agents.agent(digest(MACHINES[machine].node_key))
        if action in ("online", "offline", "seen"):
            if agent is not None and action == "seen":
                await agents.seen(agent, self.text())
            elif agent is not None:
                await agents.beat(agent, Beat(Status(action)), self.text())
        elif action == "register":
            key = await agents.auth_key(SEEDING_KEY, self.text())
            assert key is not None
            text = f"new at {self.now_s}"
            await agents.register(key, Registration(text, text, "", "", "", LATER), self.text())
        elif action == "sweep":
            await rows.sweep(self.text())
        elif action == "quarantine":
            await rows.set_state(ORGANISATION, name, MachineState(Status.QUARANTINED, False))
        elif action == "delete":
            await rows.delete(MachineFilter((ORGANISATION,), (("id", name),)))
        elif action == "rename":
            await rows.update(MachineFilter((ORGANISATION,), (("id", name),)), {"name": f"{machine} at {self.now_s}"})
        else:
            await rows.update(MachineFilter((ORGANISATION,), ()), {"last_seen": self.text()})

    async def answer(self) -> Dashboard:
        (hook,) = self.hooks.stats
        return await hook(UserCall(organisation=ORGANISATION), await self.truth())


SEEDING_KEY = next(SEEDING.organisations()).auth_keys[0][0]


async def check(steps: Sequence[tuple[int, str, int]]) -> None:
    store = open_sqlite()
    await store.lifecycle.add(SEEDING.organisations())
    world, differing = World(store), 0
    world.true.append((-AGE_MS, await world.truth()))
    for number, (wait_s, action, machine) in enumerate(steps, 1):
        world.now_s += wait_s
        await world.act(action, machine)
        world.true.append((world.now_s, fresh := await world.truth()))
        expected = [dashboard for since_s, dashboard in world.true if since_s <= world.now_s - AGE_MS / 1_000][-1]
        assert await world.answer() == expected
        differing += {(m.id, m.status) for m in expected.machines} != {(m.id, m.status) for m in fresh.machines}
        assert world.fault.count == Count(differing, number)
    await store.lifecycle.close()


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_an_answer_is_what_was_true_then(steps: list[tuple[int, str, int]]) -> None:
    asyncio.run(check(steps))


def test_every_action_leaves_the_past_as_it_was() -> None:
    asyncio.run(check([(1, action, machine) for machine in (0, 1) for action in ACTIONS]))
