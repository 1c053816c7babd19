"""Faults of the whole process."""

import asyncio
import time
from typing import Final

from sim.target.faults.base import Count, FaultKind, Parameter, Surroundings, duration_ms
from sim.target.hooks import Hooks


class Freeze:
    """`after_s` after the first heartbeat the process does nothing at all for `lasts_ms`."""

    def __init__(self, after_s: float, lasts_ms: float) -> None:
        self.count = Count()
        self._after_s = after_s
        self._lasts_s = lasts_ms / 1_000

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.heartbeat.append(self._heartbeat)

    def _heartbeat(self) -> None:
        if not self.count.opportunities:
            self.count.opportunities = 1
            asyncio.get_running_loop().call_later(self._after_s, self._block)

    def _block(self) -> None:
        time.sleep(self._lasts_s)
        self.count.hits += 1


KINDS: Final = (
    FaultKind(
        "freeze",
        "AT seconds after the first heartbeat the process does nothing for MS milliseconds",
        (Parameter("AT", 1, False, 0), duration_ms(1_000)),
        lambda values: Freeze(values[0], values[1]),
    ),
)
