"""The credentials file: whose organisations we may act as, with log-ins, tokens and node keys."""

from pathlib import Path

import msgspec

from sim.errors import CredentialsError


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
        raise CredentialsError(f"credentials {path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CredentialsError(
            f'credentials {path}: {error}; expected {{"url", "orgs": [{{"org_id", "token" or "email" and'
            ' "password", "machines": [{"id", "node_key"}]}]}'
        ) from None
    for number, organisation in enumerate(credentials.orgs):
        if organisation.token is None and (organisation.email is None or organisation.password is None):
            raise CredentialsError(
                f"credentials {path}: orgs[{number}] ({organisation.org_id}) has neither token nor e-mail and password"
            )
    return credentials


def require_enough(credentials: Credentials, machines: list[int], source: str) -> None:
    """Check the file against the scenario: `machines` holds the number of each organisation.

    Raises `CredentialsError` with both numbers where there are too few organisations or machines.
    """
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
    seen: dict[str, int] = {}
    for number, organisation in enumerate(credentials.orgs):
        for machine in organisation.machines:
            if seen.setdefault(machine.id, number) != number:
                raise CredentialsError(
                    f"{source}: machine {machine.id} is in orgs[{seen[machine.id]}] and orgs[{number}];"
                    " a machine belongs to one organisation"
                )
