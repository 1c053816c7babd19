"""What the target asks of a store, by the part that asks.

Each call is atomic; all are awaited, so that a store may be remote. Organisations, users and machines are
named by their ids. What is not found is None or empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sim.target.records import (
    Agent,
    AuthKey,
    Beat,
    Counts,
    Dashboard,
    MachineFilter,
    MachineQuery,
    MachineState,
    MachineView,
    Member,
    Organisation,
    Peer,
    Registered,
    Registration,
    Role,
    Swept,
    Touched,
    User,
)


class TakenError(Exception):
    """A value that must be unique belongs to another row already."""


class Identities(Protocol):
    """Users, memberships, refresh tokens and the key that signs access tokens (contract 6)."""

    async def signing_key(self, candidate: str) -> str:
        """The stored signing key; `candidate` is stored first where there is none."""
        ...

    async def user(self, user_id: str) -> User | None: ...

    async def user_by_email(self, email: str) -> User | None: ...

    async def role(self, organisation: str, user_id: str) -> Role | None:
        """The user's role in the organisation; None for one who is no member."""
        ...

    async def organisations_of(self, user_id: str) -> tuple[str, ...]: ...

    async def has_organisation(self, organisation: str) -> bool: ...

    async def keep_refresh(self, token_hash: str, user_id: str, expires_at: str) -> None: ...

    async def take_refresh(self, token_hash: str, now: str) -> str | None:
        """The user of a refresh token that has not expired; the token is dead from here on."""
        ...


class Agents(Protocol):
    """What agents do (contract 4)."""

    async def agent(self, node_key_hash: str) -> Agent | None: ...

    async def beat(self, agent: Agent, beat: Beat, now: str) -> bool:
        """Store a heartbeat; True if it changed the status."""
        ...

    async def seen(self, agent: Agent, now: str) -> None:
        """Move last_seen and nothing else."""
        ...

    async def peers(self, organisation: str) -> list[Peer]:
        """Machines that may talk to each other: not pending, quarantined or disabled ones."""
        ...

    async def report_posture(self, machine: str, compliant: bool, now: str) -> None: ...

    async def auth_key(self, key_hash: str, now: str) -> AuthKey | None:
        """The auth key, unless it has expired or was revoked."""
        ...

    async def register(self, key: AuthKey, request: Registration, now: str) -> Registered | None:
        """Store a machine, or renew the one of this name; None where the plan has no room for a new one."""
        ...


class Rows(Protocol):
    """The machines table as CRUD, admins and the cleanup job change it (contract 4 and 5)."""

    async def find(self, query: MachineQuery) -> list[dict[str, object]]: ...

    async def update(self, rows: MachineFilter, changes: Mapping[str, str | None]) -> list[Touched]:
        """Raises TakenError, with nothing changed, if a name is another machine's of the organisation."""
        ...

    async def delete(self, rows: MachineFilter) -> list[Touched]: ...

    async def state(self, organisation: str, machine: str) -> MachineState | None: ...

    async def set_state(self, organisation: str, machine: str, state: MachineState) -> Touched | None: ...

    async def silent(self, silent_since: str) -> tuple[str, ...]:
        """The organisations whose rows `sweep` would change."""
        ...

    async def sweep(self, silent_since: str) -> Swept:
        """Delete ephemeral machines last seen before `silent_since`, mark other online ones offline."""
        ...


class Dashboards(Protocol):
    """What the RPC reads (contract 3)."""

    async def dashboard(self, organisation: str, now: str) -> Dashboard:
        """The dashboard's answer, by 8 queries."""
        ...

    async def members(self, organisation: str) -> list[Member]: ...

    async def machine_outside(self, organisation: str, number: int) -> MachineView | None:
        """Some machine of another organisation, a different one for each `number`, for a fault to leak."""
        ...

    async def counts_outside(self, organisation: str, number: int) -> Counts | None:
        """The counts of some other organisation, a different one for each `number`, for a fault to leak."""
        ...


@dataclass(frozen=True, slots=True)
class Store:
    """A whole store. `add` fills it and keeps rows that are already there; `close` ends it."""

    identities: Identities
    agents: Agents
    rows: Rows
    dashboards: Dashboards
    lifecycle: "Lifecycle"


class Lifecycle(Protocol):
    """The store's beginning and end."""

    async def add(self, organisations: Iterable[Organisation]) -> None:
        """Store organisations; rows whose id is already there are kept as they are."""
        ...

    async def close(self) -> None: ...
