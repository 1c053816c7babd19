"""The RPC of the dashboard (contract 3). Membership suffices."""

from typing import Final

import msgspec
from aiohttp import web

from sim.contract import RPC_PATH, ErrorCode
from sim.target.access import Access, UserCall
from sim.target.envelope import RequestError, read_body, require, success
from sim.target.hooks import Call, Door, Hooks
from sim.target.routing import Route
from sim.target.store import Dashboards
from sim.target.times import iso, now_ms

STATS: Final = "get_dashboard_stats"


class _RpcRequest(msgspec.Struct, frozen=True, rename={"organisation": "_org_id"}):
    fn: str | None = None
    organisation: str | None = None


class RpcRoutes:
    """The route of `/api/db/_rpc`."""

    def __init__(self, dashboards: Dashboards, access: Access, hooks: Hooks) -> None:
        self._dashboards = dashboards
        self._access = access
        self._granted = hooks.granted
        self._stats_hooks = hooks.stats
        self._functions = {STATS: self._stats, "get_org_members": self._members}

    def routes(self) -> list[Route]:
        return [Route("POST", RPC_PATH, self.call)]

    async def call(self, request: web.BaseRequest) -> web.Response:
        caller = await self._access.caller(request)
        body = await read_body(request, _RpcRequest)
        require(fn=body.fn, _org_id=body.organisation)
        function = self._functions.get(body.fn or "")
        if function is None:
            allowed = ", ".join(self._functions)
            raise RequestError(404, ErrorCode.NOT_FOUND, f"fn: unknown function; it must be one of {allowed}")
        call = UserCall(request, Door.RPC, body.organisation or "", body.fn or "")
        served = await self._access.require_member(caller, call)
        for hook in self._granted:
            await hook(call)
        answer = success({"data": await function(call)})
        served()
        return answer

    async def _stats(self, call: Call) -> object:
        answer = await self._dashboards.dashboard(call.organisation, iso(now_ms()))
        for hook in self._stats_hooks:
            answer = await hook(call, answer)
        return answer

    async def _members(self, call: Call) -> object:
        return await self._dashboards.members(call.organisation)
