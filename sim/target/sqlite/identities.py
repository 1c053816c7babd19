"""Users, memberships and tokens in SQLite."""

import sqlite3

from sim.target.records import Role, User


class SqliteIdentities:
    """The `Identities` of a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    async def signing_key(self, candidate: str) -> str:
        self._execute("INSERT OR IGNORE INTO settings VALUES ('signing_key', ?)", (candidate,))
        found: tuple[str] = self._execute("SELECT value FROM settings WHERE name = 'signing_key'").fetchone()
        return found[0]

    async def user(self, user_id: str) -> User | None:
        return self._user("id = ?", user_id)

    async def user_by_email(self, email: str) -> User | None:
        return self._user("email = ?", email)

    def _user(self, condition: str, value: str) -> User | None:
        query = f"SELECT id, email, password_hash, full_name FROM users WHERE {condition}"
        row = self._execute(query, (value,)).fetchone()
        return None if row is None else User(*row)

    async def role(self, organisation: str, user_id: str) -> Role | None:
        query = "SELECT role FROM org_members WHERE org_id = ? AND user_id = ?"
        row = self._execute(query, (organisation, user_id)).fetchone()
        return None if row is None else Role(row[0])

    async def organisations_of(self, user_id: str) -> tuple[str, ...]:
        query = "SELECT org_id FROM org_members WHERE user_id = ? ORDER BY org_id"
        return tuple(row[0] for row in self._execute(query, (user_id,)))

    async def has_organisation(self, organisation: str) -> bool:
        return self._execute("SELECT 1 FROM organisations WHERE id = ?", (organisation,)).fetchone() is not None

    async def keep_refresh(self, token_hash: str, user_id: str, expires_at: str) -> None:
        self._execute("INSERT INTO refresh_tokens VALUES (?, ?, ?)", (token_hash, user_id, expires_at))

    async def take_refresh(self, token_hash: str, now: str) -> str | None:
        query = "DELETE FROM refresh_tokens WHERE token_hash = ? RETURNING user_id, expires_at"
        rows = self._execute(query, (token_hash,)).fetchall()
        return rows[0][0] if rows and rows[0][1] > now else None
