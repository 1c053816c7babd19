"""A store in memory with two organisations, for a test's length."""

import asyncio
from collections.abc import Awaitable, Callable

from sim.target.seeding import Seeding
from sim.target.sqlite import open_sqlite
from sim.target.store import Store

SEEDING = Seeding((2, 1), 1)
NOW, LATER = "2026-06-01T00:00:00.000Z", "2026-06-02T00:00:00.000Z"


def with_store(body: Callable[[Store], Awaitable[None]]) -> None:
    """Run `body` with a store that is closed afterwards."""

    async def run() -> None:
        store = open_sqlite()
        await store.lifecycle.add(SEEDING.organisations())
        await body(store)
        await store.lifecycle.close()

    asyncio.run(run())
