"""What a locustfile imports: with it, `locust` drives scenarios as `ztna-sim run` does.

    from sim.live.locustfile import OrganisationUser

    class Organisation(OrganisationUser):
        pass

Importing it adds our arguments and listeners to Locust's own (`locust.events`), so it is imported once, by the
locustfile, in the master and in each worker.
"""

import logging
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Final

import gevent
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner
from locust.web import WebUI
from rich.console import Console

from sim.errors import EXIT_HELD, EXIT_INVALID
from sim.live.arguments import add_arguments, options_of, request_of
from sim.live.engine import open_share
from sim.live.figures.entries import use_fine_buckets
from sim.live.prepare import Request
from sim.live.session import Session
from sim.live.shape import use_shape
from sim.live.sharing.post import Post
from sim.live.sharing.share import share_of
from sim.live.users import OrganisationUser
from sim.live.web import open_tab
from sim.live.wire.open_files import raise_open_files
from sim.report.terminal import render_terminal
from sim.scenario import Actors

__all__ = ["OrganisationUser"]

_ENDED: Final = "ended by the user"


def _init(environment: Environment, web_ui: WebUI | None = None, **_: object) -> None:
    signal.signal(signal.SIGINT, _interrupted)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs each request
    raise_open_files()
    use_fine_buckets()
    post = Post(environment)
    if isinstance(environment.runner, WorkerRunner):
        environment.process_exit_code = EXIT_HELD  # the verdict is the master's
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
        sys.exit("ztna-sim: --class-picker has nothing to pick: each locustfile is one behaviour")
    # Ours to follow: Locust would end the run before it has drained, and start one user where none are asked for.
    users, run_time_s, options.run_time = options.num_users, options.run_time, None

    def request() -> tuple[Request, bool]:
        given = options_of(environment)
        return request_of(given, _actors(environment), environment.host or "", users, run_time_s), given.rebalance

    session = Session(environment, post, request)
    use_shape(environment, session.users)
    if environment.web_ui is None:
        gevent.signal_handler(signal.SIGTERM, _terminated, session)
    environment.events.test_stopping.add_listener(lambda **_: session.finish(_ENDED))
    environment.events.quitting.add_listener(lambda **_: session.finish(_ENDED))
    environment.events.quit.add_listener(lambda **_: _show(session))
    return session


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    """Ctrl-C: for Locust, which waits in the main greenlet. Raised in any other, it would leave a traceback there."""
    hub = gevent.get_hub()
    main = hub.parent
    assert main is not None  # only the hub of another thread has none, and signals come in the main thread
    if gevent.getcurrent() is main:
        raise KeyboardInterrupt
    hub.loop.run_callback(main.throw, KeyboardInterrupt)


def _terminated(session: Session) -> None:
    """Headless, Locust listens to SIGTERM only when the run is over: until then it would be killed by it."""
    if session.summary is None and not session.halt(_ENDED):
        sys.exit(EXIT_INVALID)


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
