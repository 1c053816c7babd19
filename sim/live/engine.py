"""Locust as a library: an environment with a local runner, or a master with worker processes of its own."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import gevent
from locust.env import Environment
from locust.runners import MasterRunner

from sim.errors import EXIT_INVALID, EngineError
from sim.live.shape import use_shape
from sim.live.sharing.coordinator import Coordinator
from sim.live.sharing.orphan import write_orphan
from sim.live.sharing.plan import Plan
from sim.live.sharing.post import Post
from sim.live.sharing.share import Share
from sim.live.users import FleetOrganisation
from sim.live.wire.open_files import raise_open_files

_CONNECT_TIMEOUT_S: Final = 30.0
_END_TIMEOUT_S: Final = 5.0
_LOOPBACK: Final = "127.0.0.1"


@contextmanager
def coordinator_of(plan: Plan, processes: int, takes_over: bool) -> Iterator[Coordinator]:
    """The coordinator of a run, in this process alone or with `processes` workers of its own.

    Raises `EngineError` if the workers do not come.
    """
    logging.getLogger("locust").setLevel(logging.ERROR)  # the display says what Locust would
    environment = _environment(plan.url)
    if processes == 1:
        environment.create_local_runner()
        with _started(environment, plan, takes_over) as coordinator:
            yield coordinator
        return
    runner = environment.create_master_runner(_LOOPBACK, 0)
    command = [sys.executable, "-m", "sim.live.process", str(runner.server.port)]
    # Sessions of their own: Ctrl-C is for the coordinator, which tells them.
    workers = [subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) for _ in range(processes)]
    try:
        _await_workers(runner, workers)
        with _started(environment, plan, takes_over) as coordinator:
            yield coordinator
        _await_end(workers)
    finally:
        for end in (subprocess.Popen.terminate, subprocess.Popen.kill):  # one that was stopped hears only the second
            for worker in workers:
                end(worker)
            _await_end(workers)


def serve_share(master_port: int) -> None:
    """A worker process: join the master and drive what it assigns, until it says leave."""
    raise_open_files()
    environment = _environment(None)
    runner = environment.create_worker_runner(_LOOPBACK, master_port)
    open_share(environment, Post(environment))
    runner.greenlet.join()


def open_share(environment: Environment, post: Post) -> None:
    """From the next start of a test on, this process takes part in it."""

    def quit_as_orphan(share: Share) -> None:
        share.over.wait()
        if share.is_orphan and environment.runner is not None:
            environment.process_exit_code = EXIT_INVALID
            environment.runner.quit()

    def start(**_: object) -> None:
        gevent.spawn(quit_as_orphan, Share(environment, post, write_orphan))

    environment.events.test_start.add_listener(start)


@contextmanager
def _started(environment: Environment, plan: Plan, takes_over: bool) -> Iterator[Coordinator]:
    post = Post(environment)
    coordinator = Coordinator(environment, post, plan, takes_over)
    use_shape(environment, coordinator.users)
    if not isinstance(environment.runner, MasterRunner):
        raise_open_files()
        open_share(environment, post)
    runner = environment.runner
    assert runner is not None
    runner.start_shape()
    try:
        yield coordinator
    finally:
        runner.quit()


def _environment(url: str | None) -> Environment:
    return Environment(user_classes=[FleetOrganisation], host=url)


def _await_end(workers: list["subprocess.Popen[bytes]"]) -> None:
    """Of all of them, or until they have had the time to."""
    with suppress(gevent.Timeout), gevent.Timeout(_END_TIMEOUT_S):
        for worker in workers:
            worker.wait()


def _await_workers(runner: MasterRunner, workers: list["subprocess.Popen[bytes]"]) -> None:
    with gevent.Timeout(_CONNECT_TIMEOUT_S, EngineError(f"not all workers came within {_CONNECT_TIMEOUT_S:.0f} s")):
        while len(runner.clients.ready) < len(workers):
            ended = [worker for worker in workers if worker.poll() is not None]
            if ended:
                raise EngineError(f"a worker process ended at once with exit code {ended[0].returncode}")
            gevent.sleep(0.05)
