"""`ztna-sim run`: the main job."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.errors import RunFolderError, UsageError
from sim.scenario import Scenario, load

if TYPE_CHECKING:
    from sim.cli.display import Display
    from sim.results.executed import Executed

EXAMPLES = """
\b
Examples:
  # 20 organisations for 10 s against the embedded target
  ztna-sim run quick
\b
  # more and longer; any key of the scenario can be set
  ztna-sim run quick --set fleet.organisations=100 --set duration_s=60
\b
  # in Locust's web UI, with its charts and the tab Realtime
  ztna-sim run quick --web
\b
  # against a deployment of your own
  ztna-sim run steady --target http://127.0.0.1:8787 --credentials credentials.json
\b
  # in CI: the summary on stdout, the exit code is the verdict
  ztna-sim run quick --json > summary.json
\b
  # see a check catch its fault
  ztna-sim run quick --fault drop_event:100
\b
  # an hour in seconds, the same to the bit each time: a modelled network and backend
  ztna-sim run steady --executor virtual --set duration_s=3600
"""


@click.command(epilog=EXAMPLES)
@click.argument("scenario")
@click.option("--target", metavar="URL", help="A deployment to drive.  [default: an embedded target]")
@click.option("--credentials", type=click.Path(path_type=Path), metavar="FILE", help="Whom to act as at --target.")
@click.option("--allow-host", "allowed", multiple=True, metavar="NAME", help="A host that is not this machine.")
@click.option("--seed", type=click.IntRange(min=0), help="All chance of the run.  [default: the scenario's]")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a key of the scenario.")
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes on this machine."
)
@click.option("--rebalance", is_flag=True, help="Let the other workers take over the organisations of a lost one.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="The run folder is made in it.",
)
@click.option("--web", is_flag=True, help="Run in Locust's web UI, at http://127.0.0.1:8089, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary on stdout, all else on stderr.")
@click.option("--history", is_flag=True, help="Keep every observation (history.npz).")
@click.option(
    "--executor",
    type=click.Choice(["live", "virtual"]),
    default="live",
    show_default=True,
    help="Real sockets, or a virtual clock with a modelled network and backend.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:PARAM[:PARAM]]",
    help="A fault of the embedded target, or of the model; `serve --faults` lists them.",
)
@click.pass_context
def run(
    context: click.Context,
    scenario: str,
    target: str | None,
    credentials: Path | None,
    allowed: tuple[str, ...],
    seed: int | None,
    overrides: tuple[str, ...],
    processes: int,
    rebalance: bool,
    out: Path,
    web: bool,
    as_json: bool,
    history: bool,
    executor: str,
    faults: tuple[str, ...],
) -> None:
    """Drive SCENARIO (a name or a path) against a target, and report.

    Ctrl-C ends a run early; what was measured is kept and marked partial.
    """
    loaded = load(scenario, overrides)
    if seed is not None:
        loaded = loaded.model_copy(update={"seed": seed})
    if executor == "virtual":
        _require_modelled(target, credentials, allowed, processes, web)
        context.exit(_virtual(loaded, faults, history, out, as_json))
    _require_consistent(target, credentials, faults, processes, loaded)
    if web:
        from sim.cli.web_run import become_locust

        if as_json:
            raise UsageError("--json is for a run without --web: the page has a link to summary.json")
        become_locust(
            scenario, [*overrides, f"seed={loaded.seed}"], target, credentials, allowed, faults, processes, out,
            history, rebalance,
        )  # fmt: skip
    from sim.live.prepare import Request  # imports locust: from here on sockets are gevent's

    request = Request(
        scenario=loaded,
        target=target,
        credentials_file=credentials,
        allowed_hosts=allowed,
        keep_history=history,
        faults=faults,
        out=out,
    )
    from sim.cli.live_display import LiveDisplay
    from sim.cli.live_run import drive

    display = LiveDisplay(to_stderr=as_json)
    context.exit(_run(loaded, lambda: drive(request, processes, rebalance, display), display, out, as_json))


def _virtual(scenario: Scenario, faults: tuple[str, ...], history: bool, out: Path, as_json: bool) -> int:
    from sim.cli.display import Display
    from sim.cli.virtual_run import drive

    display = Display(to_stderr=as_json)
    return _run(scenario, lambda: drive(scenario, faults, history, display), display, out, as_json)


def _require_consistent(
    target: str | None, credentials: Path | None, faults: tuple[str, ...], processes: int, scenario: Scenario
) -> None:
    if target is not None and credentials is None:
        raise UsageError("--target needs --credentials FILE: whom to act as there")
    if target is None and credentials is not None:
        raise UsageError("--credentials needs --target URL; the embedded target makes its own")
    if target is not None and faults:
        raise UsageError("--fault is for the embedded target; start `ztna-sim serve --fault ...` and drive that")
    if processes > scenario.fleet.organisations:
        raise UsageError(
            f"--processes {processes}: more than the {scenario.fleet.organisations} organisations;"
            " an organisation is driven by one worker"
        )


def _require_modelled(
    target: str | None, credentials: Path | None, allowed: tuple[str, ...], processes: int, web: bool
) -> None:
    given = {
        "--target": target, "--credentials": credentials, "--allow-host": allowed, "--processes": processes > 1,
        "--web": web,
    }  # fmt: skip
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} is for --executor live: the virtual one drives a model, in this process")


def _run(scenario: Scenario, drive: "Callable[[], Executed]", display: "Display", out: Path, as_json: bool) -> int:
    from sim.report.folder import write_executed
    from sim.results.folder import created_folder

    with created_folder(out, scenario, datetime.now(UTC)) as folder, display:
        executed = drive()
        display.say("writing the report")
        summary = executed.summary()
        try:
            write_executed(folder, executed, summary)
        except RunFolderError:
            display.conclude(summary, None, as_json)  # a full disk does not take the figures with it
            raise
    display.conclude(summary, folder / "report.html", as_json)
    return summary.verdict.exit_code
