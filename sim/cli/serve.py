"""`ztna-sim serve`: the reference backend."""

import ipaddress
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.errors import UsageError

if TYPE_CHECKING:  # the target takes 0.4 s to import, which no other verb should wait for
    from sim.target import Running, Seeding, ServePlan, TargetOptions

DEFAULT_PORT = 8787
DEFAULT_ORGANISATIONS = 20
DEFAULT_MACHINES = 25
DEFAULT_SEED = 1

EXAMPLES = """
Examples:

\b
  # 20 organisations of 25 machines; log-ins and node keys go to a file
  ztna-sim serve --credentials credentials.json

\b
  # what the scenario needs, on a free port, then drive it from another shell
  ztna-sim serve --scenario quick --port 0 --credentials credentials.json
  ztna-sim run quick --target http://127.0.0.1:PORT --credentials credentials.json

\b
  # every 50th event also reaches another organisation; counters at /__faults
  ztna-sim serve --fault leak_event:50

\b
  # sockets are closed after 10 s without a ping, rows are kept in a file
  ztna-sim serve --option evict_after_s=10 --option evict_sweep_s=5 --store sqlite:fleet.db
"""


@click.command(epilog=EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option("--organisations", type=click.IntRange(min=1), help=f"How many.  [default: {DEFAULT_ORGANISATIONS}]")
@click.option("--machines", type=click.IntRange(min=1), help=f"In each of them.  [default: {DEFAULT_MACHINES}]")
@click.option("--scenario", metavar="SCENARIO", help="Take sizes and options from a scenario: path or name.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a key of the scenario.")
@click.option("--seed", type=click.IntRange(min=0), help="Ids, names and keys follow from it.")
@click.option("--credentials", type=click.Path(path_type=Path), metavar="FILE", help="Write log-ins and node keys.")
@click.option("--store", default="sqlite", show_default=True, metavar="sqlite[:PATH]", help="In memory, or a file.")
@click.option("--option", "settings", multiple=True, metavar="NAME=VALUE", help="Change an option of the target.")
@click.option("--fault", "faults", multiple=True, metavar="NAME[:PARAM[:PARAM]]", help="Switch a fault on.")
@click.option("--faults", "list_faults", is_flag=True, help="List the faults and exit.")
@click.option("--exit-with-parent", is_flag=True, help="End when standard input does.")
def serve(
    host: str,
    port: int,
    organisations: int | None,
    machines: int | None,
    scenario: str | None,
    overrides: tuple[str, ...],
    seed: int | None,
    credentials: Path | None,
    store: str,
    settings: tuple[str, ...],
    faults: tuple[str, ...],
    list_faults: bool,
    exit_with_parent: bool,
) -> None:
    """Serve the reference backend until it is stopped.

    Prints one JSON line with its url on stdout as soon as it is ready.
    """
    from sim.target import KINDS, ServePlan, describe, parse_faults
    from sim.target import serve as serve_target

    if list_faults:
        click.echo("\n".join(describe(kind) for kind in KINDS.values()))
        return
    _require_loopback(host)
    seeding, options = _fleet(organisations, machines, scenario, overrides, seed, settings)
    requests, path = parse_faults(faults), _store_path(store)
    plan = ServePlan(seeding, options, requests, host, port, path, credentials)
    serve_target(plan, lambda running: _announce(running, plan), exit_with_parent)


def _fleet(
    organisations: int | None,
    machines: int | None,
    scenario: str | None,
    overrides: Sequence[str],
    seed: int | None,
    settings: Sequence[str],
) -> "tuple[Seeding, TargetOptions]":
    from sim.target import Seeding, target_options

    if scenario is not None:
        if organisations is not None or machines is not None:
            raise UsageError("--scenario sets the sizes: leave out --organisations and --machines, or use --set")
        return _scenario_fleet(scenario, overrides, seed, settings)
    if overrides:
        raise UsageError("--set changes a key of a scenario: give --scenario, too")
    sizes = (machines or DEFAULT_MACHINES,) * (organisations or DEFAULT_ORGANISATIONS)
    return Seeding(sizes, DEFAULT_SEED if seed is None else seed), target_options({}, settings)


def _scenario_fleet(
    name: str, overrides: Sequence[str], seed: int | None, settings: Sequence[str]
) -> "tuple[Seeding, TargetOptions]":
    from sim.scenario import load
    from sim.schedule import sizes_for
    from sim.target import Seeding, target_options

    scenario = load(name, overrides)
    chosen = scenario.seed if seed is None else seed
    sizes = (sizes_for(scenario, chosen, number).machines for number in range(scenario.fleet.organisations))
    return Seeding(tuple(sizes), chosen), target_options(scenario.target.model_dump(), settings)


def _require_loopback(host: str) -> None:
    try:
        allowed = ipaddress.ip_address(host).is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise UsageError(f"--host {host}: not allowed; it must be a loopback address such as 127.0.0.1 or ::1")


def _store_path(store: str) -> str:
    kind, separator, path = store.partition(":")
    if kind != "sqlite" or (separator and not path):
        raise UsageError(f"--store {store}: not allowed; it must be sqlite or sqlite:PATH")
    return path or ":memory:"


def _announce(running: "Running", plan: "ServePlan") -> None:
    sizes = plan.seeding.machines
    ready = {"url": running.url, "pid": os.getpid(), "organisations": len(sizes), "machines": sum(sizes)}
    click.echo(json.dumps(ready))
    file = plan.credentials or "FILE"
    hint = "" if plan.credentials else " (start with --credentials FILE to have one)"
    click.echo(
        f"serving at {running.url}; drive it with: ztna-sim run SCENARIO --target {running.url}"
        f" --credentials {file}{hint}",
        err=True,
    )
