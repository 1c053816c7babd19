import asyncio

from sim.contract import Status
from sim.target.records import Counts, MachineState
from sim.target.sqlite.dashboards import SqliteDashboards
from sim.target.sqlite.lifecycle import SqliteLifecycle
from sim.target.sqlite.schema import MEMORY, connect
from sim.target.store import Store
from tests.target.sqlite.stores import NOW, SEEDING, with_store


def test_an_answer_takes_eight_queries() -> None:
    async def run() -> list[str]:
        connection = connect(MEMORY)
        await SqliteLifecycle(connection).add(SEEDING.organisations())
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        await SqliteDashboards(connection).dashboard(SEEDING.organisation_id(0), NOW)
        connection.close()
        return statements

    statements = asyncio.run(run())
    assert len(statements) == 8
    assert all(text.strip().startswith("SELECT") for text in statements)


def test_counts_outside_are_of_other_organisations_and_take_turns() -> None:
    async def body(store: Store) -> None:
        machine = SEEDING.agents(1)[0].id
        await store.rows.set_state(SEEDING.organisation_id(1), machine, MachineState(Status.ONLINE, False))
        outside = [await store.dashboards.counts_outside(SEEDING.organisation_id(0), turn) for turn in range(2)]
        assert outside == [Counts(1, 1)] * 2
        assert await store.dashboards.counts_outside(SEEDING.organisation_id(1), 5) == Counts(2, 0)
        everyone = [await store.dashboards.counts_outside("unknown", turn) for turn in range(4)]
        assert everyone[:2] == everyone[2:]
        assert {str(counts) for counts in everyone} == {str(Counts(1, 1)), str(Counts(2, 0))}

    with_store(body)


def test_rows_outside_are_of_other_organisations_and_take_turns() -> None:
    async def body(store: Store) -> None:
        mine, foreign = ({agent.id for agent in SEEDING.agents(number)} for number in (0, 1))
        outside = [await store.dashboards.machine_outside(SEEDING.organisation_id(1), turn) for turn in range(4)]
        assert [row is not None and row.id in mine for row in outside] == [True] * 4
        assert outside[0] != outside[1]
        assert outside[:2] == outside[2:]
        row = await store.dashboards.machine_outside(SEEDING.organisation_id(0), 5)
        assert row is not None
        assert row.id in foreign

    with_store(body)
