"""Faults of an RPC's answer: wrong, slow, or an error. stale.py has old ones."""

import asyncio
from typing import Final

import msgspec

from sim.contract import ErrorCode
from sim.target.envelope import RequestError
from sim.target.faults.base import Count, EveryNth, Surroundings, each_nth, for_ms
from sim.target.hooks import Call, Door, Hooks
from sim.target.records import Dashboard
from sim.target.rpc import STATS


class WrongCount:
    """Every n-th answer of get_dashboard_stats with a machine online counts one of them as offline; rows are right."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.stats.append(self._answer)

    async def _answer(self, call: Call, answer: Dashboard) -> Dashboard:
        if not answer.online_count or not self._every.turn():
            return answer
        self.count.hits += call.live
        return msgspec.structs.replace(
            answer, online_count=answer.online_count - 1, offline_count=answer.offline_count + 1
        )


class SlowRpc:
    """Every answer of get_dashboard_stats takes `delay_ms` longer: it is made after that time, so it is not stale."""

    def __init__(self, delay_ms: float) -> None:
        self.count = Count()
        self._delay_s = delay_ms / 1_000

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.granted.append(self._granted)

    async def _granted(self, call: Call) -> None:
        if call.function == STATS:
            self.count.opportunities += 1
            await asyncio.sleep(self._delay_s)
            self.count.hits += call.live


class ErrorRpc:
    """Every n-th RPC that is granted is answered with an error."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.granted.append(self._granted)

    async def _granted(self, call: Call) -> None:
        if call.door is Door.RPC and self._every.turn():
            self.count.hits += call.live
            raise RequestError(500, ErrorCode.INTERNAL_ERROR, "the fault error_rpc is on")


KINDS: Final = (
    each_nth(
        "wrong_count",
        10,
        "each N-th dashboard answer with a machine online has an onlineCount that is one too low, with its rows right",
        WrongCount,
    ),
    for_ms("slow_rpc", 2_000, "each dashboard answer takes MS milliseconds longer", SlowRpc),
    each_nth("error_rpc", 10, "each N-th RPC that is granted is answered 500 INTERNAL_ERROR", ErrorRpc),
)
