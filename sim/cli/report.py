"""`ztna-sim report`: the report again, from a run folder alone."""

from pathlib import Path

import click

EXAMPLES = """
\b
Examples:
  ztna-sim report latest
  ztna-sim report results/quick-20260101T120000Z-1
"""


@click.command(epilog=EXAMPLES)
@click.argument("run")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), help="Where runs are looked for.")
def report(run: str, out: Path) -> None:
    """Write the report of RUN again: a folder, its name, or `latest`.

    Prints the summary and writes plots/, report.html, summary.md and junit.xml into the folder.
    """
    from rich.console import Console

    from sim.report.folder import write_report
    from sim.report.terminal import render_terminal
    from sim.results.folder import find_run, read_run

    read = read_run(find_run(run, out))
    write_report(read.folder, read.summary, read.figures)
    Console().print(render_terminal(read.summary, read.folder / "report.html"))
