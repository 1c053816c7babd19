"""Plans of small runs, for a target that is there or for none."""

from collections.abc import Sequence

import msgspec

from sim.live.access.credentials import Credentials, Organisation
from sim.live.access.owners import Owners
from sim.live.sharing.plan import Plan
from sim.live.wire.safety import resolve
from sim.scenario import Scenario
from tests.target.servers import Server

NOWHERE = "http://127.0.0.1:1"


def scenario(organisations: int, duration_s: float, **tables: object) -> Scenario:
    """Two dashboards and three machines for each organisation; a busy test machine does not make a run invalid."""
    lenient = {"max_lateness_ms": 60_000, "max_hub_lag_ms": 60_000, "max_cpu_share": 1.0}
    fleet = {"organisations": organisations, "machines": 3, "dashboards": 2}
    return Scenario.model_validate(
        {
            "schema": 1, "name": "small", "duration_s": duration_s, "fleet": fleet, "churn": {"events_per_s": 4.0},
            "dashboard": {"debounce_ms": 100}, "generator": lenient, "probes": {"per_s": 0},
        }
        | tables
    )  # fmt: skip


def organisations_of(server: Server) -> list[Organisation]:
    """A server's organisations, as clients know them."""
    return msgspec.convert([msgspec.to_builtins(org) for org in server.orgs], list[Organisation])


def plan_of(
    asked: Scenario,
    url: str = NOWHERE,
    orgs: Sequence[Organisation] = (),
    keep_history: bool = False,
    out: str = "results",
) -> Plan:
    """The plan of a run; without organisations it has some that nobody knows."""
    known = list(orgs) or [
        Organisation(org_id=f"org-{number}", token="tok-secret") for number in range(asked.fleet.organisations)
    ]
    return Plan(
        scenario=asked,
        url=url,
        address=resolve(url),
        credentials=Credentials(orgs=known),
        owners=Owners(known),
        keep_history=keep_history,
        out=out,
    )
