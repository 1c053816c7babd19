"""What the RPC reads, in SQLite: the 8 queries of contract 3."""

import sqlite3

from sim.contract import Status
from sim.target.records import Counts, Dashboard, MachineView, Member

_MACHINES = """
SELECT id, name, tailnet_ip, status, last_seen FROM machines WHERE org_id = ? ORDER BY last_seen DESC, id"""
_MEMBERS = """
SELECT user_id, role, joined_at, full_name, email FROM org_members LEFT JOIN users ON users.id = user_id
WHERE org_id = ? ORDER BY joined_at, user_id"""
_INVITES = "SELECT count(*) FROM invitations WHERE org_id = ? AND status = 'pending'"
_SSO = "SELECT count(*) FROM sso_configs WHERE org_id = ? AND enabled"
_POSTURE = "SELECT count(*), coalesce(sum(compliant), 0) FROM posture_reports WHERE org_id = ?"
_THREATS = "SELECT count(*) FROM threat_events WHERE org_id = ? AND action_taken = 'blocked'"
_CERTIFICATES = "SELECT count(*) FROM certificates WHERE org_id = ? AND NOT revoked AND expires_at > ?"
_RULES = "SELECT count(*) FROM acl_rules WHERE org_id = ?"
_OUTSIDE = """
SELECT id, name, tailnet_ip, status, last_seen FROM machines WHERE org_id <> ? ORDER BY id
LIMIT 1 OFFSET ? % max(1, (SELECT count(*) FROM machines WHERE org_id <> ?))"""

_OTHER = """
SELECT id FROM organisations WHERE id <> ? ORDER BY id
LIMIT 1 OFFSET ? % max(1, (SELECT count(*) FROM organisations WHERE id <> ?))"""
_COUNTS = "SELECT count(*), coalesce(sum(status = 'online'), 0) FROM machines WHERE org_id = ?"


class SqliteDashboards:
    """The `Dashboards` of a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    async def dashboard(self, organisation: str, now: str) -> Dashboard:
        machines = [MachineView(*row) for row in self._execute(_MACHINES, (organisation,))]
        members = await self.members(organisation)
        posture_total, compliant = self._execute(_POSTURE, (organisation,)).fetchone()
        online = sum(machine.status == Status.ONLINE for machine in machines)
        return Dashboard(
            machines=machines,
            machine_count=len(machines),
            online_count=online,
            offline_count=len(machines) - online,
            members=members,
            member_count=len(members),
            pending_invites=self._count(_INVITES, organisation),
            sso_enabled=self._count(_SSO, organisation) > 0,
            posture_total=posture_total,
            posture_compliant=compliant,
            threats_blocked=self._count(_THREATS, organisation),
            active_certs=self._count(_CERTIFICATES, organisation, now),
            acl_rule_count=self._count(_RULES, organisation),
        )

    async def members(self, organisation: str) -> list[Member]:
        return [Member(*row) for row in self._execute(_MEMBERS, (organisation,))]

    async def machine_outside(self, organisation: str, number: int) -> MachineView | None:
        row = self._execute(_OUTSIDE, (organisation, number, organisation)).fetchone()
        return None if row is None else MachineView(*row)

    async def counts_outside(self, organisation: str, number: int) -> Counts | None:
        other = self._execute(_OTHER, (organisation, number, organisation)).fetchone()
        return None if other is None else Counts(*self._execute(_COUNTS, other).fetchone())

    def _count(self, query: str, *values: str) -> int:
        found: tuple[int] = self._execute(query, values).fetchone()
        return found[0]
