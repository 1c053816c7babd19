import time

import pytest

from sim.contract import ErrorCode
from sim.target.access import Access
from sim.target.envelope import RequestError
from sim.target.hooks import Hooks
from sim.target.seeding import Seeding
from sim.target.store import Store
from sim.target.tokens import Caller, Tokens, new_signing_key
from tests.target.sinks import UserCall
from tests.target.sqlite.stores import SEEDING, with_store

TOKENS = Tokens(new_signing_key(), 60)


def caller(seeding: Seeding, number: int, member: bool) -> Caller:
    user = (seeding.member(number) if member else seeding.owner(number)).user
    return TOKENS.verify(TOKENS.issue(user.id, user.email, time.time()), time.time())


@pytest.mark.parametrize(
    ("number", "member", "is_member", "is_admin"),
    [(0, False, True, True), (0, True, True, False), (1, False, False, False), (1, True, False, False)],
)
def test_membership_and_role_decide(number: int, member: bool, is_member: bool, is_admin: bool) -> None:
    async def body(store: Store) -> None:
        access, who = Access(store.identities, TOKENS, Hooks()), caller(SEEDING, number, member)
        organisation = SEEDING.organisation_id(0)
        assert await access.is_member(who, organisation) == is_member
        call = UserCall(organisation=organisation)
        required = ((is_member, access.require_member(who, call)), (is_admin, access.require_admin(who, organisation)))
        for allowed, admission in required:
            code: ErrorCode | None = None
            try:
                await admission
            except RequestError as error:
                code = error.code
            assert code == (None if allowed else ErrorCode.FORBIDDEN)
        assert (await access.admitted(who, call) is not None) == is_member
        assert await access.organisations(who) == (SEEDING.organisation_id(number),)

    with_store(body)


@pytest.mark.parametrize("token", [None, "", "nonsense"])
def test_without_a_good_token_nobody_is_known(token: str | None) -> None:
    async def body(store: Store) -> None:
        with pytest.raises(RequestError) as caught:
            await Access(store.identities, TOKENS, Hooks()).holder(token)
        assert (caught.value.status, caught.value.code) == (401, ErrorCode.UNAUTHORIZED)

    with_store(body)
