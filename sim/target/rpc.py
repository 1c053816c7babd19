"""The RPC of the dashboard (contract 3). Membership suffices."""

import msgspec
from aiohttp import web

from sim.contract import RPC_PATH, ErrorCode
from sim.target.access import Access
from sim.target.envelope import RequestError, read_body, require, success
from sim.target.hooks import Hooks
from sim.target.routing import Route
from sim.target.store import Dashboards
from sim.target.times import iso, now_ms


class _RpcRequest(msgspec.Struct, frozen=True, rename={"organisation": "_org_id"}):
    fn: str | None = None
    organisation: str | None = None


class RpcRoutes:
    """The route of `/api/db/_rpc`."""

    def __init__(self, dashboards: Dashboards, access: Access, hooks: Hooks) -> None:
        self._dashboards = dashboards
        self._access = access
        self._hooks = hooks.stats
        self._functions = {"get_dashboard_stats": self._stats, "get_org_members": self._members}

    def routes(self) -> list[Route]:
        return [Route("POST", RPC_PATH, self.call)]

    async def call(self, request: web.BaseRequest) -> web.Response:
        caller = self._access.caller(request)
        body = await read_body(request, _RpcRequest)
        require(fn=body.fn, _org_id=body.organisation)
        function = self._functions.get(body.fn or "")
        if function is None:
            allowed = ", ".join(self._functions)
            raise RequestError(404, ErrorCode.NOT_FOUND, f"fn: unknown function; it must be one of {allowed}")
        organisation = body.organisation or ""
        await self._access.require_member(caller, organisation)
        return success({"data": await function(organisation)})

    async def _stats(self, organisation: str) -> object:
        answer = await self._dashboards.dashboard(organisation, iso(now_ms()))
        for hook in self._hooks:
            answer = await hook(organisation, answer)
        return answer

    async def _members(self, organisation: str) -> object:
        return await self._dashboards.members(organisation)
