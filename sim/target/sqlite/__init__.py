"""The store on SQLite: one connection, used from one thread; in memory or in a file."""

from sim.target.sqlite.agents import SqliteAgents
from sim.target.sqlite.dashboards import SqliteDashboards
from sim.target.sqlite.identities import SqliteIdentities
from sim.target.sqlite.lifecycle import SqliteLifecycle
from sim.target.sqlite.rows import SqliteRows
from sim.target.sqlite.schema import MEMORY, connect
from sim.target.store import Store

__all__ = ["MEMORY", "open_sqlite"]


def open_sqlite(path: str = MEMORY) -> Store:
    """A store in the file at `path`, or in memory. Raises UsageError if the file cannot be used."""
    connection = connect(path)
    return Store(
        identities=SqliteIdentities(connection),
        agents=SqliteAgents(connection),
        rows=SqliteRows(connection),
        dashboards=SqliteDashboards(connection),
        lifecycle=SqliteLifecycle(connection),
    )
