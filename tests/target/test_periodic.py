import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.target.periodic import every, next_due_s

TIMES = st.integers(0, 1_000).map(float)


@given(TIMES, st.integers(1, 50).map(float), TIMES)
def test_the_next_turn_is_the_first_one_of_the_grid_that_is_not_over(due: float, interval: float, now: float) -> None:
    following = next_due_s(due, interval, now)
    turns = (following - due) / interval
    assert turns == math.floor(turns) >= 1
    assert following > now
    assert following - interval <= max(now, due)


def test_a_job_that_fails_has_its_next_turn(caplog: pytest.LogCaptureFixture) -> None:
    turns: list[int] = []

    async def run() -> None:
        done = asyncio.Event()

        async def job() -> None:
            turns.append(len(turns))
            if len(turns) == 3:
                done.set()
            if len(turns) == 1:
                raise RuntimeError("defect")

        task = asyncio.create_task(every(0.001, job))
        await done.wait()
        task.cancel()

    asyncio.run(run())
    assert turns == [0, 1, 2]
    assert "a periodic job failed" in caplog.text
