"""The control plane: a few requests before the load, with httpx."""

import time
from typing import Final

import httpx
import msgspec

from sim.contract import LOGIN_PATH, LOGIN_WINDOW_S, LOGINS_PER_ADDRESS, MACHINES_PATH, MachinesAnswer
from sim.errors import UNREADABLE, CredentialsError, TargetError
from sim.live.access.credentials import Credentials, Organisation, is_token

_TIMEOUT_S: Final = 10.0


class _LoginData(msgspec.Struct):
    token: str


class _LoginAnswer(msgspec.Struct):
    data: _LoginData


def probe(url: str, organisation: Organisation) -> None:
    """See that the target is there, speaks the contract, and takes this organisation's token.

    Raises `TargetError` or `CredentialsError`.
    """
    what = f"target {url}: GET {MACHINES_PATH}"
    headers = {"authorization": f"Bearer {organisation.token}"}
    answer = _request("GET", url, f"{MACHINES_PATH}?org_id={organisation.org_id}", headers=headers)
    if answer.status_code in (401, 403):
        raise CredentialsError(
            f"{what} answered {answer.status_code} for organisation 0 ({organisation.org_id}):"
            " its token is not taken; log in again or write a new credentials file"
        )
    if answer.status_code != 200:
        raise TargetError(f"{what} answered {answer.status_code}; expected 200: is it a QuickZTNA deployment?")
    try:
        msgspec.json.decode(answer.content, type=MachinesAnswer)
    except UNREADABLE as error:
        raise TargetError(f"{what} answered something else than the contract says: {error}") from None


def with_tokens(url: str, credentials: Credentials) -> Credentials:
    """The credentials with a token for every organisation: one log-in for each that has none.

    Log-ins are spaced so that a deployment's limit of 10 in 5 minutes is kept (contract 6). Raises
    `CredentialsError` for a refused log-in and `TargetError` for a target that does not answer.
    """
    missing = [organisation for organisation in credentials.orgs if organisation.token is None]
    spacing_s = LOGIN_WINDOW_S / LOGINS_PER_ADDRESS if len(missing) > LOGINS_PER_ADDRESS else 0.0
    tokens: dict[str, str] = {}
    for number, organisation in enumerate(missing):
        if number >= LOGINS_PER_ADDRESS:
            time.sleep(spacing_s)
        tokens[organisation.org_id] = _login(url, organisation)
    orgs = [msgspec.structs.replace(o, token=tokens.get(o.org_id, o.token)) for o in credentials.orgs]
    return Credentials(orgs=orgs, url=credentials.url)


def _login(url: str, organisation: Organisation) -> str:
    body = {"email": organisation.email, "password": organisation.password}
    answer = _request("POST", url, LOGIN_PATH, body=body)
    if answer.status_code != 200:
        raise CredentialsError(
            f"target {url}: the log-in of {organisation.email} ({organisation.org_id}) answered {answer.status_code};"
            " check e-mail and password"
        )
    try:
        token = msgspec.json.decode(answer.content, type=_LoginAnswer).data.token
    except UNREADABLE as error:
        raise TargetError(f"target {url}: the log-in answered something else than the contract says: {error}") from None
    if not is_token(token):
        raise TargetError(f"target {url}: the log-in answered something else than the contract says: no bearer token")
    return token


def _request(
    method: str, url: str, path: str, headers: dict[str, str] | None = None, body: object = None
) -> httpx.Response:
    try:
        return httpx.request(
            method, url.rstrip("/") + path, headers=headers, json=body, timeout=_TIMEOUT_S, trust_env=False
        )
    except httpx.HTTPError as error:
        text = str(error) or type(error).__name__
        raise TargetError(f"target {url}: no answer ({text}); is it running? `ztna-sim serve` starts one") from None
