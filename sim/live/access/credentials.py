"""The credentials file: whose organisations we may act as, with log-ins, tokens and node keys."""

import math
import re
import time
from pathlib import Path
from typing import Final

import jwt
import msgspec

from sim.errors import CredentialsError

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1
_ORGANISATION_ID: Final = re.compile(r"[A-Za-z0-9._~-]+")  # it goes into URLs: RFC 3986, 2.3


class Machine(msgspec.Struct, frozen=True):
    """A machine that an agent of ours may be."""

    id: str
    node_key: str
    name: str = ""

    def __repr__(self) -> str:
        return f"Machine(id={self.id!r})"


class Organisation(msgspec.Struct, frozen=True):
    """An organisation; a token, or e-mail and password, suffices. Its repr holds no secret."""

    org_id: str
    machines: list[Machine] = []
    email: str | None = None
    password: str | None = None
    token: str | None = None
    refresh_token: str | None = None
    expired_token: str | None = None
    """An access token that was valid and has expired: only to see that it is refused."""

    def __repr__(self) -> str:
        return f"Organisation(org_id={self.org_id!r}, machines={len(self.machines)})"


class Credentials(msgspec.Struct, frozen=True):
    """The whole file."""

    orgs: list[Organisation]
    url: str = ""


def load_credentials(path: Path) -> Credentials:
    """The credentials of a file.

    Raises `CredentialsError` for a file that cannot be read or has another shape.
    """
    try:
        credentials = msgspec.json.decode(path.read_bytes(), type=Credentials)
    except OSError as error:
        raise CredentialsError(
            f"credentials {path}: cannot be read: {error.strerror}; `ztna-sim serve --credentials {path}` writes one"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CredentialsError(
            f'credentials {path}: {error}; expected {{"url", "orgs": [{{"org_id", "token" or "email" and'
            ' "password", "machines": [{"id", "node_key"}]}]}'
        ) from None
    numbers: dict[str, int] = {}
    for number, organisation in enumerate(credentials.orgs):
        problem = _problem(organisation)
        if problem:
            raise CredentialsError(f"credentials {path}: orgs[{number}]{problem}")
        first = numbers.setdefault(organisation.org_id, number)
        if first != number:
            raise CredentialsError(
                f"credentials {path}: orgs[{first}] and orgs[{number}] are both {organisation.org_id};"
                " an organisation has one entry"
            )
    return credentials


def is_token(text: str) -> bool:
    """Whether a token can be sent as it is: a bearer token of RFC 6750."""
    return _TOKEN.fullmatch(text) is not None


def _problem(organisation: Organisation) -> str:
    """What is wrong with an entry, without its secrets; empty if nothing is."""
    if not _ORGANISATION_ID.fullmatch(organisation.org_id):
        return f": org_id {organisation.org_id!r} is not allowed; it must be letters, digits, -, ., _ and ~"
    if organisation.token is not None and not is_token(organisation.token):
        return f" ({organisation.org_id}): the token has characters that no token has, or none; copy it again"
    if organisation.token is None and (organisation.email is None or organisation.password is None):
        return f" ({organisation.org_id}) has neither token nor e-mail and password"
    return _problem_of_expired(organisation)


def _problem_of_expired(organisation: Organisation) -> str:
    token = organisation.expired_token
    if token is None:
        return ""
    if not is_token(token):
        return f" ({organisation.org_id}): the expired_token has characters that no token has, or none; copy it again"
    left_s = _expires_s(token) - time.time()
    if 0 < left_s < math.inf:
        return f" ({organisation.org_id}): the expired_token is valid for another {left_s:,.0f} s; give one that ended"
    return ""


def require_enough(credentials: Credentials, machines: list[int], source: str) -> None:
    """Check the file against the scenario: `machines` holds the number of each organisation.

    Raises `CredentialsError` with both numbers where there are too few organisations or machines.
    """
    if not credentials.orgs:
        raise CredentialsError(f"{source}: no organisations, but the scenario needs {len(machines)}")
    if len(credentials.orgs) < len(machines):
        raise CredentialsError(
            f"{source}: {len(credentials.orgs)} organisations, but the scenario needs {len(machines)};"
            f" add some, or --set fleet.organisations={len(credentials.orgs)}"
        )
    for number, (organisation, needed) in enumerate(zip(credentials.orgs, machines, strict=False)):
        if len(organisation.machines) < needed:
            raise CredentialsError(
                f"{source}: orgs[{number}] ({organisation.org_id}) has {len(organisation.machines)} machines,"
                f" but the scenario needs {needed}; add some, or --set fleet.machines=..."
            )
    _require_one_owner(credentials, source)


def _require_one_owner(credentials: Credentials, source: str) -> None:
    seen: dict[str, int] = {}
    for number, organisation in enumerate(credentials.orgs):
        for machine in organisation.machines:
            first = seen.get(machine.id)
            if first is None:
                seen[machine.id] = number
                continue
            where = f"twice in orgs[{number}]" if first == number else f"in orgs[{first}] and orgs[{number}]"
            raise CredentialsError(
                f"{source}: machine {machine.id} is {where}; a machine belongs to one organisation and has one entry"
            )


def require_lasting(credentials: Credentials, needed_s: float) -> None:
    """Check that no token ends before the run does: a run logs in once, and its sockets and refetches need the token.

    Raises `CredentialsError`. A token that is no JWT, or has no `exp` (contract 6), is taken as it is.
    """
    now_s = time.time()
    for number, organisation in enumerate(credentials.orgs):
        left_s = _expires_s(organisation.token or "") - now_s
        if left_s < needed_s:
            raise CredentialsError(
                f"the token of orgs[{number}] ({organisation.org_id}) ends in {max(left_s, 0):,.0f} s, but the run"
                f" takes up to {needed_s:,.0f} s: log in again just before, or make duration_s shorter; the embedded"
                f" target gives longer tokens with --set target.token_lifetime_s={2 * needed_s:.0f}"
            )


def _expires_s(token: str) -> float:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})  # the target verifies it; we read a date
    except jwt.InvalidTokenError:
        return math.inf
    expires_s = claims.get("exp")
    return float(expires_s) if isinstance(expires_s, int | float) else math.inf
