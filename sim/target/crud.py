"""The machines table for users (contract 5): the rows of their own organisations, and no others."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from sim.contract import MACHINES_PATH, ErrorCode
from sim.target.access import Access, UserCall
from sim.target.announce import Announcer
from sim.target.envelope import RequestError, read_body, success
from sim.target.hooks import Door, Hooks
from sim.target.options import TargetOptions
from sim.target.peers import PeerLists
from sim.target.queries import (
    ORGANISATION,
    WriteRequest,
    changes_of,
    equals_of_body,
    equals_of_url,
    named_organisation,
    read_query,
)
from sim.target.records import MachineFilter, Touched
from sim.target.routing import Route
from sim.target.store import Rows, TakenError


class CrudRoutes:
    """The routes of `/api/db/machines`."""

    def __init__(
        self,
        rows: Rows,
        access: Access,
        announcer: Announcer,
        peers: PeerLists,
        hooks: Hooks,
        options: TargetOptions,
    ) -> None:
        self._rows = rows
        self._access = access
        self._announcer = announcer
        self._peers = peers
        self._written = hooks.written
        self._options = options

    def routes(self) -> list[Route]:
        return [
            Route("GET", MACHINES_PATH, self.read),
            Route("PATCH", MACHINES_PATH, self.patch),
            Route("DELETE", MACHINES_PATH, self.delete),
        ]

    async def read(self, request: web.BaseRequest) -> web.Response:
        organisations = await self._organisations(request)
        named = named_organisation(request.query)
        served = None
        if named is not None and named not in organisations:
            served = await self._access.stranger(UserCall(request, Door.ROWS, named))
            organisations = organisations if served is None else (named,)
        rows = await self._rows.find(read_query(request.query, organisations, self._options.page_size))
        if served is not None and rows:
            served()
        return success(rows)

    async def patch(self, request: web.BaseRequest) -> web.Response:
        organisations = await self._organisations(request)
        body = await read_body(request, WriteRequest)
        equals = equals_of_body(body)
        if self._options.patch_filter == "both":
            equals += equals_of_url(request.query)
        if not equals:
            raise RequestError(400, ErrorCode.MISSING_FIELDS, "missing: _filters")
        touched = await self._update(MachineFilter(organisations, equals), changes_of(body))
        self._forget_peers(touched)
        if self._options.patch_announces and self._announces(touched):
            for machine in touched:
                await self._announcer.moved(machine)
        return success({"changes": len(touched)})

    async def delete(self, request: web.BaseRequest) -> web.Response:
        organisations = await self._organisations(request)
        body = await read_body(request, WriteRequest) if request.can_read_body else WriteRequest()
        equals = equals_of_body(body) + equals_of_url(request.query)
        if all(column == ORGANISATION for column, _ in equals):
            raise RequestError(400, ErrorCode.UNSAFE_DELETE, "DELETE requires at least one record filter, e.g. id=eq.X")
        touched = await self._rows.delete(MachineFilter(organisations, equals))
        self._forget_peers(touched)
        if self._announces(touched):
            for machine in touched:
                await self._announcer.deleted(machine)
        return success({"changes": len(touched)})

    async def _update(self, rows: MachineFilter, changes: Mapping[str, str | None]) -> list[Touched]:
        try:
            return await self._rows.update(rows, changes)
        except TakenError as error:
            raise RequestError(400, ErrorCode.INVALID_INPUT, "name: it is another machine's already") from error

    async def _organisations(self, request: web.BaseRequest) -> tuple[str, ...]:
        return await self._access.organisations(await self._access.caller(request))

    def _announces(self, touched: Sequence[Touched]) -> bool:
        return bool(touched) and all(hook(touched) for hook in self._written)

    def _forget_peers(self, touched: list[Touched]) -> None:
        for organisation in {machine.org_id for machine in touched}:
            self._peers.forget(organisation)
