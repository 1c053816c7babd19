import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import CredentialsError
from sim.target.digests import auth_key_digest, digest, password_digest
from sim.target.seeding import Credentials, OrganisationCredentials, Seeding, write_credentials

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


@given(SIZES, st.integers(0, 2**63 - 1))
def test_the_same_sizes_and_seed_give_the_same_organisations(sizes: tuple[int, ...], seed: int) -> None:
    assert list(Seeding(sizes, seed).organisations()) == list(Seeding(sizes, seed).organisations())


@given(SIZES, SIZES)
def test_a_machine_does_not_depend_on_other_sizes(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    for number, (some, other) in enumerate(zip(left, right, strict=False)):
        common = min(some, other)
        assert Seeding(left, 1).agents(number)[:common] == Seeding(right, 1).agents(number)[:common]
        assert Seeding(left, 1).owner(number) == Seeding(right, 1).owner(number)


def test_another_seed_gives_other_ids_and_secrets() -> None:
    one, other = Seeding((2,), 1), Seeding((2,), 2)
    assert one.organisation_id(0) != other.organisation_id(0)
    assert {agent.node_key for agent in one.agents(0)}.isdisjoint(agent.node_key for agent in other.agents(0))
    assert one.owner(0).password != other.owner(0).password


def test_ids_and_secrets_are_all_different() -> None:
    seeding = Seeding((20, 20, 20), 1)
    texts: list[str] = []
    for number in range(3):
        texts += [
            seeding.organisation_id(number),
            seeding.auth_key(number),
            seeding.ephemeral_auth_key(number),
        ]
        for seeded in (seeding.owner(number), seeding.member(number)):
            texts += [seeded.user.id, seeded.user.email, seeded.password]
        for agent in seeding.agents(number):
            texts += [agent.id, agent.node_key]
    assert len(set(texts)) == len(texts)


def test_the_store_gets_hashes_only() -> None:
    seeding = Seeding((1,), 1)
    (organisation,) = seeding.organisations()
    owner, (agent,) = seeding.owner(0), seeding.agents(0)
    assert organisation.machines[0].node_key_hash == digest(agent.node_key)
    assert organisation.auth_keys[0] == (auth_key_digest(seeding.auth_key(0)), False)
    assert owner.user.password_hash == password_digest(owner.user.id, owner.password)
    text = msgspec.json.encode(organisation).decode()
    assert not any(secret in text for secret in (agent.node_key, owner.password, seeding.auth_key(0)[11:]))


def document() -> Credentials:
    seeding = Seeding((2,), 1)
    owner = seeding.owner(0)
    key = seeding.auth_key(0)
    org_id, agents = seeding.organisation_id(0), seeding.agents(0)
    entry = OrganisationCredentials(org_id, owner.user.email, owner.password, "t", "r", "e", key, agents)
    return Credentials("http://127.0.0.1:1", [entry])


def test_the_credentials_file_is_private_and_replaces_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text("old")
    path.chmod(0o644)
    write_credentials(path, document())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert msgspec.json.decode(path.read_bytes(), type=Credentials) == document()
    assert list(tmp_path.iterdir()) == [path]


def test_no_secret_is_in_a_repr() -> None:
    seeding = Seeding((2,), 1)
    (entry,) = document().orgs
    text = repr([document(), seeding, seeding.owner(0), entry])
    assert entry.org_id in text
    assert not any(secret in text for secret in (entry.password, entry.auth_key, entry.machines[0].node_key))


@pytest.mark.parametrize("name", ["missing/credentials.json", "folder"])
def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CredentialsError, match=rf"{name}: cannot be written"):
        write_credentials(tmp_path / name, document())
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
