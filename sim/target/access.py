"""Who calls, and what they are in an organisation: looked up each time, never carried (contract 6)."""

import time
from dataclasses import dataclass

from aiohttp import web

from sim.contract import ErrorCode
from sim.target.envelope import RequestError, bearer
from sim.target.hooks import Call, Door, Hooks, Served
from sim.target.records import ADMIN_ROLES
from sim.target.store import Identities
from sim.target.tokens import Caller, TokenError, Tokens


@dataclass(frozen=True, slots=True)
class UserCall:
    """The `Call` that a request is."""

    request: web.BaseRequest
    door: Door
    organisation: str
    function: str = ""

    @property
    def live(self) -> bool:
        transport = self.request.transport
        return transport is not None and not transport.is_closing()


class Access:
    """The checks that come before everything a user asks for."""

    def __init__(self, identities: Identities, tokens: Tokens, hooks: Hooks) -> None:
        self._identities = identities
        self._tokens = tokens
        self._refused = hooks.refused
        self._strangers = hooks.stranger

    async def caller(self, request: web.BaseRequest) -> Caller:
        """Whose bearer token it is. Raises RequestError 401."""
        return await self.holder(bearer(request))

    async def holder(self, token: str | None) -> Caller:
        """Whose token it is. Raises RequestError 401 if it is missing, malformed or expired."""
        if not token:
            raise RequestError(401, ErrorCode.UNAUTHORIZED, "a token is required")
        try:
            return self._tokens.verify(token, time.time())
        except TokenError as error:
            for hook in self._refused:
                caller = await hook(token, error)
                if caller is not None:
                    return caller
            raise RequestError(401, ErrorCode.UNAUTHORIZED, str(error)) from error

    async def is_member(self, caller: Caller, organisation: str) -> bool:
        return await self._identities.role(organisation, caller.user_id) is not None

    async def admitted(self, caller: Caller, call: Call) -> Served | None:
        """What to call once the call was served; None if it must be refused, since the caller is no member."""
        return _served if await self.is_member(caller, call.organisation) else await self.stranger(call)

    async def stranger(self, call: Call) -> Served | None:
        """As `admitted`, of a caller who is no member."""
        for hook in self._strangers:
            served = await hook(call)
            if served is not None:
                return served
        return None

    async def require_member(self, caller: Caller, call: Call) -> Served:
        """What to call once the call was served. Raises RequestError 403."""
        served = await self.admitted(caller, call)
        if served is None:
            raise RequestError(403, ErrorCode.FORBIDDEN, "not a member of this organisation")
        return served

    async def require_admin(self, caller: Caller, organisation: str) -> None:
        """Raises RequestError 403 for a plain member, too."""
        if await self._identities.role(organisation, caller.user_id) not in ADMIN_ROLES:
            raise RequestError(403, ErrorCode.FORBIDDEN, "an admin of this organisation is required")

    async def organisations(self, caller: Caller) -> tuple[str, ...]:
        return await self._identities.organisations_of(caller.user_id)


def _served() -> None:
    """Nothing: a member's call is served by right."""
