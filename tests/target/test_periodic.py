import asyncio
import math
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.target.periodic import every, next_due_s
from tests.target.clock import VirtualLoop, pass_time

TIMES = st.integers(0, 1_000).map(float)


@given(TIMES, st.integers(1, 50).map(float), TIMES)
def test_the_next_turn_is_the_first_one_of_the_grid_that_is_not_over(due: float, interval: float, now: float) -> None:
    following = next_due_s(due, interval, now)
    turns = (following - due) / interval
    assert turns == math.floor(turns) >= 1
    assert following > now
    assert following - interval <= max(now, due)


def test_turns_keep_to_the_grid_and_a_job_that_fails_or_is_slow_has_its_next_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = VirtualLoop()
    turns_s: list[float] = []

    async def job() -> None:
        turns_s.append(loop.time())
        if len(turns_s) == 2:
            raise RuntimeError("defect")
        if len(turns_s) == 3:
            await pass_time(10)  # the turns at 16 and 20 are left out

    async def run() -> None:
        task = asyncio.create_task(every(4, job))
        await pass_time(30)
        task.cancel()

    with closing(loop):
        loop.run_until_complete(run())
    assert turns_s == [4, 8, 12, 24, 28]
    assert "a periodic job failed" in caplog.text
