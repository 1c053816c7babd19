"""From a scenario, a target and a credentials file to a plan: all that can be found wrong before any load."""

from pathlib import Path

from sim.live.control import probe, with_tokens
from sim.live.credentials import Credentials, load_credentials, require_enough, require_lasting
from sim.live.owners import Owners
from sim.live.plan import Plan
from sim.live.safety import resolve
from sim.scenario import Scenario, load
from sim.schedule import sizes_for


def plan_of(scenario_file: Path, credentials_file: Path, url: str, seed: int, allowed: tuple[str, ...] = ()) -> Plan:
    """The plan of a run, without talking to the target. Errors as those of `prepare`."""
    scenario = load(str(scenario_file))
    credentials = load_credentials(credentials_file)
    return _plan(scenario, credentials, str(credentials_file), url, seed, allowed)


def prepare(
    scenario: Scenario, credentials: Credentials, source: str, url: str, seed: int, allowed: tuple[str, ...] = ()
) -> Plan:
    """The plan of a run against a target that was seen to be there and to take the credentials.

    Raises `UsageError` for a host that is not allowed, `CredentialsError` for credentials that do not suffice,
    `TargetError` for a target that does not answer as the contract says.
    """
    plan = _plan(scenario, credentials, source, url, seed, allowed)
    plan = _plan(scenario, with_tokens(plan.url, plan.credentials), source, url, seed, allowed)
    probe(plan.url, plan.credentials.orgs[0])
    require_lasting(plan.credentials, scenario.warmup.timeout_s + scenario.duration_s + scenario.drain.timeout_s)
    return plan


def _plan(
    scenario: Scenario, credentials: Credentials, source: str, url: str, seed: int, allowed: tuple[str, ...]
) -> Plan:
    address = resolve(url, allowed)
    machines = [sizes_for(scenario, seed, number).machines for number in range(scenario.fleet.organisations)]
    require_enough(credentials, machines, source)
    needed = Credentials(orgs=credentials.orgs[: len(machines)], url=credentials.url)
    return Plan(
        scenario=scenario,
        seed=seed,
        url=url.rstrip("/"),
        address=address,
        credentials=needed,
        owners=Owners(credentials.orgs),
    )
