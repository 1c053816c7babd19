"""Ctrl-C and SIGTERM under Locust's own command: a run ends early, and its folder is written."""

import signal
import sys
from types import FrameType

import gevent
from locust.env import Environment
from locust.runners import STATE_INIT, MasterRunner

from sim.errors import EXIT_INVALID
from sim.live.session import Session

ENDED = "ended by the user"


def heed_signals(environment: Environment, session: Session | None) -> None:
    """From now on. A worker has no session: it hands over what it has, and leaves.

    Locust waits for Ctrl-C in the main greenlet. Where Python raises it, in whichever greenlet runs, it would leave a
    traceback, and so it would where Locust waits for nothing yet, or for the last time: there the process is left.
    """

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, interrupted_again)
        _raise_in_main(SystemExit(EXIT_INVALID) if _awaits_workers(environment) else KeyboardInterrupt())

    def interrupted_again(_number: int, _frame: FrameType | None) -> None:
        _raise_in_main(SystemExit(EXIT_INVALID))

    def terminated() -> None:
        if session is not None and session.summary is None and not session.halt(ENDED):
            sys.exit(EXIT_INVALID)

    signal.signal(signal.SIGINT, interrupted)
    if session is not None and environment.web_ui is None:
        # Headless, Locust listens to SIGTERM only when the run is over: until then it would be killed by it.
        gevent.signal_handler(signal.SIGTERM, terminated)


def _awaits_workers(environment: Environment) -> bool:
    """Whether a headless master has not begun."""
    runner = environment.runner
    is_idle = isinstance(runner, MasterRunner) and runner.state == STATE_INIT and runner.shape_greenlet is None
    return is_idle and environment.web_ui is None


def _raise_in_main(error: BaseException) -> None:
    hub = gevent.get_hub()
    main = hub.parent
    assert main is not None  # only the hub of another thread has none, and signals come in the main thread
    if gevent.getcurrent() is main:
        raise error
    hub.loop.run_callback(main.throw, error)
