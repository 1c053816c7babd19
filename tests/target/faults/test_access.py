import base64
import json
import time

import jwt
import pytest
from websockets.sync.client import connect

from sim.contract import MACHINES_PATH, ErrorCode, Status
from sim.target.tokens import Tokens, new_signing_key
from tests.target.faults.watching import count, statuses
from tests.target.servers import Dashboard, Server, served
from tests.target.test_agents import failed
from tests.target.test_realtime import refusal
from tests.target.test_rpc import call

STATS = "get_dashboard_stats"


def test_each_nth_socket_of_a_stranger_is_upgraded() -> None:
    with served(faults=["skip_membership_ws:2"]) as server:
        url = server.socket_url(0, token=server.orgs[1].token)
        assert refusal(url) == (403, ErrorCode.FORBIDDEN)
        with connect(url) as connection:
            dashboard = Dashboard(connection)
            assert dashboard.receive()["type"] == "connected"
            assert dashboard.subscribe()["channels"] == ["machines"]
            server.beat(0, 0)
            assert len(dashboard.events()) == 1
        assert refusal(url) == (403, ErrorCode.FORBIDDEN)
        with server.dashboard(0):
            assert count(server, "skip_membership_ws") == (1, 3)


def test_each_nth_rpc_of_a_stranger_is_answered() -> None:
    with served(faults=["skip_membership_rpc:2"]) as server:
        answers = [call(server, STATS, server.orgs[0].org_id, server.auth(1)) for _ in range(4)]
        assert [status for status, _ in answers] == [403, 200, 403, 200]
        assert call(server, STATS, server.orgs[0].org_id, server.auth(0)) == answers[1]
        assert refusal(server.socket_url(0, token=server.orgs[1].token)) == (403, ErrorCode.FORBIDDEN)
        assert count(server, "skip_membership_rpc") == (2, 4)


def test_each_nth_read_of_a_strangers_organisation_returns_its_rows() -> None:
    with served(faults=["skip_membership_crud:2"]) as server:
        org_id = server.orgs[0].org_id
        answers = [server.rows(1, org_id=form) for form in (org_id, org_id, f"eq.{org_id}", f"eq.{org_id}")]
        assert [len(rows) for rows in answers] == [0, 3, 0, 3]
        assert answers[1] == answers[3] == server.rows(0)
        assert {row["org_id"] for row in server.rows(1)} == {server.orgs[1].org_id}
        assert count(server, "skip_membership_crud") == (2, 4)


def test_a_stranger_who_is_served_nothing_is_no_hit() -> None:
    faults = ["skip_membership_ws", "skip_membership_rpc", "skip_membership_crud", "refuse_upgrade:1", "error_rpc:1"]
    with served(faults=faults) as server:
        org_id = server.orgs[0].org_id
        assert refusal(server.socket_url(0, token=server.orgs[1].token)) == (503, ErrorCode.INTERNAL_ERROR)
        assert call(server, STATS, org_id, server.auth(1)) == (500, ErrorCode.INTERNAL_ERROR)
        assert server.rows(1, org_id=org_id, id="unknown") == []
        assert [count(server, name) for name in faults[:3]] == [(0, 1)] * 3


def test_an_organisation_that_is_not_there_is_no_opportunity() -> None:
    faults = ["skip_membership_ws", "skip_membership_rpc", "skip_membership_crud"]
    with served(faults=faults) as server:
        url = server.socket_url(0).replace(server.orgs[0].org_id, "unknown")
        assert refusal(url) == (403, ErrorCode.FORBIDDEN)
        assert call(server, STATS, "unknown", server.auth()) == (403, ErrorCode.FORBIDDEN)
        assert server.rows(0, org_id="unknown") == []
        assert [count(server, name) for name in faults] == [(0, 0)] * 3


def test_a_stranger_still_changes_nothing() -> None:
    with served(faults=["skip_membership_crud"]) as server:
        org, machine = server.orgs[0], server.orgs[0].machines[0].id
        query = {"org_id": org.org_id, "id": machine}
        body = {"status": Status.ONLINE, "_filters": query}
        patched = server.http.patch(MACHINES_PATH, json=body, params=query, headers=server.auth(1))
        deleted = server.http.delete(MACHINES_PATH, params=query, headers=server.auth(1))
        assert patched.json()["data"] == deleted.json()["data"] == {"changes": 0}
        assert set(statuses(server.stats(0)).values()) == {"offline"}


def with_token(server: Server, token: str) -> int:
    """The status of an RPC with a token."""
    return call(server, STATS, server.orgs[0].org_id, {"Authorization": f"Bearer {token}"})[0]


def test_an_expired_token_is_given_out_and_refused_without_the_fault() -> None:
    with served() as server:
        assert with_token(server, server.orgs[0].expired_token) == 401
        assert refusal(server.socket_url(0, server.orgs[0].expired_token)) == (401, ErrorCode.UNAUTHORIZED)


def test_each_nth_expired_token_is_accepted() -> None:
    with served(faults=["accept_expired:2"]) as server:
        token = server.orgs[0].expired_token
        assert [with_token(server, token) for _ in range(4)] == [401, 200, 401, 200]
        assert with_token(server, "nonsense") == with_token(server, unsigned(server)) == 401
        assert refusal(server.socket_url(0, token)) == (401, ErrorCode.UNAUTHORIZED)
        with connect(server.socket_url(0, token)) as connection:
            assert Dashboard(connection).receive()["type"] == "connected"
        assert count(server, "accept_expired") == (3, 6)


def encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(server: Server, **claims: object) -> str:
    """A token of the owner of organisation 0 with no signature at all, and other claims."""
    owner = {"sub": server.seeding.owner(0).user.id, "exp": time.time() + 60}
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded({**owner, **claims})}."


def forged(server: Server) -> list[str]:
    """Tokens of the owner of organisation 0 whose signature is missing or wrong."""
    user = server.seeding.owner(0).user
    head, claims, signature = server.orgs[0].token.split(".")
    foreign = Tokens(new_signing_key(), 60).issue(user.id, user.email, time.time())
    symmetric = jwt.encode({"sub": user.id, "exp": time.time() + 60}, "x" * 32, "HS256")
    return [unsigned(server), f"{head}.{claims}.", f"{head}.{claims}.{signature[::-1]}", foreign, symmetric]


def test_each_nth_token_without_a_valid_signature_is_accepted() -> None:
    with served(faults=["accept_unsigned:2"]) as server:
        for token in forged(server):
            assert [with_token(server, token) for _ in range(2)] == [401, 200]
        assert refusal(server.socket_url(0, unsigned(server))) == (401, ErrorCode.UNAUTHORIZED)
        with connect(server.socket_url(0, unsigned(server))) as connection:
            assert Dashboard(connection).receive()["type"] == "connected"
        assert count(server, "accept_unsigned") == (6, 12)


@pytest.mark.parametrize("claims", [{"sub": "nobody"}, {"exp": 1}, {"exp": None}, {"sub": 7}])
def test_tokens_that_say_nothing_are_no_opportunity(claims: dict[str, object]) -> None:
    with served(faults=["accept_unsigned", "accept_expired"]) as server:
        assert with_token(server, unsigned(server, **claims)) == with_token(server, "a.b.c") == 401
        assert with_token(server, server.orgs[0].token) == 200
        assert count(server, "accept_unsigned") == count(server, "accept_expired") == (0, 0)


def test_a_token_needs_its_membership_all_the_same() -> None:
    with served(faults=["accept_unsigned"]) as server:
        owner = {"Authorization": f"Bearer {unsigned(server)}"}
        assert call(server, STATS, server.orgs[1].org_id, owner) == (403, ErrorCode.FORBIDDEN)
        assert failed(server.http.get(MACHINES_PATH)) == (401, ErrorCode.UNAUTHORIZED)
