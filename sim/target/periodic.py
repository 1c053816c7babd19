"""Jobs that run again and again."""

import asyncio
import math
from collections.abc import Awaitable, Callable

from sim.target.envelope import LOG


def next_due_s(due_s: float, interval_s: float, now_s: float) -> float:
    """The first of `due_s + n * interval_s`, n >= 1, that is after `now_s`: missed turns are left out."""
    turns = math.floor((now_s - due_s) / interval_s) + 1
    return due_s + max(1, turns) * interval_s


async def every(interval_s: float, job: Callable[[], Awaitable[None]]) -> None:
    """Run `job` each `interval_s`, first after one interval, on a grid that does not drift; for ever.

    A job that fails is logged, and has its next turn.
    """
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        due_s = next_due_s(due_s, interval_s, loop.time())
        await asyncio.sleep(due_s - loop.time())
        try:
            await job()
        except Exception:
            LOG.exception("a periodic job failed")
