from dataclasses import replace

from sim.target.records import MachineFilter
from sim.target.store import Store
from tests.target.sqlite.stores import NOW, SEEDING, with_store


def test_what_is_there_already_is_kept() -> None:
    async def body(store: Store) -> None:
        machine = SEEDING.agents(0)[0].id
        rows = MachineFilter((SEEDING.organisation_id(0),), (("id", machine),))
        await store.rows.update(rows, {"status": "online"})
        await store.lifecycle.add(replace(SEEDING, machines=(3, 1)).organisations())
        dashboard = await store.dashboards.dashboard(SEEDING.organisation_id(0), NOW)
        assert (dashboard.machine_count, dashboard.online_count, dashboard.member_count) == (3, 1, 2)

    with_store(body)
