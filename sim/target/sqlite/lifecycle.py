"""Filling a SQLite store, and closing it."""

import sqlite3
from collections.abc import Iterable
from typing import Final

from sim.target.records import Machine, Organisation

NEVER: Final = "9999-12-31T23:59:59.999Z"
"""When seeded auth keys and certificates expire."""

_MACHINE = """
INSERT OR IGNORE INTO machines (id, org_id, name, node_key_hash, address, tailnet_ip, wg_public_key, os,
    version, status, created_at, last_seen, ephemeral, key_expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class SqliteLifecycle:
    """The `Lifecycle` of a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def add(self, organisations: Iterable[Organisation]) -> None:
        self._connection.execute("BEGIN")
        for organisation in organisations:
            self._add_one(organisation)
        self._connection.execute("COMMIT")

    async def close(self) -> None:
        self._connection.close()

    def _add_one(self, new: Organisation) -> None:
        execute, many = self._connection.execute, self._connection.executemany
        row = (new.id, new.name, new.machine_limit, new.created_at)
        execute("INSERT OR IGNORE INTO organisations VALUES (?, ?, ?, ?)", row)
        self._add_users(new)
        keys = [(key_hash, new.id, ephemeral, NEVER) for key_hash, ephemeral in new.auth_keys]
        many("INSERT OR IGNORE INTO auth_keys VALUES (?, ?, ?, 0, ?)", keys)
        many(_MACHINE, map(_machine_row, new.machines))
        many(
            "INSERT OR IGNORE INTO invitations VALUES (?, ?, 'pending')",
            _numbered(new.id, new.pending_invites),
        )
        many("INSERT OR IGNORE INTO acl_rules VALUES (?, ?)", _numbered(new.id, new.acl_rules))
        many(
            "INSERT OR IGNORE INTO threat_events VALUES (?, ?, 'blocked')",
            _numbered(new.id, new.threats_blocked),
        )
        certificates = [(*key, NEVER) for key in _numbered(new.id, new.active_certs)]
        many("INSERT OR IGNORE INTO certificates VALUES (?, ?, 0, ?)", certificates)
        execute("INSERT OR IGNORE INTO sso_configs VALUES (?, 0)", (new.id,))

    def _add_users(self, new: Organisation) -> None:
        for user, role in new.users:
            row = (user.id, user.email, user.password_hash, user.full_name)
            self._connection.execute("INSERT OR IGNORE INTO users VALUES (?, ?, ?, ?)", row)
            member = (new.id, user.id, role.value, new.created_at)
            self._connection.execute("INSERT OR IGNORE INTO org_members VALUES (?, ?, ?, ?)", member)


def _numbered(organisation: str, count: int) -> list[tuple[str, int]]:
    return [(organisation, number) for number in range(count)]


def _machine_row(machine: Machine) -> tuple[str | int | None, ...]:
    return (
        machine.id, machine.org_id, machine.name, machine.node_key_hash, machine.address, machine.tailnet_ip,
        machine.wg_public_key, machine.os, machine.version, machine.status, machine.created_at,
        machine.last_seen, machine.ephemeral, machine.key_expires_at,
    )  # fmt: skip
