"""The machines table in SQLite, as CRUD, admins and the cleanup job use it.

Column names come from the callers' own lists, never from a request; values are always bound.
"""

import sqlite3
from collections.abc import Mapping

from sim.target.records import MachineFilter, MachineQuery, MachineState, Swept, Touched
from sim.target.store import TakenError

_TOUCHED = "RETURNING id, org_id, status, last_seen"
_SILENT = "SELECT DISTINCT org_id FROM machines WHERE (ephemeral OR status = 'online') AND last_seen < ?"
_DELETE_EPHEMERAL = f"DELETE FROM machines WHERE ephemeral AND last_seen < ? {_TOUCHED}"
_MARK_OFFLINE = f"UPDATE machines SET status = 'offline' WHERE status = 'online' AND last_seen < ? {_TOUCHED}"
_SET_STATE = f"UPDATE machines SET status = ?, admin_disabled = ? WHERE org_id = ? AND id = ? {_TOUCHED}"


class SqliteRows:
    """The `Rows` of a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    async def find(self, query: MachineQuery) -> list[dict[str, object]]:
        condition, values = _condition(query.filter)
        direction = "ASC" if query.ascending else "DESC"
        text = (
            f"SELECT {', '.join(query.columns)} FROM machines WHERE {condition}"
            f" ORDER BY {query.order} {direction}, id LIMIT ? OFFSET ?"
        )
        limit = -1 if query.limit is None else query.limit  # SQLite's word for no limit
        rows = self._execute(text, (*values, limit, query.offset))
        return [dict(zip(query.columns, row, strict=True)) for row in rows]

    async def update(self, rows: MachineFilter, changes: Mapping[str, str | None]) -> list[Touched]:
        if not changes:
            return []
        condition, values = _condition(rows)
        columns = ", ".join(f"{column} = ?" for column in changes)
        text = f"UPDATE machines SET {columns} WHERE {condition} {_TOUCHED}"
        try:
            return self._touched(text, (*changes.values(), *values))
        except sqlite3.IntegrityError as error:
            raise TakenError from error

    async def delete(self, rows: MachineFilter) -> list[Touched]:
        condition, values = _condition(rows)
        return self._touched(f"DELETE FROM machines WHERE {condition} {_TOUCHED}", values)

    async def state(self, organisation: str, machine: str) -> MachineState | None:
        query = "SELECT status, admin_disabled FROM machines WHERE org_id = ? AND id = ?"
        row = self._execute(query, (organisation, machine)).fetchone()
        return None if row is None else MachineState(row[0], bool(row[1]))

    async def set_state(self, organisation: str, machine: str, state: MachineState) -> Touched | None:
        touched = self._touched(_SET_STATE, (state.status, state.admin_disabled, organisation, machine))
        return touched[0] if touched else None

    async def silent(self, silent_since: str) -> tuple[str, ...]:
        return tuple(row[0] for row in self._execute(_SILENT, (silent_since,)))

    async def sweep(self, silent_since: str) -> Swept:
        deleted = self._touched(_DELETE_EPHEMERAL, (silent_since,))
        return Swept(deleted, self._touched(_MARK_OFFLINE, (silent_since,)))

    def _touched(self, text: str, values: tuple[object, ...]) -> list[Touched]:
        return [Touched(*row) for row in self._execute(text, values).fetchall()]


def _condition(rows: MachineFilter) -> tuple[str, tuple[str, ...]]:
    organisations = f"org_id IN ({', '.join('?' * len(rows.organisations))})"
    columns = [f"{column} = ?" for column, _ in rows.equals]
    values = (*rows.organisations, *(value for _, value in rows.equals))
    return " AND ".join([organisations, *columns]), values
