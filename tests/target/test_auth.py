import time

import pytest

from sim.contract import LOGIN_PATH, MACHINES_PATH, REFRESH_PATH, ErrorCode
from sim.target import TargetOptions
from sim.target.tokens import ExpiredError, unverified
from tests.target.servers import Server, served
from tests.target.test_agents import failed


def test_a_log_in_gives_a_token_that_works(shared: Server) -> None:
    org = shared.orgs[1]
    data = shared.http.post(LOGIN_PATH, json={"email": org.email.upper(), "password": org.password}).json()["data"]
    assert (data["expires_in"], data["user"]["email"]) == (3_600, org.email)
    answer = shared.http.get("/api/db/machines", headers={"Authorization": f"Bearer {data['token']}"})
    assert {row["org_id"] for row in answer.json()["data"]} == {org.org_id}


def test_a_refresh_token_works_once_and_rotates(shared: Server) -> None:
    first = shared.http.post(REFRESH_PATH, json={"refresh_token": shared.orgs[0].refresh_token}).json()["data"]
    again = shared.http.post(REFRESH_PATH, json={"refresh_token": shared.orgs[0].refresh_token})
    assert failed(again) == (401, ErrorCode.INVALID_TOKEN)
    second = shared.http.post(REFRESH_PATH, json={"refresh_token": first["refresh_token"]}).json()["data"]
    assert set(second) == {"token", "refresh_token", "expires_in"}
    answer = shared.http.get("/api/db/machines", headers={"Authorization": f"Bearer {second['token']}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("wrong", [{"password": "guess"}, {"email": "nobody@example.com"}])
def test_wrong_credentials_are_refused_alike(shared: Server, wrong: dict[str, str]) -> None:
    org = shared.orgs[0]
    answer = shared.http.post(LOGIN_PATH, json={"email": org.email, "password": org.password, **wrong})
    assert failed(answer) == (401, ErrorCode.INVALID_CREDENTIALS)


def test_missing_and_unknown_fields(shared: Server) -> None:
    assert failed(shared.http.post(LOGIN_PATH, json={"email": "a"})) == (400, ErrorCode.MISSING_FIELDS)
    assert failed(shared.http.post(REFRESH_PATH, json={})) == (400, ErrorCode.MISSING_TOKEN)
    assert failed(shared.http.post(REFRESH_PATH, json={"refresh_token": "x"})) == (401, ErrorCode.INVALID_TOKEN)


def test_log_ins_are_limited_if_asked_for() -> None:
    with served(TargetOptions(rate_limits=True)) as server:
        body = {"email": server.orgs[0].email, "password": server.orgs[0].password}
        answers = [server.http.post(LOGIN_PATH, json=body) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429]
        assert failed(answers[-1]) == (429, ErrorCode.RATE_LIMITED)


def test_the_tokens_lifetime_is_an_option() -> None:
    with served(TargetOptions(token_lifetime_s=90)) as server:
        body = {"email": server.orgs[0].email, "password": server.orgs[0].password}
        assert server.http.post(LOGIN_PATH, json=body).json()["data"]["expires_in"] == 90


def test_the_expired_token_of_the_credentials_is_validly_signed_and_an_hour_too_old() -> None:
    with served(TargetOptions(token_lifetime_s=90)) as server:
        for number, org in enumerate(server.orgs):
            with pytest.raises(ExpiredError) as caught:
                server.running.backend.tokens.verify(org.expired_token, time.time())
            assert caught.value.caller.user_id == server.seeding.owner(number).user.id
            issued = unverified(org.token)
            assert issued is not None
            assert issued.expires_s - caught.value.caller.expires_s in (3_689, 3_690)  # the second may turn in between
            answer = server.http.get(MACHINES_PATH, headers={"Authorization": f"Bearer {org.expired_token}"})
            assert failed(answer) == (401, ErrorCode.UNAUTHORIZED)
            assert org.expired_token not in repr(org)
