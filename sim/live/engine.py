"""Locust as a library: an environment with a local runner, or a master with worker processes of its own."""

import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import gevent
from locust.env import Environment
from locust.runners import MasterRunner

from sim.errors import EngineError
from sim.live.coordinator import Coordinator
from sim.live.plan import Plan
from sim.live.share import Share
from sim.live.users import OrganisationUser, set_share
from sim.live.worker import Worker

_CONNECT_TIMEOUT_S: Final = 30.0
_LOOPBACK: Final = "127.0.0.1"


@contextmanager
def coordinator_of(
    plan: Plan, scenario_file: Path, credentials_file: Path, allowed_hosts: Sequence[str]
) -> Iterator[Coordinator]:
    """The coordinator of a run, in this process alone or with `plan.workers` processes of its own.

    Raises `EngineError` if the workers do not come.
    """
    logging.getLogger("locust").setLevel(logging.ERROR)  # the display says what Locust would
    environment = Environment(user_classes=[OrganisationUser], host=plan.url)
    if plan.workers == 1:
        environment.create_local_runner()
        set_share(environment, Share(environment, Worker(plan)))
        yield Coordinator(environment, plan)
        return
    runner = environment.create_master_runner(_LOOPBACK, 0)
    command = _command(plan, _port(runner), scenario_file, credentials_file, allowed_hosts)
    # Sessions of their own: Ctrl-C is for the coordinator, which tells them.
    workers = [subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) for _ in range(plan.workers)]
    try:
        _await_workers(runner, workers)
        yield Coordinator(environment, plan)
        for worker in workers:
            with suppress(subprocess.TimeoutExpired):  # it is ended below
                worker.wait(timeout=_CONNECT_TIMEOUT_S)
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.terminate()
            worker.wait()


def serve_share(plan: Plan, master_port: int) -> None:
    """A worker process: join the master and drive what it assigns, until it says leave."""
    environment = Environment(user_classes=[OrganisationUser], host=plan.url)
    runner = environment.create_worker_runner(_LOOPBACK, master_port)
    set_share(environment, Share(environment, Worker(plan)))
    runner.greenlet.join()


def _command(
    plan: Plan, master_port: int, scenario_file: Path, credentials_file: Path, allowed_hosts: Sequence[str]
) -> list[str]:
    return [
        sys.executable,
        "-m",
        "sim.live.process",
        str(scenario_file),
        str(credentials_file),
        plan.url,
        str(plan.seed),
        str(plan.workers),
        str(master_port),
        str(int(plan.keep_history)),
        *allowed_hosts,
    ]


def _port(runner: MasterRunner) -> int:
    return int(runner.server.port)


def _await_workers(runner: MasterRunner, workers: list["subprocess.Popen[bytes]"]) -> None:
    with gevent.Timeout(_CONNECT_TIMEOUT_S, EngineError(f"not all workers came within {_CONNECT_TIMEOUT_S:.0f} s")):
        while len(runner.clients.ready) < len(workers):
            ended = [worker for worker in workers if worker.poll() is not None]
            if ended:
                raise EngineError(f"a worker process ended at once with exit code {ended[0].returncode}")
            gevent.sleep(0.05)
