"""What a locustfile imports: with it, `locust` drives scenarios as `ztna-sim run` does.

    from sim.live.locustfile import OrganisationUser

    class Organisation(OrganisationUser):
        pass

Importing it adds our arguments and listeners to Locust's own (`locust.events`), so it is imported once, by the
locustfile, in the master and in each worker.
"""

import logging
import sys
from contextlib import suppress
from typing import Final, NoReturn

from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner
from locust.web import WebUI
from rich.console import Console

from sim.errors import EXIT_HELD, EXIT_USAGE, UsageError
from sim.live.arguments import add_arguments, options_of, request_of
from sim.live.engine import open_share
from sim.live.figures.entries import use_fine_buckets
from sim.live.prepare import Request
from sim.live.session import Session
from sim.live.shape import use_shape
from sim.live.sharing.post import Post
from sim.live.sharing.share import share_of
from sim.live.signals import ENDED, heed_signals
from sim.live.users import OrganisationUser
from sim.live.web import open_tab
from sim.live.wire.open_files import raise_open_files
from sim.report.terminal import render_terminal
from sim.scenario import Actors

__all__ = ["OrganisationUser"]

_DESERTED: Final = "no worker is left"


def _init(environment: Environment, web_ui: WebUI | None = None, **_: object) -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs each request
    raise_open_files()
    use_fine_buckets()
    post = Post(environment)
    if isinstance(environment.runner, WorkerRunner):
        environment.process_exit_code = EXIT_HELD  # the verdict is the master's
        heed_signals(environment, None)
        _open_share(environment, post)
        return
    session = _open_session(environment, post)
    if web_ui is not None:
        open_tab(web_ui, session)
    if not isinstance(environment.runner, MasterRunner):
        open_share(environment, post)


def _open_share(environment: Environment, post: Post) -> None:
    open_share(environment, post)

    def leave(**_: object) -> None:
        with suppress(KeyError):  # no test has begun
            share_of(environment).depart("the worker was ended")

    # Before Locust's own listener, which tells the master that this worker is gone: the last one added comes first.
    environment.events.quitting.add_listener(leave)


def _open_session(environment: Environment, post: Post) -> Session:
    options = environment.parsed_options
    assert options is not None  # Locust's own command has parsed them
    if options.class_picker:
        _refuse("--class-picker has nothing to pick: each locustfile is one behaviour")
    # Ours to follow: Locust would end the run before it has drained, and start one user where none are asked for.
    users, run_time_s, options.run_time = options.num_users, options.run_time, None

    def request() -> tuple[Request, bool]:
        if isinstance(environment.runner, MasterRunner) and not environment.runner.worker_count:
            raise UsageError("no worker is there: start some, such as `locust -f - --worker --master-host HOST`")
        given = options_of(environment)
        time_s = options.run_time or run_time_s  # the form of the web UI sets it anew
        return request_of(given, _actors(environment), environment.host or "", users, time_s), given.rebalance

    session = Session(environment, post, request)
    use_shape(environment, session.users)
    heed_signals(environment, session)
    environment.events.test_stopping.add_listener(lambda **_: session.finish(_who_ends(environment)))
    environment.events.quitting.add_listener(lambda **_: session.finish(ENDED))
    environment.events.quit.add_listener(lambda **_: _show(session))
    return session


def _refuse(why: str) -> NoReturn:
    sys.stderr.write(f"ztna-sim: {why}\n")
    sys.exit(EXIT_USAGE)


def _who_ends(environment: Environment) -> str:
    """Why Locust stops a test: its user wants it, or the last worker is gone."""
    runner = environment.runner
    return _DESERTED if isinstance(runner, MasterRunner) and not runner.worker_count else ENDED


def _actors(environment: Environment) -> Actors:
    """Whom the locustfile wants to act."""
    classes = [user for user in environment.user_classes if issubclass(user, OrganisationUser)]
    with_agents, with_dashboards = any(user.agents for user in classes), any(user.dashboards for user in classes)
    if with_agents and with_dashboards:
        return "all"
    return "agents" if with_agents else "dashboards"


def _show(session: Session) -> None:
    """After Locust's own tables: the verdict is the last thing to be read."""
    if session.summary is not None:
        report = session.folder / "report.html" if session.folder else None
        Console(stderr=True, highlight=False).print(render_terminal(session.summary, report))
    if session.problem:
        sys.stderr.write(f"ztna-sim: {session.problem}\n")


events.init_command_line_parser.add_listener(add_arguments)
events.init.add_listener(_init)
