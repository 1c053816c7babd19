"""The facts that the target's store holds and hands out: one frozen record each. Times are ISO texts."""

from enum import StrEnum

import msgspec

from sim.contract import Status


class Role(StrEnum):
    """A member's role in an organisation (C31)."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


ADMIN_ROLES = frozenset({Role.OWNER, Role.ADMIN})


class User(msgspec.Struct, frozen=True):
    """A person who can log in."""

    id: str
    email: str
    password_hash: str
    full_name: str


class Member(msgspec.Struct, frozen=True):
    """A user in an organisation, as the RPC shows it (contract 3)."""

    user_id: str
    role: str
    joined_at: str
    full_name: str
    email: str


class Machine(msgspec.Struct, frozen=True):
    """A machine to be stored. `address` counts an organisation's machines from 1; the IP follows from it."""

    id: str
    org_id: str
    name: str
    node_key_hash: str
    address: int
    tailnet_ip: str
    wg_public_key: str
    os: str
    version: str
    status: str
    created_at: str
    last_seen: str | None = None
    ephemeral: bool = False
    key_expires_at: str | None = None


class Organisation(msgspec.Struct, frozen=True):
    """An organisation to be stored, with everything in it that is there from the start.

    `auth_keys` are hashes, each with whether machines that register by it are ephemeral.
    """

    id: str
    name: str
    machine_limit: int
    auth_keys: tuple[tuple[str, bool], ...]
    users: tuple[tuple[User, Role], ...]
    machines: tuple[Machine, ...]
    pending_invites: int
    active_certs: int
    acl_rules: int
    threats_blocked: int
    created_at: str


class Beat(msgspec.Struct, frozen=True):
    """What a heartbeat reports; None leaves what is stored."""

    status: Status
    version: str | None = None
    wg_public_key: str | None = None
    connectivity: str | None = None
    derp_latencies: str | None = None
    endpoints: str | None = None


class Agent(msgspec.Struct, frozen=True):
    """A machine as its agent is judged by: found by its node key."""

    id: str
    org_id: str
    status: str
    admin_disabled: bool
    key_expires_at: str | None


class Touched(msgspec.Struct, frozen=True):
    """A machine whose row was changed, as it is afterwards: what an event tells of it."""

    id: str
    org_id: str
    status: str
    last_seen: str | None


class Peer(msgspec.Struct, frozen=True):
    """A machine as other agents of its organisation see it. No status: an agent finds out by itself."""

    id: str
    name: str
    tailnet_ip: str
    wg_public_key: str


class Registration(msgspec.Struct, frozen=True):
    """What a register-machine request asks to store."""

    name: str
    node_key_hash: str
    wg_public_key: str
    os: str
    version: str
    key_expires_at: str


class Registered(msgspec.Struct, frozen=True):
    """A registered machine; `status_before` is None for a new one."""

    id: str
    org_id: str
    tailnet_ip: str
    status: str
    status_before: str | None


class AuthKey(msgspec.Struct, frozen=True):
    """What an auth key admits to."""

    org_id: str
    machine_limit: int
    ephemeral: bool


class MachineState(msgspec.Struct, frozen=True):
    """What an admin's action starts from."""

    status: str
    admin_disabled: bool


class MachineView(msgspec.Struct, frozen=True):
    """A machine in the answer of the RPC: `{id, name, tailnet_ip, status, last_seen}` (contract 3)."""

    id: str
    name: str
    tailnet_ip: str
    status: str
    last_seen: str | None


class Dashboard(msgspec.Struct, frozen=True, rename="camel"):
    """`data.data` of `get_dashboard_stats` (contract 3), key for key and in its order."""

    machines: list[MachineView]
    machine_count: int
    online_count: int
    offline_count: int
    members: list[Member]
    member_count: int
    pending_invites: int
    sso_enabled: bool
    posture_total: int
    posture_compliant: int
    threats_blocked: int
    active_certs: int
    acl_rule_count: int


class Counts(msgspec.Struct, frozen=True):
    """How many machines an organisation has, and how many of them are online."""

    machine_count: int
    online_count: int


class Swept(msgspec.Struct, frozen=True):
    """What a run of the cleanup job changed."""

    deleted: list[Touched]
    offline: list[Touched]


class MachineFilter(msgspec.Struct, frozen=True):
    """Rows of the machines table: those of `organisations` whose columns equal `equals`."""

    organisations: tuple[str, ...]
    equals: tuple[tuple[str, str], ...]


class MachineQuery(msgspec.Struct, frozen=True):
    """A read of the machines table; `limit` None gives all rows from `offset` on."""

    filter: MachineFilter
    columns: tuple[str, ...]
    order: str
    ascending: bool
    limit: int | None
    offset: int
