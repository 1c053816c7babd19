"""The organisations that a target starts with, and their credentials.

All of it follows from the seed: organisation k and its machine m are the same whatever the other sizes are.
Only tokens differ from start to start, since each target signs with a key of its own.
"""

import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from sim.contract import Status
from sim.errors import CredentialsError
from sim.target.addresses import tailnet_ip
from sim.target.digests import AUTH_KEY_PREFIX, auth_key_digest, digest, password_digest
from sim.target.records import Machine, Organisation, Role, User

NAMESPACE: Final = uuid.UUID("6f0e1c52-3b60-5c2f-9d0e-54d1a3b7c8e1")
"""Of the version 5 UUIDs here (RFC 9562, 5.5); any fixed value does."""
MACHINE_HEADROOM: Final = 100
"""How many machines more than the seeded ones a plan allows: the documented plan size (C35)."""
SEEDED_AT: Final = "2026-01-01T00:00:00.000Z"

_SYSTEMS: Final = ("linux", "windows", "macos")


class MachineCredentials(msgspec.Struct, frozen=True):
    """What an agent needs. Its repr holds no secret."""

    id: str
    name: str
    node_key: str

    def __repr__(self) -> str:
        return f"MachineCredentials(id={self.id!r}, name={self.name!r})"


class OrganisationCredentials(msgspec.Struct, frozen=True):
    """What dashboards and agents of an organisation need; its owner's log-in. Its repr holds no secret.

    `expired_token` is the owner's, too: a client can try whether it is refused.
    """

    org_id: str
    email: str
    password: str
    token: str
    refresh_token: str
    expired_token: str
    auth_key: str
    machines: list[MachineCredentials]

    def __repr__(self) -> str:
        return f"OrganisationCredentials(org_id={self.org_id!r}, machines={len(self.machines)})"


class Credentials(msgspec.Struct, frozen=True):
    """The credentials document: entry k of `orgs` is organisation k."""

    url: str
    orgs: list[OrganisationCredentials]


@dataclass(frozen=True, slots=True)
class SeededUser:
    """A user and the password that the store does not have."""

    user: User
    role: Role
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seeding:
    """`machines[k]` machines in organisation k, all offline and never seen; one owner and one member each."""

    machines: tuple[int, ...]
    seed: int

    def organisation_id(self, number: int) -> str:
        return self._id("organisation", number)

    def owner(self, number: int) -> SeededUser:
        return self._user(number, Role.OWNER)

    def member(self, number: int) -> SeededUser:
        return self._user(number, Role.MEMBER)

    def auth_key(self, number: int) -> str:
        """The key that registers machines of an organisation."""
        return AUTH_KEY_PREFIX + self._secret("auth key", number)

    def ephemeral_auth_key(self, number: int) -> str:
        """The key that registers machines which the cleanup job deletes once they are silent."""
        return AUTH_KEY_PREFIX + self._secret("ephemeral auth key", number)

    def agents(self, number: int) -> list[MachineCredentials]:
        return [
            MachineCredentials(
                self._id("machine", number, machine),
                f"machine-{machine:05}",
                self._secret("node key", number, machine),
            )
            for machine in range(self.machines[number])
        ]

    def organisations(self) -> Iterator[Organisation]:
        """What the store is filled with."""
        for number in range(len(self.machines)):
            yield self._organisation(number)

    def _organisation(self, number: int) -> Organisation:
        org_id = self.organisation_id(number)
        machines = tuple(
            _machine(org_id, index, agent, self._secret("wireguard key", number, index))
            for index, agent in enumerate(self.agents(number))
        )
        keys = ((self.auth_key(number), False), (self.ephemeral_auth_key(number), True))
        return Organisation(
            id=org_id,
            name=f"Organisation {number}",
            machine_limit=len(machines) + MACHINE_HEADROOM,
            auth_keys=tuple((auth_key_digest(key), ephemeral) for key, ephemeral in keys),
            users=tuple((seeded.user, seeded.role) for seeded in (self.owner(number), self.member(number))),
            machines=machines,
            pending_invites=1,
            active_certs=2,
            acl_rules=4,
            threats_blocked=3,
            created_at=SEEDED_AT,
        )

    def _user(self, number: int, role: Role) -> SeededUser:
        user_id, password = self._id(role.value, number), self._secret(f"{role.value} password", number)[:32]
        email = f"{role.value}@organisation-{number}.example"
        user = User(
            user_id,
            email,
            password_digest(user_id, password),
            f"{role.value.title()} of organisation {number}",
        )
        return SeededUser(user, role, password)

    def _id(self, kind: str, *numbers: int) -> str:
        return str(uuid.uuid5(NAMESPACE, self._path(kind, *numbers)))

    def _secret(self, kind: str, *numbers: int) -> str:
        return hashlib.sha256(f"{NAMESPACE}/{self._path(kind, *numbers)}".encode()).hexdigest()

    def _path(self, kind: str, *numbers: int) -> str:
        return "/".join([str(self.seed), kind, *map(str, numbers)])


def _machine(org_id: str, index: int, agent: MachineCredentials, wg_public_key: str) -> Machine:
    return Machine(
        id=agent.id,
        org_id=org_id,
        name=agent.name,
        node_key_hash=digest(agent.node_key),
        address=index + 1,
        tailnet_ip=tailnet_ip(index + 1),
        wg_public_key=wg_public_key,
        os=_SYSTEMS[index % len(_SYSTEMS)],
        version="1.0.0",
        status=Status.OFFLINE,
        created_at=SEEDED_AT,
    )


def write_credentials(path: Path, credentials: Credentials) -> None:
    """Write the document so that its owner alone can read it; an existing file is replaced whole.

    Raises CredentialsError if that fails.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    text = msgspec.json.format(msgspec.json.encode(credentials), indent=1)
    try:
        temporary.touch(0o600, exist_ok=False)
        temporary.write_bytes(text)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CredentialsError(f"{path}: cannot be written ({error.strerror})") from error
