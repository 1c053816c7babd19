"""Who calls, and what they are in an organisation: looked up each time, never carried (contract 6)."""

import time

from aiohttp import web

from sim.contract import ErrorCode
from sim.target.envelope import RequestError, bearer
from sim.target.records import ADMIN_ROLES
from sim.target.store import Identities
from sim.target.tokens import Caller, TokenError, Tokens


class Access:
    """The checks that come before everything a user asks for."""

    def __init__(self, identities: Identities, tokens: Tokens) -> None:
        self._identities = identities
        self._tokens = tokens

    def caller(self, request: web.BaseRequest) -> Caller:
        """Whose bearer token it is. Raises RequestError 401."""
        return self.holder(bearer(request))

    def holder(self, token: str | None) -> Caller:
        """Whose token it is. Raises RequestError 401 if it is missing, malformed or expired."""
        if not token:
            raise RequestError(401, ErrorCode.UNAUTHORIZED, "a token is required")
        try:
            return self._tokens.verify(token, time.time())
        except TokenError as error:
            raise RequestError(401, ErrorCode.UNAUTHORIZED, str(error)) from error

    async def is_member(self, caller: Caller, organisation: str) -> bool:
        return await self._identities.role(organisation, caller.user_id) is not None

    async def require_member(self, caller: Caller, organisation: str) -> None:
        """Raises RequestError 403."""
        if not await self.is_member(caller, organisation):
            raise RequestError(403, ErrorCode.FORBIDDEN, "not a member of this organisation")

    async def require_admin(self, caller: Caller, organisation: str) -> None:
        """Raises RequestError 403 for a plain member, too."""
        if await self._identities.role(organisation, caller.user_id) not in ADMIN_ROLES:
            raise RequestError(403, ErrorCode.FORBIDDEN, "an admin of this organisation is required")

    async def organisations(self, caller: Caller) -> tuple[str, ...]:
        return await self._identities.organisations_of(caller.user_id)
