import msgspec
import pytest

from sim.contract import Status
from sim.target.digests import digest
from sim.target.records import Agent, AuthKey, Beat, Registration
from sim.target.store import Store
from tests.target.sqlite.stores import LATER, NOW, SEEDING, with_store


async def found(store: Store) -> Agent:
    """The first machine of the first organisation."""
    agent = await store.agents.agent(digest(SEEDING.agents(0)[0].node_key))
    assert agent is not None
    return agent


def registration(name: str) -> Registration:
    return Registration(name, f"key of {name}", "wg", "linux", "1.0.0", LATER)


@pytest.mark.parametrize("version", [None, "2.0.0"])
def test_a_beat_tells_whether_the_status_changed(version: str | None) -> None:
    async def body(store: Store) -> None:
        machine = await found(store)
        statuses = [Status.ONLINE, Status.ONLINE, Status.OFFLINE, Status.OFFLINE]
        changed = [await store.agents.beat(machine, Beat(status, version=version), NOW) for status in statuses]
        assert changed == [True, False, True, False]
        unknown = msgspec.structs.replace(machine, id="unknown")
        assert not await store.agents.beat(unknown, Beat(Status.ONLINE, version=version), NOW)

    with_store(body)


def test_a_plan_that_is_full_has_room_for_known_names_only() -> None:
    async def body(store: Store) -> None:
        key = AuthKey(SEEDING.organisation_id(0), machine_limit=3, ephemeral=False)
        known = SEEDING.agents(0)[0]
        new = await store.agents.register(key, registration("new"), NOW)
        renewed = await store.agents.register(key, registration(known.name), NOW)
        assert new is not None
        assert renewed is not None
        assert (new.tailnet_ip, new.status_before) == ("100.64.0.3", None)
        assert (renewed.id, renewed.status_before, renewed.status) == (known.id, "offline", "online")
        assert await store.agents.register(key, registration("one more"), NOW) is None

    with_store(body)


def test_an_auth_key_is_good_for_its_own_organisation_until_it_expires() -> None:
    async def body(store: Store) -> None:
        (organisation, _) = SEEDING.organisations()
        normal, ephemeral = (key_hash for key_hash, _ in organisation.auth_keys)
        found = [await store.agents.auth_key(key_hash, NOW) for key_hash in (normal, ephemeral)]
        limit = organisation.machine_limit
        assert found == [AuthKey(organisation.id, limit, False), AuthKey(organisation.id, limit, True)]
        assert await store.agents.auth_key(normal, "9999-12-31T23:59:59.999Z") is None

    with_store(body)
