"""`ztna-sim check`: the findings of a run again, from its folder alone."""

import json
from pathlib import Path

import click

from sim.errors import UsageError
from sim.scenario import Objective

EXAMPLES = """
\b
Examples:
  ztna-sim check latest
  ztna-sim check latest --objective "event_to_refetch.p99_ms < 2000" --objective "collapse.ratio >= 1.5"
"""


@click.command(epilog=EXAMPLES)
@click.argument("run")
@click.option(
    "--objective", "lines", multiple=True, metavar="LINE", help="Judge by these instead of the scenario's objectives."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), help="Where runs are looked for.")
@click.pass_context
def check(context: click.Context, run: str, lines: tuple[str, ...], as_json: bool, out: Path) -> None:
    """Judge RUN again: a folder, its name, or `latest`. A kept history is observed anew.

    The exit code is that of the verdict; nothing is written.
    """
    from rich.console import Console

    from sim.report.terminal import render_terminal
    from sim.results.folder import find_run, read_run
    from sim.results.judge import judged_again
    from sim.results.summary import encode

    read = read_run(find_run(run, out))
    summary = judged_again(read, [_objective(line) for line in lines] or read.scenario.objectives)
    if as_json:
        click.echo(encode(summary).decode(), nl=False)
    else:
        Console().print(render_terminal(summary, None))
    context.exit(summary.verdict.exit_code)


def _objective(line: str) -> Objective:
    try:
        return Objective.parse(line)
    except ValueError as error:
        raise UsageError(f"--objective {json.dumps(line)}: {error}") from None
