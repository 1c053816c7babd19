"""`python -m sim.virtual.page TRACE.json`: what the page of a trace would have been seen to do."""

import sys
from pathlib import Path

import click
import msgspec

from sim.errors import SimError
from sim.virtual.page import read_trace, simulate

EPILOG = """
\b
Example:
  python -m sim.virtual.page tests/data/react_query/dash-single-signal.json
prints one JSON object:
  {"refetch_requests": [{"n": 0, ..., "arrived_ms": -3.3, "status": 200, "finished_ms": 17.9}, ...],
   "sockets": [...], "events": [...]}
"""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("trace", metavar="TRACE.json", type=click.Path(path_type=Path))
def main(trace: Path) -> None:
    """Simulate the page of TRACE.json by its script, and print what a recording would have as `observed`.

    Read are `page`, `variant`, `script` and `t0_monotonic_ms`; of what was recorded, if anything was, only when
    events were sent and actions begun. Times are milliseconds since the first upgrade.
    """
    try:
        observed = simulate(read_trace(trace))
    except SimError as error:
        click.echo(f"python -m sim.virtual.page: {error}", err=True)
        sys.exit(error.exit_code)
    click.echo(msgspec.json.encode(observed))


if __name__ == "__main__":
    main(prog_name="python -m sim.virtual.page")
