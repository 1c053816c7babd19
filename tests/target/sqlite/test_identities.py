from sim.target.store import Store
from tests.target.sqlite.stores import LATER, NOW, SEEDING, with_store


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
        assert [await store.identities.has_organisation(name) for name in (other, "unknown", "")] == [
            True,
            False,
            False,
        ]
        assert await store.identities.user(owner.id) == await store.identities.user_by_email(owner.email) == owner

    with_store(body)
