"""`ztna-sim scenarios`: which scenarios there are, and what each one answers."""

import json
from dataclasses import asdict, dataclass

import click
from rich.console import Console
from rich.table import Table

from sim.scenario import Scenario, json_schema, shipped
from sim.schedule import sizes_for

_EPILOG = """
\b
Examples:
  ztna-sim scenarios                     what there is, and the question of each
  ztna-sim scenarios --json              the same for a program
  ztna-sim scenarios --schema            the JSON Schema of a scenario file, for an editor
  ztna-sim run quick                     run one of them
  ztna-sim run quick --set seed=2        with a key changed
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A shipped scenario in a row; machines and dashboards are those of all its organisations."""

    name: str
    question: str
    organisations: int
    machines: int
    dashboards: int
    duration_s: float


@click.command(epilog=_EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a scenario file, and nothing else.")
def scenarios(*, as_json: bool, schema: bool) -> None:
    """List the shipped scenarios with the question that each one answers."""
    if schema and as_json:
        raise click.UsageError("--schema and --json exclude each other: the schema is JSON already")
    if schema:
        click.echo(json_schema())
        return
    rows = [_listed(scenario) for scenario in shipped()]
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False))
    else:
        Console().print(_table(rows))


def _listed(scenario: Scenario) -> Listed:
    organisations = scenario.fleet.organisations
    sizes = [sizes_for(scenario, scenario.seed, number) for number in range(organisations)]
    return Listed(
        scenario.name,
        scenario.question,
        organisations,
        sum(size.machines for size in sizes),
        sum(size.dashboards for size in sizes),
        scenario.duration_s,
    )


def _table(rows: list[Listed]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("question", ratio=1)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("duration", justify="right", no_wrap=True)
    for row in rows:
        size = f"{row.organisations:,} organisations\n{row.machines:,} machines\n{row.dashboards:,} dashboards"
        table.add_row(row.name, row.question, size, f"{row.duration_s:g} s")
    return table
