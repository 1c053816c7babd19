import pytest

from sim.target.records import MachineFilter
from sim.target.store import Store, TakenError
from tests.target.sqlite.stores import LATER, NOW, SEEDING, with_store


def test_a_name_that_is_taken_changes_nothing() -> None:
    async def body(store: Store) -> None:
        organisation = SEEDING.organisation_id(0)
        with pytest.raises(TakenError):
            await store.rows.update(MachineFilter((organisation,), ()), {"name": "same", "status": "online"})
        dashboard = await store.dashboards.dashboard(organisation, NOW)
        assert dashboard.online_count == 0

    with_store(body)


def test_a_filter_without_an_organisation_finds_nothing() -> None:
    async def body(store: Store) -> None:
        everything = MachineFilter((), ())
        assert await store.rows.update(everything, {"status": "online"}) == []
        assert await store.rows.delete(everything) == []

    with_store(body)


def test_values_are_never_read_as_sql() -> None:
    async def body(store: Store) -> None:
        organisation = SEEDING.organisation_id(0)
        for text in ("x' OR '1'='1", '"', "\x00", "%", "'; DROP TABLE machines; --"):
            assert await store.rows.delete(MachineFilter((organisation,), (("id", text),))) == []
            assert await store.identities.role(text, text) is None
        assert (await store.dashboards.dashboard(organisation, NOW)).machine_count == 2

    with_store(body)


def test_silent_organisations_are_those_that_a_sweep_changes() -> None:
    async def body(store: Store) -> None:
        one, other = (SEEDING.organisation_id(number) for number in (0, 1))
        assert await store.rows.silent(LATER) == ()
        for organisation in (one, other):
            await store.rows.update(MachineFilter((organisation,), ()), {"status": "online", "last_seen": NOW})
        await store.rows.update(MachineFilter((other,), ()), {"last_seen": LATER})
        assert await store.rows.silent(NOW) == ()
        silent = await store.rows.silent(LATER)
        swept = await store.rows.sweep(LATER)
        assert {machine.org_id for machine in swept.offline} == set(silent) == {one}
        assert await store.rows.silent(LATER) == ()

    with_store(body)


def test_a_deleted_machine_takes_its_posture_report_along() -> None:
    async def body(store: Store) -> None:
        organisation, machine = SEEDING.organisation_id(0), SEEDING.agents(0)[0].id
        await store.agents.report_posture(machine, True, NOW)
        totals = [(await store.dashboards.dashboard(organisation, NOW)).posture_total]
        await store.rows.delete(MachineFilter((organisation,), (("id", machine),)))
        totals.append((await store.dashboards.dashboard(organisation, NOW)).posture_total)
        assert totals == [1, 0]

    with_store(body)
