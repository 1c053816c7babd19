"""What admins do to machines (contract 4): a table of actions, each from the states that it starts from."""

from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from sim.contract import MACHINE_ADMIN_PATH, ErrorCode, Status
from sim.target.access import Access
from sim.target.announce import Announcer
from sim.target.envelope import RequestError, read_body, require, success
from sim.target.options import TargetOptions
from sim.target.peers import PeerLists
from sim.target.records import MachineFilter, MachineState, Touched
from sim.target.routing import Route
from sim.target.store import Rows

DELETE: Final = "delete"


@dataclass(frozen=True, slots=True)
class Action:
    """From which statuses, and from disabled ones or not, to which state."""

    starts: frozenset[Status]
    starts_disabled: bool | None
    """None: either."""
    ends: MachineState

    def allows(self, state: MachineState) -> bool:
        disabled_fits = self.starts_disabled is None or self.starts_disabled == state.admin_disabled
        return disabled_fits and state.status in self.starts


_KNOWN: Final = frozenset({Status.ONLINE, Status.OFFLINE})
_ONLINE: Final = MachineState(Status.ONLINE, False)

ACTIONS: Final = {
    "approve": Action(frozenset({Status.PENDING}), None, _ONLINE),
    "disable": Action(_KNOWN, False, MachineState(Status.OFFLINE, True)),
    "enable": Action(_KNOWN, True, _ONLINE),
    "quarantine": Action(_KNOWN, None, MachineState(Status.QUARANTINED, False)),
    "unquarantine": Action(frozenset({Status.QUARANTINED}), None, _ONLINE),
}
"""Contract 4; where the product documents several starts of an action, the narrower reading."""


class _AdminRequest(msgspec.Struct, frozen=True):
    action: str | None = None
    machine_id: str | None = None
    org_id: str | None = None


class AdminRoutes:
    """The route of `/api/machine-admin`."""

    def __init__(
        self, rows: Rows, access: Access, announcer: Announcer, peers: PeerLists, options: TargetOptions
    ) -> None:
        self._rows = rows
        self._access = access
        self._announcer = announcer
        self._peers = peers
        self._announces = options.patch_announces

    def routes(self) -> list[Route]:
        return [Route("POST", MACHINE_ADMIN_PATH, self.act)]

    async def act(self, request: web.BaseRequest) -> web.Response:
        caller = await self._access.caller(request)
        body = await read_body(request, _AdminRequest)
        require(action=body.action, machine_id=body.machine_id, org_id=body.org_id)
        action, machine, organisation = body.action or "", body.machine_id or "", body.org_id or ""
        if action != DELETE and action not in ACTIONS:
            allowed = ", ".join([*ACTIONS, DELETE])
            raise RequestError(400, ErrorCode.UNKNOWN_ACTION, f"action: it must be one of {allowed}")
        await self._access.require_admin(caller, organisation)
        if action == DELETE:
            return success(await self._delete(organisation, machine))
        return success(await self._change(organisation, machine, action))

    async def _delete(self, organisation: str, machine: str) -> dict[str, str]:
        touched = await self._rows.delete(MachineFilter((organisation,), (("id", machine),)))
        if not touched:
            raise _not_found()
        self._peers.forget(organisation)
        await self._announcer.deleted(touched[0])
        return {"deleted": machine}

    async def _change(self, organisation: str, machine: str, name: str) -> dict[str, str]:
        action = ACTIONS[name]
        state = await self._rows.state(organisation, machine)
        if state is not None and not action.allows(state):
            raise RequestError(
                400, ErrorCode.INVALID_STATE, f"{name}: not possible for a machine that is {_told(state)}"
            )
        touched = await self._rows.set_state(organisation, machine, action.ends)
        if touched is None:
            raise _not_found()
        self._peers.forget(organisation)
        await self._announce(touched)
        return {"machine_id": machine, "status": touched.status}

    async def _announce(self, touched: Touched) -> None:
        if touched.status == Status.QUARANTINED:
            await self._announcer.status_set(touched)
        elif self._announces:
            await self._announcer.moved(touched)


def _told(state: MachineState) -> str:
    return f"{state.status} and disabled" if state.admin_disabled else state.status


def _not_found() -> RequestError:
    return RequestError(404, ErrorCode.NOT_FOUND, "no such machine in this organisation")
