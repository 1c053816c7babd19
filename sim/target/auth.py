"""Log-in and refresh (contract 6)."""

import time
from typing import Final

import msgspec
from aiohttp import web

from sim.contract import LOGIN_PATH, REFRESH_PATH, ErrorCode
from sim.target.digests import digest, password_digest, same
from sim.target.envelope import RequestError, read_body, require, success
from sim.target.limits import Limits
from sim.target.records import User
from sim.target.routing import Route
from sim.target.store import Identities
from sim.target.times import iso, now_ms
from sim.target.tokens import REFRESH_LIFETIME_S, Tokens, new_refresh_token

EXPIRED_FOR_S: Final = 3_600
"""How long an expired token has been so: more than two clocks may differ by."""


class _LoginRequest(msgspec.Struct, frozen=True):
    email: str | None = None
    password: str | None = None


class _RefreshRequest(msgspec.Struct, frozen=True):
    refresh_token: str | None = None


class Session(msgspec.Struct, frozen=True):
    """What a user gets: an access token and the refresh token that buys the next one, once."""

    token: str
    refresh_token: str
    expires_in: int


class Sessions:
    """Starts sessions: for a log-in, a refresh, and for the credentials document."""

    def __init__(self, identities: Identities, tokens: Tokens) -> None:
        self._identities = identities
        self._tokens = tokens

    async def start(self, user: User) -> Session:
        refresh_token = new_refresh_token()
        expires_at = iso(now_ms() + REFRESH_LIFETIME_S * 1_000)
        await self._identities.keep_refresh(digest(refresh_token), user.id, expires_at)
        token = self._tokens.issue(user.id, user.email, time.time())
        return Session(token, refresh_token, self._tokens.lifetime_s)

    def expired(self, user: User) -> str:
        """An access token of a user that is validly signed, and expired `EXPIRED_FOR_S` ago."""
        issued_s = time.time() - self._tokens.lifetime_s - EXPIRED_FOR_S
        return self._tokens.issue(user.id, user.email, issued_s)


class AuthRoutes:
    """The routes of `/api/auth`."""

    def __init__(self, identities: Identities, sessions: Sessions, limits: Limits) -> None:
        self._identities = identities
        self._sessions = sessions
        self._limits = limits

    def routes(self) -> list[Route]:
        return [
            Route("POST", LOGIN_PATH, self.login),
            Route("POST", REFRESH_PATH, self.refresh),
        ]

    async def login(self, request: web.BaseRequest) -> web.Response:
        body = await read_body(request, _LoginRequest)
        require(email=body.email, password=body.password)
        email, password = (body.email or "").lower(), body.password or ""
        if not self._limits.admits_login(request.remote or "", email, time.monotonic()):
            raise RequestError(429, ErrorCode.RATE_LIMITED, "too many log-ins")
        user = await self._identities.user_by_email(email)
        if user is None or not same(user.password_hash, password_digest(user.id, password)):
            raise RequestError(401, ErrorCode.INVALID_CREDENTIALS, "wrong e-mail address or password")
        session = msgspec.structs.asdict(await self._sessions.start(user))
        return success({**session, "user": {"id": user.id, "email": user.email}})

    async def refresh(self, request: web.BaseRequest) -> web.Response:
        body = await read_body(request, _RefreshRequest)
        if not body.refresh_token:
            raise RequestError(400, ErrorCode.MISSING_TOKEN, "missing: refresh_token")
        user_id = await self._identities.take_refresh(digest(body.refresh_token), iso(now_ms()))
        user = None if user_id is None else await self._identities.user(user_id)
        if user is None:
            raise RequestError(401, ErrorCode.INVALID_TOKEN, "invalid or expired refresh token")
        return success(await self._sessions.start(user))
