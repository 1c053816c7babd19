"""Changes to make, and what a client sees of them."""

import asyncio
import time
from collections.abc import Callable

from sim.contract import FAULTS_PATH, MACHINES_PATH
from tests.target.servers import LONGEST_WAIT_S, Dashboard, Server


def count(server: Server, name: str) -> tuple[int, int]:
    """Hits and opportunities of a fault."""
    counts = server.http.get(FAULTS_PATH).json()[name]
    return counts["hits"], counts["opportunities"]


def announce(server: Server, times: int, organisation: int = 0) -> list[str]:
    """Change a machine's last_seen so often, each an event of its own; the values in order."""
    body: dict[str, object] = {"_filters": {"id": server.orgs[organisation].machines[0].id}}
    values = [f"2026-01-01T00:00:{second:02}.000Z" for second in range(times)]
    for value in values:
        answer = server.http.patch(MACHINES_PATH, json={**body, "last_seen": value}, headers=server.auth(organisation))
        assert answer.json()["data"] == {"changes": 1}
    return values


def seen(frames: list[dict[str, object]]) -> list[str]:
    """The last_seen values that events carry."""
    return [str(frame["payload"]["last_seen"]) for frame in frames if isinstance(frame["payload"], dict)]


def until(server: Server, holds: Callable[[], bool]) -> None:
    """Let the server work until something holds. Raises TimeoutError if it never does."""
    last_s = time.monotonic() + LONGEST_WAIT_S
    while not holds():
        if time.monotonic() > last_s:
            raise TimeoutError
        server.call(asyncio.sleep(0))


def receive(dashboard: Dashboard, number: int) -> list[str]:
    return seen([dashboard.receive() for _ in range(number)])


def told(dashboard: Dashboard) -> list[object]:
    """The statuses that the events so far carry."""
    return [event["payload"]["status"] for event in dashboard.events() if isinstance(event["payload"], dict)]


def counts(stats: dict[str, object]) -> tuple[object, object, object]:
    """Machines, online and offline of a dashboard's answer."""
    return stats["machineCount"], stats["onlineCount"], stats["offlineCount"]


def statuses(stats: dict[str, object]) -> dict[str, str]:
    """Status by machine of a dashboard's answer."""
    rows = stats["machines"]
    assert isinstance(rows, list)
    return {row["id"]: row["status"] for row in rows}
