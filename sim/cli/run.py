"""`ztna-sim run`: the main job."""

import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.errors import RunFolderError, UsageError
from sim.scenario import Scenario, load

if TYPE_CHECKING:
    from sim.cli.display import Display
    from sim.live.coordinator import Coordinator
    from sim.live.run import LiveResult, Request
    from sim.results.summary import Summary

EXAMPLES = """
\b
Examples:
  # 20 organisations for 10 s against the embedded target
  ztna-sim run quick
\b
  # more and longer; any key of the scenario can be set
  ztna-sim run quick --set fleet.organisations=100 --set duration_s=60
\b
  # against a deployment of your own
  ztna-sim run steady --target http://127.0.0.1:8787 --credentials credentials.json
\b
  # in CI: the summary on stdout, the exit code is the verdict
  ztna-sim run quick --json > summary.json
\b
  # see a check catch its fault
  ztna-sim run quick --fault drop_event:100
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
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="The run folder is made in it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary on stdout, all else on stderr.")
@click.option("--history", is_flag=True, help="Keep every observation (history.npz).")
@click.option("--fault", "faults", multiple=True, metavar="NAME[:PARAM]", help="A fault of the embedded target.")
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
    out: Path,
    as_json: bool,
    history: bool,
    faults: tuple[str, ...],
) -> None:
    """Drive SCENARIO (a name or a path) against a target, and report.

    Ctrl-C ends a run early; what was measured is kept and marked partial.
    """
    loaded = load(scenario, overrides)
    if seed is not None:
        loaded = loaded.model_copy(update={"seed": seed})
    _require_consistent(target, credentials, faults, processes, loaded)
    from sim.live.run import Request  # imports locust: from here on sockets are gevent's

    request = Request(
        scenario=loaded,
        seed=loaded.seed,
        target=target,
        credentials_file=credentials,
        allowed_hosts=allowed,
        workers=processes,
        keep_history=history,
        faults=faults,
    )
    context.exit(_run(request, out, as_json))


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


def _run(request: "Request", out: Path, as_json: bool) -> int:
    from sim.cli.display import Display
    from sim.cli.verdicts import exit_code
    from sim.live.run import run_live
    from sim.results.folder import create_folder

    started = datetime.now(UTC)
    is_new = not out.exists()
    folder = create_folder(out, request.scenario.name, started, request.seed)  # before the load: it may not be writable
    display = Display(to_stderr=as_json)
    with (
        tempfile.TemporaryDirectory(prefix="ztna-sim-") as scratch,
        display,
        _removed_if_empty([folder, out] if is_new else [folder]),
    ):
        result = run_live(request, Path(scratch), lambda coordinator: _watch(coordinator, display))
        display.say("writing the report")
        summary = _summary(started, request, result)
        try:
            _write(folder, summary, request, result)
        except RunFolderError:
            display.conclude(summary, None, as_json)  # a full disk does not take the figures with it
            raise
    display.conclude(summary, folder / "report.html", as_json)
    return exit_code(summary.verdict)


@contextmanager
def _removed_if_empty(made: Sequence[Path]) -> Iterator[None]:
    """A run that ended before it had anything to write leaves no folder."""
    try:
        yield
    finally:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def _watch(coordinator: "Coordinator", display: "Display") -> None:
    display.follow(coordinator)
    _on_interrupt(lambda: coordinator.halt("ended by the user"))


def _on_interrupt(halt: Callable[[], None]) -> None:
    """Ctrl-C once ends the run with a folder; twice, at once and without."""
    import gevent

    def interrupted() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        halt()

    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, interrupted)


def _summary(started: datetime, request: "Request", result: "LiveResult") -> "Summary":
    from sim.results.conclude import RunFacts, summarise

    facts = RunFacts(
        scenario=request.scenario.name,
        question=request.scenario.question,
        seed=request.seed,
        started_utc=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        executor="live",
        target=result.target,
        reason=result.outcome.reason,
        target_cpu_share=result.target_cpu_share,
    )
    return summarise(result.outcome.partials, facts, request.scenario.objectives)


def _write(folder: Path, summary: "Summary", request: "Request", result: "LiveResult") -> None:
    from sim.cli.environment import describe_environment
    from sim.report.folder import write_report
    from sim.results.draw import figures_of
    from sim.results.folder import write_run

    partials = result.outcome.partials
    environment = describe_environment(request, result)
    write_run(folder, summary, request.scenario, partials, environment, result.outcome.history)
    write_report(folder, summary, figures_of(partials))
