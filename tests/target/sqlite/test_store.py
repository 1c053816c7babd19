import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from sim.target.records import MachineFilter
from sim.target.seeding import Seeding
from sim.target.sqlite import open_sqlite
from sim.target.store import Store, TakenError

SEEDING = Seeding((2, 1), 1)
NOW, LATER = "2026-06-01T00:00:00.000Z", "2026-06-02T00:00:00.000Z"


def with_store(body: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        store = open_sqlite()
        await store.lifecycle.add(SEEDING.organisations())
        await body(store)
        await store.lifecycle.close()

    asyncio.run(run())


def test_what_is_there_already_is_kept() -> None:
    async def body(store: Store) -> None:
        machine = SEEDING.agents(0)[0].id
        rows = MachineFilter((SEEDING.organisation_id(0),), (("id", machine),))
        await store.rows.update(rows, {"status": "online"})
        await store.lifecycle.add(replace(SEEDING, machines=(3, 1)).organisations())
        dashboard = await store.dashboards.dashboard(SEEDING.organisation_id(0), NOW)
        assert (dashboard.machine_count, dashboard.online_count, dashboard.member_count) == (3, 1, 2)

    with_store(body)


def test_a_refresh_token_can_be_taken_once_and_in_time() -> None:
    async def body(store: Store) -> None:
        await store.identities.keep_refresh("one", "user", LATER)
        await store.identities.keep_refresh("two", "user", NOW)
        takes = [await store.identities.take_refresh(token, NOW) for token in ("one", "one", "two", "three")]
        assert takes == ["user", None, None, None]

    with_store(body)


def test_the_first_signing_key_stays() -> None:
    async def body(store: Store) -> None:
        assert [await store.identities.signing_key(key) for key in ("one", "two")] == ["one", "one"]

    with_store(body)


def test_memberships_are_those_of_the_seeding() -> None:
    async def body(store: Store) -> None:
        owner, other = SEEDING.owner(0).user, SEEDING.organisation_id(1)
        assert await store.identities.organisations_of(owner.id) == (SEEDING.organisation_id(0),)
        assert await store.identities.role(SEEDING.organisation_id(0), owner.id) == "owner"
        assert await store.identities.role(other, owner.id) is None
        assert await store.identities.user(owner.id) == await store.identities.user_by_email(owner.email) == owner

    with_store(body)


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
