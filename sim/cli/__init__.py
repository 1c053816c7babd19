"""The command line: one file per verb, each imported only when it is called."""

import sys
from importlib import import_module
from typing import Final

import click

from sim.errors import EXIT_INVALID, EXIT_USAGE, SimError

VERBS: Final = {
    "run": "Drive a scenario against a target and report (the main job).",
    "serve": "Serve the reference backend.",
    "report": "Write a run's report again.",
    "check": "Judge a run again, under other objectives.",
    "scenarios": "List the shipped scenarios.",
}
"""In the order of --help: the module and the command have the verb's name."""

EPILOG: Final = """
Exit codes: 0 held, 1 an objective or a check failed, 2 wrong usage or configuration, 3 the run is invalid or could not
be judged.

\b
Start here:
  ztna-sim run quick          # 20 organisations, 10 s, no set-up
  ztna-sim scenarios          # the questions it can answer
"""


class _Verbs(click.Group):
    """Imports a verb's module when it is asked for: locust alone costs half a second and patches `socket`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in VERBS:
            return None
        command = getattr(import_module(f"sim.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ztna-sim")
def cli() -> None:
    """Does a multi-tenant real-time dashboard stay fresh, cheap and private as its fleet grows?"""


def main() -> None:
    """Run the command line. A user's mistake is one line on stderr and an exit code, never a traceback."""
    try:
        code = cli.main(prog_name="ztna-sim", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("ended by the user", err=True)
        code = EXIT_INVALID
    except click.ClickException as error:
        error.show()
        code = EXIT_USAGE
    except SimError as error:
        click.echo(f"ztna-sim: {error}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)
