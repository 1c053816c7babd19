"""The reference backend put together: routes, jobs, and what they share."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from aiohttp import WSCloseCode, web

from sim.contract import FAULTS_PATH
from sim.target.access import Access
from sim.target.admin import AdminRoutes
from sim.target.agents import AgentRoutes
from sim.target.announce import Announcer
from sim.target.auth import AuthRoutes, Sessions
from sim.target.cleanup import Cleanup
from sim.target.crud import CrudRoutes
from sim.target.envelope import JSON_TYPE, Handler
from sim.target.eviction import Eviction
from sim.target.fanout import Delivery, LocalFanout
from sim.target.faults import Fault, FaultRequest, Surroundings
from sim.target.hooks import EndingHook, Hooks
from sim.target.limits import Limits
from sim.target.options import TargetOptions
from sim.target.peers import PeerLists
from sim.target.periodic import every
from sim.target.realtime import Realtime
from sim.target.routing import Route, Router
from sim.target.rpc import RpcRoutes
from sim.target.sockets import Sockets
from sim.target.store import Store
from sim.target.tokens import Tokens, new_signing_key


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend that can be served: what answers requests, its jobs, and what those who start it may use."""

    handle: Handler
    sessions: Sessions
    tokens: Tokens
    sockets: Sockets
    delivery: Delivery
    cleanup: Cleanup
    eviction: Eviction
    options: TargetOptions
    ending: Sequence[EndingHook]

    def start_jobs(self) -> list[asyncio.Task[None]]:
        """The cleanup job, and the eviction unless it is off, as tasks to be cancelled at the end."""
        jobs = [every(self.options.cleanup_interval_s, self.cleanup.run)]
        if self.options.evict:
            jobs.append(every(self.options.evict_sweep_s, self.eviction.sweep))
        return [asyncio.create_task(job) for job in jobs]

    async def close_sockets(self) -> None:
        """Close every socket with 1001 (RFC 6455, 7.4.1)."""
        sockets = self.sockets.everyone()
        for socket in sockets:
            self.sockets.remove(socket)
        closing = (socket.close(WSCloseCode.GOING_AWAY, "server is stopping") for socket in sockets)
        await asyncio.gather(*closing, return_exceptions=True)

    async def end(self) -> None:
        """Let faults finish what they have put off; for when nothing is served any more."""
        for finish in self.ending:
            await finish()


async def build(store: Store, options: TargetOptions, requests: Sequence[FaultRequest]) -> Backend:
    """A backend on a store, with these options and faults."""
    tokens = Tokens(await store.identities.signing_key(new_signing_key()), options.token_lifetime_s)
    hooks, limits = Hooks(), Limits(options.rate_limits)
    sockets = Sockets(options.sockets_per_organisation, hooks)
    eviction = Eviction(sockets, hooks, options.evict_after_s)
    faults = _attached(requests, hooks, Surroundings(sockets, eviction, store))
    store = hooks.store_before(store)
    delivery = Delivery(sockets, hooks)
    announcer = Announcer(LocalFanout(delivery.deliver), hooks, options.event_timestamp)
    access, peers = Access(store.identities, tokens, hooks), PeerLists(store.agents)
    sessions = Sessions(store.identities, tokens)
    router = Router(
        [
            *AgentRoutes(store.agents, tokens, announcer, peers, limits, hooks, options).routes(),
            *RpcRoutes(store.dashboards, access, hooks).routes(),
            *CrudRoutes(store.rows, access, announcer, peers, hooks, options).routes(),
            *AdminRoutes(store.rows, access, announcer, peers, options).routes(),
            *AuthRoutes(store.identities, sessions, limits).routes(),
            *Realtime(access, sockets, hooks, options).routes(),
            *_fault_routes(requests, faults),
        ]
    )
    cleanup = Cleanup(store.rows, announcer, peers, options.offline_after_s)
    return Backend(router.handle, sessions, tokens, sockets, delivery, cleanup, eviction, options, hooks.ending)


def _attached(requests: Sequence[FaultRequest], hooks: Hooks, surroundings: Surroundings) -> list[Fault]:
    faults = [request.make() for request in requests]
    for fault in faults:
        fault.attach(hooks, surroundings)
    return faults


def _fault_routes(requests: Sequence[FaultRequest], faults: Sequence[Fault]) -> list[Route]:
    async def counts(_: web.BaseRequest) -> web.Response:
        told = {
            request.kind.name: {
                "parameters": request.parameters,
                "hits": fault.count.hits,
                "opportunities": fault.count.opportunities,
            }
            for request, fault in zip(requests, faults, strict=True)
        }
        return web.Response(body=msgspec.json.encode(told), content_type=JSON_TYPE)

    return [Route("GET", FAULTS_PATH, counts)] if faults else []
