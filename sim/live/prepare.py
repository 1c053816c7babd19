"""From what the user asked for to a plan: the target, and all that can be found wrong before any load."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sim.live.access.credentials import (
    Credentials,
    Machine,
    Organisation,
    load_credentials,
    require_enough,
    require_lasting,
)
from sim.live.access.owners import Owners
from sim.live.control import probe, with_tokens
from sim.live.embedded import EmbeddedTarget, embedded_target
from sim.live.sharing.plan import Plan
from sim.live.wire.safety import resolve
from sim.scenario import Scenario, resolved
from sim.schedule import sizes_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for."""

    scenario: Scenario
    target: str | None = None
    """URL; None for the embedded target."""
    credentials_file: Path | None = None
    """Whom to act as at the target; None for the embedded one, which makes its own."""
    allowed_hosts: tuple[str, ...] = ()
    keep_history: bool = False
    faults: tuple[str, ...] = ()
    """Of the embedded target."""
    out: Path = Path("results")
    """The run folder is made in it."""


@contextmanager
def prepared(request: Request, scratch: Path) -> Iterator[tuple[Plan, EmbeddedTarget | None]]:
    """The plan of a run, and the embedded target if it is that, which ends with the block.

    `scratch` is a folder of this run alone, for files that hold secrets. Raises `UsageError` for a host that is not
    allowed, `CredentialsError` for credentials that do not suffice, `TargetError` for a target that does not answer as
    the contract says.
    """
    if request.target is not None and request.credentials_file is not None:
        credentials = load_credentials(request.credentials_file)
        yield _checked(request, credentials, f"credentials {request.credentials_file}", request.target), None
        return
    scenario_file, written = scratch / "scenario.toml", scratch / "credentials.json"
    scenario_file.write_text(resolved(request.scenario), encoding="utf-8")
    with embedded_target(scenario_file, written, request.scenario.seed, request.faults) as embedded:
        source = "the embedded target's credentials"
        yield _checked(request, load_credentials(written), source, embedded.url), embedded


def _checked(request: Request, credentials: Credentials, source: str, url: str) -> Plan:
    """The plan, against a target that was seen to be there and to take the credentials."""
    scenario = request.scenario
    address = resolve(url, request.allowed_hosts)
    require_enough(credentials, _machines(scenario), source)
    url = url.rstrip("/")
    needed = scenario.fleet.organisations
    ready = with_tokens(url, Credentials(orgs=credentials.orgs[:needed]))
    probe(url, ready.orgs[0])
    require_lasting(ready, scenario.warmup.timeout_s + scenario.duration_s + scenario.drain.timeout_s)
    others = [_known(organisation) for organisation in credentials.orgs[needed:]]
    everybody = Credentials(orgs=[*ready.orgs, *others], url=credentials.url)
    return Plan(
        scenario=scenario,
        url=url,
        address=address,
        credentials=everybody,
        owners=Owners(everybody.orgs),
        allowed_hosts=request.allowed_hosts,
        keep_history=request.keep_history,
        out=str(request.out.resolve()),
    )


def _known(organisation: Organisation) -> Organisation:
    """An organisation that nobody acts as: that an event is of one of its machines is all that is asked."""
    return Organisation(organisation.org_id, [Machine(machine.id, "") for machine in organisation.machines])


def _machines(scenario: Scenario) -> list[int]:
    return [sizes_for(scenario, scenario.seed, number).machines for number in range(scenario.fleet.organisations)]
