"""The tables of the SQLite store, and the connection to them."""

import sqlite3
from typing import Final

from sim.errors import UsageError

MEMORY: Final = ":memory:"

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS organisations (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, machine_limit INTEGER NOT NULL,
    created_at TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL, full_name TEXT NOT NULL)
    STRICT;
CREATE TABLE IF NOT EXISTS org_members (
    org_id TEXT NOT NULL, user_id TEXT NOT NULL, role TEXT NOT NULL, joined_at TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS members_by_user ON org_members (user_id);
CREATE TABLE IF NOT EXISTS machines (
    id TEXT PRIMARY KEY, org_id TEXT NOT NULL, name TEXT NOT NULL, node_key_hash TEXT NOT NULL UNIQUE,
    address INTEGER NOT NULL, tailnet_ip TEXT NOT NULL, wg_public_key TEXT NOT NULL, os TEXT NOT NULL,
    version TEXT NOT NULL, status TEXT NOT NULL, last_seen TEXT, created_at TEXT NOT NULL,
    ephemeral INTEGER NOT NULL, admin_disabled INTEGER NOT NULL DEFAULT 0, key_expires_at TEXT,
    client_connectivity TEXT, derp_latencies TEXT, endpoints TEXT,
    UNIQUE (org_id, name), UNIQUE (org_id, address)) STRICT;
CREATE TABLE IF NOT EXISTS auth_keys (
    key_hash TEXT PRIMARY KEY, org_id TEXT NOT NULL, ephemeral INTEGER NOT NULL, revoked INTEGER NOT NULL,
    expires_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refresh_tokens (
    token_hash TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS invitations (
    org_id TEXT NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL, PRIMARY KEY (org_id, number))
    STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sso_configs (org_id TEXT PRIMARY KEY, enabled INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS posture_reports (
    machine_id TEXT PRIMARY KEY REFERENCES machines ON DELETE CASCADE, org_id TEXT NOT NULL,
    compliant INTEGER NOT NULL, reported_at TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS posture_by_organisation ON posture_reports (org_id);
CREATE TABLE IF NOT EXISTS certificates (
    org_id TEXT NOT NULL, number INTEGER NOT NULL, revoked INTEGER NOT NULL, expires_at TEXT NOT NULL,
    PRIMARY KEY (org_id, number)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS acl_rules (
    org_id TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (org_id, number)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS threat_events (
    org_id TEXT NOT NULL, number INTEGER NOT NULL, action_taken TEXT NOT NULL, PRIMARY KEY (org_id, number))
    STRICT, WITHOUT ROWID;
"""


def connect(path: str) -> sqlite3.Connection:
    """An open database with its tables: a file (WAL, synchronous normal), or memory for MEMORY.

    Statements commit by themselves. Raises UsageError if the file cannot be opened or is no database.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    except sqlite3.Error as error:
        raise _refusal(path, error) from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _refusal(path, error) from error
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    if path != MEMORY:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(SCHEMA)


def _refusal(path: str, error: sqlite3.Error) -> UsageError:
    return UsageError(f"store sqlite:{path}: cannot be used ({error}); it must be a database or a new file")
