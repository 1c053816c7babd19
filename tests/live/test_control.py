import json

import pytest

from sim.errors import CredentialsError, SimError, TargetError
from sim.live.access.credentials import Credentials, Organisation
from sim.live.control import probe, with_tokens
from tests.live.peers import Connection, Script, closed_port, peer

TOKEN, PASSWORD = "tok-secret", "pass-secret"
MEMBER = Organisation(org_id="org-0", token=TOKEN)
OWNER = Organisation(org_id="org-1", email="a@b", password=PASSWORD)


def answers(status: int, body: object) -> Script:
    """A script that answers one request."""

    def script(connection: Connection) -> None:
        head = connection.head()
        size = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        connection.take(size)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.send(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(data), data))

    return script


def _ask(url: str, organisation: Organisation) -> None:
    if organisation.token is None:
        with_tokens(url, Credentials(orgs=[organisation]))
    else:
        probe(url, organisation)


def _refusal(script: Script, organisation: Organisation = MEMBER) -> SimError:
    with peer(script) as found:
        url = f"http://127.0.0.1:{found.port}"
        with pytest.raises(SimError) as caught:
            _ask(url, organisation)
    text = str(caught.value)
    assert text.startswith(f"target {url}")
    assert "\n" not in text
    assert not any(secret in text for secret in (TOKEN, PASSWORD))
    return caught.value


def test_a_target_of_the_contract_passes() -> None:
    with peer(answers(200, {"success": True, "data": [{"id": "m1", "status": "online"}]})) as found:
        probe(f"http://127.0.0.1:{found.port}/", MEMBER)
    assert len(found.accepted) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_not_taken_is_the_users_mistake(status: int) -> None:
    error = _refusal(answers(status, {}))
    assert isinstance(error, CredentialsError)
    assert f"answered {status} for organisation 0 (org-0): its token is not taken" in str(error)
    assert error.exit_code == 2


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_another_status_is_the_targets(status: int) -> None:
    error = _refusal(answers(status, {}))
    assert isinstance(error, TargetError)
    assert f"answered {status}; expected 200: is it a QuickZTNA deployment?" in str(error)
    assert error.exit_code == 3


@pytest.mark.parametrize("body", [b"hello", b"", {"data": 5}, {"success": True}, {"data": [{"name": "x"}]}, b"\xff"])
def test_an_answer_of_another_kind(body: object) -> None:
    error = _refusal(answers(200, body))
    assert isinstance(error, TargetError)
    assert "answered something else than the contract says" in str(error)


def _says_hello(connection: Connection) -> None:
    connection.head()
    connection.send(b"hello\r\n")


@pytest.mark.parametrize("script", [_says_hello, Connection.reset, Connection.head])
def test_a_peer_that_does_not_speak_http(script: Script) -> None:
    error = _refusal(script)
    assert isinstance(error, TargetError)
    assert "no answer (" in str(error)


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{closed_port()[1][1]}"
    with pytest.raises(TargetError, match=r"no answer .*refused.*is it running"):
        probe(url, MEMBER)


def test_each_organisation_without_a_token_logs_in_once() -> None:
    logins: list[bytes] = []

    def script(connection: Connection) -> None:
        head = connection.head()
        size = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        logins.append(head.split(b" ")[1] + connection.take(size))
        answer = b'{"data":{"token":"fresh-%d"}}' % connection.number
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))

    second = Organisation(org_id="org-2", email="c@d", password="other")
    with peer(script) as found:
        given = Credentials(orgs=[OWNER, MEMBER, second], url="http://kept")
        made = with_tokens(f"http://127.0.0.1:{found.port}", given)
    assert [organisation.token for organisation in made.orgs] == ["fresh-0", TOKEN, "fresh-1"]
    assert [json.loads(login.removeprefix(b"/api/auth/login")) for login in logins] == [
        {"email": "a@b", "password": PASSWORD},
        {"email": "c@d", "password": "other"},
    ]
    assert made.url == "http://kept"


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_a_refused_login_names_the_address_and_not_the_password(status: int) -> None:
    error = _refusal(answers(status, {"error": PASSWORD}), OWNER)
    assert isinstance(error, CredentialsError)
    assert f"the log-in of a@b (org-1) answered {status}; check e-mail and password" in str(error)


@pytest.mark.parametrize(
    "data", [{"refresh_token": TOKEN}, {"token": TOKEN + "\r\nx: y"}, {"token": "\xf6"}, {"token": ""}]
)
def test_a_login_that_is_answered_with_something_else(data: object) -> None:
    error = _refusal(answers(200, {"data": data}), OWNER)
    assert isinstance(error, TargetError)
    assert "the log-in answered something else" in str(error)
