import json
import time
from pathlib import Path

import jwt
import pytest

from sim.errors import CredentialsError
from sim.live.access.credentials import Credentials, Machine, Organisation, load_credentials, require_enough

MACHINES = [{"id": "m1", "node_key": "nk-secret"}, {"id": "m2", "node_key": "nk-secret-2"}]
ENTRY = {"org_id": "org-1", "token": "tok-secret", "machines": MACHINES}
SECRETS = ("secret", "hunter2")


def _file(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "credentials.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def _error(path: Path) -> str:
    with pytest.raises(CredentialsError) as caught:
        load_credentials(path)
    text = str(caught.value)
    assert caught.value.exit_code == 2
    assert text.startswith(f"credentials {path}: ")
    assert "\n" not in text
    assert not any(secret in text for secret in SECRETS)
    return text


def test_a_file_of_the_contract_is_read_and_unknown_fields_are_left_out(tmp_path: Path) -> None:
    entry = ENTRY | {"email": "a@b", "password": "hunter2", "refresh_token": "r-secret", "more": 1}
    loaded = load_credentials(_file(tmp_path, {"url": "http://x", "orgs": [entry], "more": []}))
    assert loaded.url == "http://x"
    assert loaded.orgs[0].token == "tok-secret"
    assert [machine.id for machine in loaded.orgs[0].machines] == ["m1", "m2"]


def test_no_repr_holds_a_secret(tmp_path: Path) -> None:
    entry = ENTRY | {"email": "a@b", "password": "hunter2", "refresh_token": "r-secret", "expired_token": "e-secret"}
    loaded = load_credentials(_file(tmp_path, {"orgs": [entry]}))
    assert loaded.orgs[0].expired_token == "e-secret"
    assert not any(secret in f"{loaded!r} {loaded} {loaded.orgs[0].machines}" for secret in SECRETS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected {"),
        ("{", "expected {"),
        ("tok-secret", "expected {"),
        ("\udcff", "expected {"),
        ([], "Expected `object`, got `array`"),
        ({}, "missing required field `orgs`"),
        ({"orgs": {}}, "$.orgs"),
        ({"orgs": ["tok-secret"]}, "$.orgs["),
        ({"orgs": [{"token": "tok-secret"}]}, "missing required field `org_id`"),
        ({"orgs": [ENTRY | {"machines": "secret"}]}, "machines"),
        ({"orgs": [ENTRY | {"machines": [{"id": "m"}]}]}, "missing required field `node_key`"),
        ({"orgs": [ENTRY | {"token": 5}]}, "token"),
    ],
)
def test_another_shape_says_where_and_what_is_expected(tmp_path: Path, content: object, said: str) -> None:
    path = tmp_path / "credentials.json"
    if isinstance(content, str):
        path.write_text(content, errors="surrogateescape")
    else:
        path.write_text(json.dumps(content))
    assert said in _error(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in _error(tmp_path / "none.json")
    assert "cannot be read: Is a directory" in _error(tmp_path)


@pytest.mark.parametrize("given", [{}, {"email": "a@b"}, {"password": "hunter2"}])
def test_an_organisation_without_a_way_in(tmp_path: Path, given: dict[str, str]) -> None:
    entry = {"org_id": "org-1", "machines": []} | given
    assert "orgs[1] (org-1) has neither token nor e-mail and password" in _error(
        _file(tmp_path, {"orgs": [ENTRY | {"org_id": "org-0"}, entry]})
    )


@pytest.mark.parametrize("token", ["tok-secret\n", "tok secret", "", "tok-secret\r\nx: y", "t\xf6k-secret"])
def test_a_token_that_would_break_a_request_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    assert "orgs[0] (org-1): the token has characters that no token has" in _error(
        _file(tmp_path, {"orgs": [ENTRY | {"token": token}]})
    )


def _jwt(left_s: float) -> str:
    return jwt.encode({"exp": int(time.time() + left_s)}, "a secret that is long enough for a test's HS256", "HS256")


@pytest.mark.parametrize("token", ["tok secret", "", "tok-secret\r\nx: y"])
def test_an_expired_token_that_would_break_a_request_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    assert "orgs[0] (org-1): the expired_token has characters that no token has" in _error(
        _file(tmp_path, {"orgs": [ENTRY | {"expired_token": token}]})
    )


def test_an_expired_token_must_have_expired(tmp_path: Path) -> None:
    expired = _jwt(-5_000)
    loaded = load_credentials(_file(tmp_path, {"orgs": [ENTRY | {"expired_token": expired}]}))
    assert loaded.orgs[0].expired_token == expired
    assert "orgs[0] (org-1): the expired_token is valid for another" in _error(
        _file(tmp_path, {"orgs": [ENTRY | {"expired_token": _jwt(5_000)}]})
    )


@pytest.mark.parametrize("org_id", ["", "a b", "a&b=c", "a\r\nb", "a#b"])
def test_an_id_that_would_break_a_request_is_refused(tmp_path: Path, org_id: str) -> None:
    assert "orgs[0]: org_id" in _error(_file(tmp_path, {"orgs": [ENTRY | {"org_id": org_id}]}))


def test_an_organisation_twice_is_refused(tmp_path: Path) -> None:
    assert "orgs[0] and orgs[1] are both org-1" in _error(_file(tmp_path, {"orgs": [ENTRY, ENTRY | {"machines": []}]}))


def _credentials(*organisations: list[str]) -> Credentials:
    return Credentials(
        orgs=[
            Organisation(org_id=f"org-{number}", token="t", machines=[Machine(id=m, node_key="k") for m in machines])
            for number, machines in enumerate(organisations)
        ]
    )


def test_enough_is_enough() -> None:
    given = _credentials(["a", "b"], ["c"], [])
    require_enough(given, [2, 1], "file")
    require_enough(given, [1], "file")
    assert [len(organisation.machines) for organisation in given.orgs] == [2, 1, 0]


@pytest.mark.parametrize(
    ("organisations", "needed", "said"),
    [
        ([["a"]], [1, 1], "file: 1 organisations, but the scenario needs 2; add some, or --set fleet.organisations=1"),
        ([["a"], ["b"]], [1, 3], r"file: orgs[1] (org-1) has 1 machines, but the scenario needs 3"),
        ([["a"], ["b"], ["a"]], [1], "file: machine a is in orgs[0] and orgs[2]; a machine belongs to one"),
        ([["a", "b", "a"]], [1], "file: machine a is twice in orgs[0]"),
    ],
)
def test_too_little_is_said_with_both_numbers(organisations: list[list[str]], needed: list[int], said: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        require_enough(_credentials(*organisations), needed, "file")
    assert str(caught.value).startswith(said)
