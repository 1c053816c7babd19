"""Serving: from a plan to a listening process that ends in good order."""

import asyncio
import errno
import gc
import os
import resource
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from sim.errors import TargetError
from sim.target.app import Backend, build
from sim.target.auth import Sessions
from sim.target.faults import FaultRequest
from sim.target.options import TargetOptions
from sim.target.seeding import Credentials, OrganisationCredentials, Seeding, write_credentials
from sim.target.sqlite import MEMORY, open_sqlite

BACKLOG: Final = 4096
"""Connections that may wait to be accepted: a reconnect storm brings all at one instant (contract 1)."""
LONGEST_SHUTDOWN_S: Final = 2.0
_STDIN: Final = 0


@dataclass(frozen=True, slots=True)
class ServePlan:
    """What is served, where, and what it starts with. `port` 0 takes a free one; `store_path` is SQLite's."""

    seeding: Seeding
    options: TargetOptions = field(default_factory=TargetOptions)
    faults: tuple[FaultRequest, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    store_path: str = MEMORY
    credentials: Path | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    url: str
    backend: Backend


@asynccontextmanager
async def running(plan: ServePlan) -> AsyncIterator[Running]:
    """Serve while the context lasts; at its end sockets are closed with 1001.

    Raises UsageError if the store cannot be opened, TargetError if the port cannot be had, and
    CredentialsError if the document cannot be written.
    """
    async with AsyncExitStack() as ending:
        store = open_sqlite(plan.store_path)
        ending.push_async_callback(store.lifecycle.close)
        await store.lifecycle.add(plan.seeding.organisations())
        backend = await build(store, plan.options, plan.faults)
        ending.push_async_callback(backend.end)
        server = web.Server(backend.handle, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=LONGEST_SHUTDOWN_S)
        ending.push_async_callback(runner.cleanup)
        await runner.setup()
        url = await _listen(runner, plan.host, plan.port)
        if plan.credentials is not None:
            orgs = await seeded_credentials(plan.seeding, backend.sessions)
            write_credentials(plan.credentials, Credentials(url, orgs))
        ending.push_async_callback(backend.close_sockets)
        for job in backend.start_jobs():
            ending.callback(job.cancel)
        yield Running(url, backend)


def serve(plan: ServePlan, on_ready: Callable[[Running], None], exit_with_parent: bool) -> None:
    """Serve until SIGTERM, SIGINT, or with `exit_with_parent` the end of input. Raises as `running`."""
    _allow_many_files()
    uvloop.run(_serve(plan, on_ready, exit_with_parent))


async def _serve(plan: ServePlan, on_ready: Callable[[Running], None], exit_with_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if exit_with_parent:
        waiting = (loop, stop)
        threading.Thread(target=_stop_at_end_of_input, args=waiting, daemon=True).start()
    async with running(plan) as server:
        gc.collect()
        gc.freeze()  # the routes and the seeding live as long as the process
        on_ready(server)
        await stop.wait()


def _stop_at_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(_STDIN, 4096):
        continue
    loop.call_soon_threadsafe(stop.set)


async def _listen(runner: web.ServerRunner, host: str, port: int) -> str:
    try:
        await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
    except OSError as error:
        reason = (
            "in use; give another with --port, 0 for a free one" if error.errno == errno.EADDRINUSE else error.strerror
        )
        raise TargetError(f"port {port} of {host}: {reason}") from error
    address = runner.addresses[0]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{address[1]}"


async def seeded_credentials(seeding: Seeding, sessions: Sessions) -> list[OrganisationCredentials]:
    """The credentials of every seeded organisation, each with a session of its owner."""
    entries = []
    for number in range(len(seeding.machines)):
        owner = seeding.owner(number)
        session = await sessions.start(owner.user)
        expired = sessions.expired(owner.user)
        entries.append(
            OrganisationCredentials(
                org_id=seeding.organisation_id(number),
                email=owner.user.email,
                password=owner.password,
                token=session.token,
                refresh_token=session.refresh_token,
                expired_token=expired,
                auth_key=seeding.auth_key(number),
                machines=seeding.agents(number),
            )
        )
    return entries


def _allow_many_files() -> None:
    """As many sockets as the system lets this process have without being asked."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
