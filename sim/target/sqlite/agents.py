"""What agents do, in SQLite."""

import sqlite3
import uuid

from sim.contract import Status
from sim.target.addresses import tailnet_ip
from sim.target.records import Agent, AuthKey, Beat, Peer, Registered, Registration

_AGENT = "SELECT id, org_id, status, admin_disabled, key_expires_at FROM machines WHERE node_key_hash = ?"
_BEAT = "UPDATE machines SET status = ?, last_seen = ? WHERE id = ?"
_BEAT_WITH_TELEMETRY = """
UPDATE machines SET status = ?, last_seen = ?, version = coalesce(?, version),
    wg_public_key = coalesce(?, wg_public_key), client_connectivity = coalesce(?, client_connectivity),
    derp_latencies = coalesce(?, derp_latencies), endpoints = coalesce(?, endpoints)
WHERE id = ?"""
_PEERS = """
SELECT id, name, tailnet_ip, wg_public_key FROM machines
WHERE org_id = ? AND status IN ('online', 'offline') AND NOT admin_disabled ORDER BY address"""
_AUTH_KEY = """
SELECT org_id, machine_limit, ephemeral FROM auth_keys JOIN organisations ON organisations.id = org_id
WHERE key_hash = ? AND NOT revoked AND expires_at > ?"""
_POSTURE = """
INSERT INTO posture_reports SELECT id, org_id, ?, ? FROM machines WHERE id = ?
ON CONFLICT DO UPDATE SET compliant = excluded.compliant, reported_at = excluded.reported_at"""
_KNOWN = "SELECT id, tailnet_ip, status, admin_disabled FROM machines WHERE org_id = ? AND name = ?"
_RENEW = """
UPDATE machines SET node_key_hash = ?, wg_public_key = ?, os = ?, version = ?, key_expires_at = ?, status = ?,
    last_seen = ?
WHERE id = ?"""
_REGISTER = """
INSERT INTO machines (id, org_id, name, node_key_hash, address, tailnet_ip, wg_public_key, os, version,
    status, last_seen, created_at, ephemeral, key_expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'online', ?, ?, ?, ?)"""


class SqliteAgents:
    """The `Agents` of a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    async def agent(self, node_key_hash: str) -> Agent | None:
        row = self._execute(_AGENT, (node_key_hash,)).fetchone()
        return None if row is None else Agent(row[0], row[1], row[2], bool(row[3]), row[4])

    async def beat(self, agent: Agent, beat: Beat, now: str) -> bool:
        before = self._execute("SELECT status FROM machines WHERE id = ?", (agent.id,)).fetchone()
        telemetry = (beat.version, beat.wg_public_key, beat.connectivity, beat.derp_latencies, beat.endpoints)
        if any(telemetry):
            self._execute(_BEAT_WITH_TELEMETRY, (beat.status, now, *telemetry, agent.id))
        else:
            self._execute(_BEAT, (beat.status, now, agent.id))
        return before is not None and before[0] != beat.status

    async def seen(self, agent: Agent, now: str) -> None:
        self._execute("UPDATE machines SET last_seen = ? WHERE id = ?", (now, agent.id))

    async def peers(self, organisation: str) -> list[Peer]:
        return [Peer(*row) for row in self._execute(_PEERS, (organisation,))]

    async def report_posture(self, machine: str, compliant: bool, now: str) -> None:
        self._execute(_POSTURE, (compliant, now, machine))

    async def auth_key(self, key_hash: str, now: str) -> AuthKey | None:
        row = self._execute(_AUTH_KEY, (key_hash, now)).fetchone()
        return None if row is None else AuthKey(row[0], row[1], bool(row[2]))

    async def register(self, key: AuthKey, request: Registration, now: str) -> Registered | None:
        known = self._execute(_KNOWN, (key.org_id, request.name)).fetchone()
        return self._add(key, request, now) if known is None else self._renew(key, request, now, known)

    def _renew(self, key: AuthKey, request: Registration, now: str, known: tuple[str, str, str, int]) -> Registered:
        machine, ip, before, admin_disabled = known
        held = admin_disabled or before in (Status.PENDING, Status.QUARANTINED)
        status = before if held else Status.ONLINE.value
        keys = (
            request.node_key_hash,
            request.wg_public_key,
            request.os,
            request.version,
            request.key_expires_at,
        )
        self._execute(_RENEW, (*keys, status, now, machine))
        return Registered(machine, key.org_id, ip, status, before)

    def _add(self, key: AuthKey, request: Registration, now: str) -> Registered | None:
        query = "SELECT count(*), coalesce(max(address), 0) + 1 FROM machines WHERE org_id = ?"
        count, address = self._execute(query, (key.org_id,)).fetchone()
        if count >= key.machine_limit:
            return None
        machine, ip = str(uuid.uuid4()), tailnet_ip(address)
        keys = (request.node_key_hash, address, ip, request.wg_public_key, request.os, request.version)
        times = (now, now, key.ephemeral, request.key_expires_at)
        self._execute(_REGISTER, (machine, key.org_id, request.name, *keys, *times))
        return Registered(machine, key.org_id, ip, Status.ONLINE.value, None)
