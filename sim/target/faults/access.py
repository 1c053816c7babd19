"""Faults of access: strangers who are served, tokens that should be refused."""

import time
from functools import partial
from typing import Final

from sim.target.faults.base import Count, EveryNth, Surroundings, each_nth
from sim.target.hooks import Call, Door, Hooks, Served
from sim.target.store import Identities
from sim.target.tokens import Caller, ExpiredError, TokenError, unverified


class SkipMembership:
    """Every n-th call by one door that names an organisation, by somebody who is no member of it, is served.

    A hit is one that was really served: a socket that was upgraded, an RPC with its answer, rows that were found.
    """

    def __init__(self, door: Door, n: int) -> None:
        self.count = Count()
        self._door = door
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._identities: Identities = surroundings.store.identities
        hooks.stranger.append(self._stranger)

    async def _stranger(self, call: Call) -> Served | None:
        if call.door is not self._door or not await self._identities.has_organisation(call.organisation):
            return None
        return partial(self._served, call) if self._every.turn() else None

    def _served(self, call: Call) -> None:
        self.count.hits += call.live


class AcceptExpired:
    """Every n-th access token that has expired, and is good but for that, is accepted."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.refused.append(self._refused)

    async def _refused(self, _: str, error: TokenError) -> Caller | None:
        if not isinstance(error, ExpiredError) or not self._every.turn():
            return None
        self.count.hits += 1
        return error.caller


class AcceptUnsigned:
    """Every n-th token of a known user that has not expired, but has no valid signature, is accepted."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._identities: Identities = surroundings.store.identities
        hooks.refused.append(self._refused)

    async def _refused(self, token: str, error: TokenError) -> Caller | None:
        if isinstance(error, ExpiredError):
            return None
        caller = unverified(token)
        if caller is None or caller.expires_s <= time.time() or await self._identities.user(caller.user_id) is None:
            return None
        if not self._every.turn():
            return None
        self.count.hits += 1
        return caller


KINDS: Final = (
    each_nth(
        "skip_membership_ws",
        1,
        "each N-th socket for an organisation that its user is no member of is upgraded all the same",
        partial(SkipMembership, Door.SOCKET),
    ),
    each_nth(
        "skip_membership_rpc",
        1,
        "each N-th RPC on an organisation that its user is no member of is answered all the same",
        partial(SkipMembership, Door.RPC),
    ),
    each_nth(
        "skip_membership_crud",
        1,
        "each N-th GET of machines of an organisation that its user is no member of returns its rows",
        partial(SkipMembership, Door.ROWS),
    ),
    each_nth("accept_expired", 1, "each N-th expired access token is accepted", AcceptExpired),
    each_nth(
        "accept_unsigned",
        1,
        "each N-th token without a valid signature is accepted if a known user's claims can be read from it",
        AcceptUnsigned,
    ),
)
