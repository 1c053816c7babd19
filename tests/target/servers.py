"""A reference backend on a free port, in a thread of the test's process, and clients of it."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import uvloop
from websockets.sync.client import ClientConnection, connect

from sim.contract import (
    HEARTBEAT_PATH,
    MACHINES_PATH,
    REALTIME_PATH,
    RPC_PATH,
    Status,
    heartbeat_request,
    stats_request,
    subscribe_frame,
)
from sim.target import (
    OrganisationCredentials,
    Running,
    Seeding,
    ServePlan,
    TargetOptions,
    parse_faults,
    running,
)
from sim.target.server import seeded_credentials
from sim.target.sqlite import MEMORY

LONGEST_WAIT_S = 20.0

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Result = TypeVar("Result")


@dataclass
class Dashboard:
    """A socket of an organisation's owner."""

    connection: ClientConnection

    def receive(self) -> dict[str, object]:
        """The next frame."""
        frame: dict[str, object] = json.loads(self.connection.recv(timeout=LONGEST_WAIT_S))
        return frame

    def send(self, frame: dict[str, object]) -> None:
        self.connection.send(json.dumps(frame))

    def subscribe(self, frame: str = subscribe_frame()) -> dict[str, object]:
        self.connection.send(frame)
        return self.receive()

    def events(self) -> list[dict[str, object]]:
        """The frames that came before the answer to a ping: all that was sent to this socket so far."""
        self.send({"type": "ping"})
        frames: list[dict[str, object]] = []
        while (frame := self.receive())["type"] != "pong":
            frames.append(frame)
        return frames


@dataclass
class Server:
    """A server that runs, with the credentials of its organisations."""

    running: Running
    seeding: Seeding
    orgs: Sequence[OrganisationCredentials]
    loop: asyncio.AbstractEventLoop
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.running.url, timeout=LONGEST_WAIT_S)

    def call(self, coroutine: Coroutine[object, object, Result]) -> Result:
        """Run a coroutine in the server's own thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(LONGEST_WAIT_S)

    def auth(self, organisation: int = 0) -> dict[str, str]:
        """The header of an organisation's owner."""
        return {"Authorization": f"Bearer {self.orgs[organisation].token}"}

    def member_auth(self, organisation: int = 0) -> dict[str, str]:
        """The header of an organisation's plain member."""
        session = self.call(self.running.backend.sessions.start(self.seeding.member(organisation).user))
        return {"Authorization": f"Bearer {session.token}"}

    def beat(self, organisation: int, machine: int, status: Status = Status.ONLINE) -> httpx.Response:
        key = self.orgs[organisation].machines[machine].node_key
        return self.http.post(HEARTBEAT_PATH, content=heartbeat_request(key, status))

    def stats(self, organisation: int = 0) -> dict[str, object]:
        answer = self.http.post(
            RPC_PATH, content=stats_request(self.orgs[organisation].org_id), headers=self.auth(organisation)
        )
        data: dict[str, object] = answer.raise_for_status().json()["data"]["data"]
        return data

    def rows(self, organisation: int = 0, **query: str) -> list[dict[str, object]]:
        answer = self.http.get(MACHINES_PATH, params=query, headers=self.auth(organisation))
        rows: list[dict[str, object]] = answer.raise_for_status().json()["data"]
        return rows

    def socket_url(self, organisation: int = 0, token: str | None = None) -> str:
        org = self.orgs[organisation]
        query = httpx.QueryParams({"org_id": org.org_id, "token": org.token if token is None else token})
        return f"ws{self.running.url.removeprefix('http')}{REALTIME_PATH}?{query}"

    @contextmanager
    def dashboard(self, organisation: int = 0, frame: str | None = subscribe_frame()) -> Iterator[Dashboard]:
        """A connected socket, subscribed by `frame`, or not where that is None."""
        with connect(self.socket_url(organisation), open_timeout=LONGEST_WAIT_S) as connection:
            dashboard = Dashboard(connection)
            assert dashboard.receive()["type"] == "connected"
            if frame is not None:
                assert dashboard.subscribe(frame)["type"] == "subscribed"
            yield dashboard


async def _entered(context: AbstractAsyncContextManager[Running]) -> Running:
    return await context.__aenter__()


async def _left(context: AbstractAsyncContextManager[Running]) -> None:
    await context.__aexit__(None, None, None)


@contextmanager
def served(
    options: TargetOptions | None = None,
    faults: Sequence[str] = (),
    machines: tuple[int, ...] = (3, 2),
    store_path: str = MEMORY,
) -> Iterator[Server]:
    """A server while the context lasts."""
    seeding = Seeding(machines, seed=7)
    plan = ServePlan(seeding, options or TargetOptions(), parse_faults(faults), store_path=store_path)
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    context = running(plan)

    def wait(coroutine: Coroutine[object, object, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(LONGEST_WAIT_S)

    try:
        started = wait(_entered(context))
        server = Server(started, seeding, wait(seeded_credentials(seeding, started.backend.sessions)), loop)
        try:
            yield server
        finally:
            server.http.close()
            wait(_left(context))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
