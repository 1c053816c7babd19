"""What agents ask for: registration, heartbeats, posture reports (contract 4). Their node key suffices."""

import secrets
import time
from typing import Final

import msgspec
from aiohttp import web

from sim.contract import HEARTBEAT_PATH, POSTURE_PATH, REGISTER_PATH, Change, ErrorCode, Status
from sim.target.announce import Announcer
from sim.target.digests import auth_key_digest, digest
from sim.target.envelope import RequestError, bearer, read_body, require, success, success_text
from sim.target.hooks import Hooks
from sim.target.limits import Limits
from sim.target.options import TargetOptions
from sim.target.peers import PeerLists
from sim.target.records import Agent, Beat, Registered, Registration, Touched
from sim.target.routing import Route
from sim.target.store import Agents
from sim.target.times import iso, now_ms
from sim.target.tokens import MACHINE_TOKEN_LIFETIME_S, Tokens

KEY_EXPIRY_DAYS: Final = 180
"""Lifetime of a machine's node key (documented by the product)."""
LONGEST_NAME: Final = 253
"""Of a machine, as of a host (RFC 1035, 2.3.4)."""
POSTURE_CHECKS: Final = ("disk_encryption", "firewall", "os_up_to_date")
"""What a posture report must not deny; production's policies are not in the contract."""

_DAY_MS: Final = 86_400_000
_ANSWER_TAIL: Final = (
    b',"dns_config":{"nameservers":["100.100.100.100"],"search_domain":"acme.zt.net"},"acl_rules":[],'
    b'"pending_commands":[],"posture_verdict":"compliant","quarantined":false,"token":"%b","expires_in":%d}'
)


class _HeartbeatRequest(msgspec.Struct, frozen=True):
    node_key: str | None = None
    status: Status | None = None
    wg_public_key: str | None = None
    version: str | None = None
    connectivity: dict[str, msgspec.Raw] | None = None
    derp_latencies: dict[str, float] | None = None
    endpoints: list[str] | None = None


class _RegisterRequest(msgspec.Struct, frozen=True):
    auth_key: str | None = None
    name: str | None = None
    os: str | None = None
    wireguard_public_key: str | None = None
    tags: list[str] | None = None
    version: str | None = None


class _PostureRequest(msgspec.Struct, frozen=True):
    node_key: str | None = None
    posture: dict[str, object] | None = None


class AgentRoutes:
    """The routes of agents."""

    def __init__(
        self,
        agents: Agents,
        tokens: Tokens,
        announcer: Announcer,
        peers: PeerLists,
        limits: Limits,
        hooks: Hooks,
        options: TargetOptions,
    ) -> None:
        self._agents = agents
        self._tokens = tokens
        self._announcer = announcer
        self._peers = peers
        self._limits = limits
        self._heartbeat_hooks = hooks.heartbeat
        self._insert_announces = options.insert_announces

    def routes(self) -> list[Route]:
        return [
            Route("POST", HEARTBEAT_PATH, self.heartbeat),
            Route("POST", REGISTER_PATH, self.register),
            Route("POST", POSTURE_PATH, self.report_posture),
        ]

    async def heartbeat(self, request: web.BaseRequest) -> web.Response:
        for hook in self._heartbeat_hooks:
            hook()
        body = await read_body(request, _HeartbeatRequest)
        agent = await self._agent(body.node_key or bearer(request))
        now = iso(now_ms())
        _require_heard(agent, now)
        if agent.status == Status.QUARANTINED or agent.admin_disabled:
            await self._agents.seen(agent, now)
            return success(_held_back(agent))
        beat = _beat(body)
        if await self._agents.beat(agent, beat, now):
            await self._announcer.moved(Touched(agent.id, agent.org_id, beat.status, now))
        if beat.wg_public_key is not None:
            self._peers.forget(agent.org_id)
        return success_text(await self._answer(agent, beat.status))

    async def register(self, request: web.BaseRequest) -> web.Response:
        body = await read_body(request, _RegisterRequest)
        auth_key, name = body.auth_key or bearer(request), body.name
        require(auth_key=auth_key, name=name)
        assert auth_key is not None
        assert name is not None
        if len(name) > LONGEST_NAME:
            raise RequestError(400, ErrorCode.INVALID_INPUT, f"name: it must be at most {LONGEST_NAME} characters")
        key_hash = auth_key_digest(auth_key)
        if not self._limits.admits_registration(request.remote or "", key_hash, time.monotonic()):
            raise RequestError(429, ErrorCode.RATE_LIMITED, "too many registrations")
        return success(await self._register(key_hash, name, body))

    async def report_posture(self, request: web.BaseRequest) -> web.Response:
        body = await read_body(request, _PostureRequest)
        agent = await self._agent(body.node_key or bearer(request))
        violations = [check for check in POSTURE_CHECKS if (body.posture or {}).get(check) is False]
        await self._agents.report_posture(agent.id, not violations, iso(now_ms()))
        quarantined = agent.status == Status.QUARANTINED
        return success(
            {
                "compliant": not violations,
                "violations": violations,
                "quarantined": quarantined,
                "mode": "monitor",
            }
        )

    async def _agent(self, node_key: str | None) -> Agent:
        require(node_key=node_key)
        agent = await self._agents.agent(digest(node_key or ""))
        if agent is None:
            raise RequestError(401, ErrorCode.INVALID_NODE_KEY, "unknown node key")
        return agent

    async def _answer(self, agent: Agent, status: Status) -> bytes:
        token = self._tokens.of_machine(agent.id, time.time()).encode()
        head = b'{"status":"%b","peers":' % status.encode()
        return head + await self._peers.of(agent.org_id) + _ANSWER_TAIL % (token, MACHINE_TOKEN_LIFETIME_S)

    async def _register(self, key_hash: str, name: str, body: _RegisterRequest) -> dict[str, object]:
        now, node_key = now_ms(), secrets.token_hex(32)
        key = await self._agents.auth_key(key_hash, iso(now))
        if key is None:
            raise RequestError(401, ErrorCode.INVALID_KEY, "invalid or expired auth key")
        request = Registration(
            name=name,
            node_key_hash=digest(node_key),
            wg_public_key=body.wireguard_public_key or "",
            os=body.os or "",
            version=body.version or "",
            key_expires_at=iso(now + KEY_EXPIRY_DAYS * _DAY_MS),
        )
        machine = await self._agents.register(key, request, iso(now))
        if machine is None:
            limit = key.machine_limit
            raise RequestError(403, ErrorCode.QUOTA_EXCEEDED, f"machine limit reached ({limit}); upgrade your plan")
        await self._registered(machine, iso(now))
        return self._registration_answer(machine, name, node_key)

    async def _registered(self, machine: Registered, now: str) -> None:
        self._peers.forget(machine.org_id)
        if self._insert_announces and machine.status != machine.status_before:
            change = Change.INSERT if machine.status_before is None else Change.UPDATE
            await self._announcer.moved(Touched(machine.id, machine.org_id, machine.status, now), change)

    def _registration_answer(self, machine: Registered, name: str, node_key: str) -> dict[str, object]:
        return {
            "machine_id": machine.id,
            "tailnet_ip": machine.tailnet_ip,
            "org_id": machine.org_id,
            "name": name,
            "node_key": node_key,
            "status": machine.status,
            "token": self._tokens.of_machine(machine.id, time.time()),
            "refresh_token": "",
            "expires_in": MACHINE_TOKEN_LIFETIME_S,
        }


def _require_heard(agent: Agent, now: str) -> None:
    if agent.status == Status.PENDING:
        raise RequestError(403, ErrorCode.PENDING_APPROVAL, "an admin must approve this machine first")
    if agent.key_expires_at is not None and agent.key_expires_at <= now:
        raise RequestError(403, ErrorCode.KEY_EXPIRED, "machine key has expired; re-authenticate to continue")


def _held_back(agent: Agent) -> dict[str, object]:
    if agent.status == Status.QUARANTINED:
        return {"status": Status.QUARANTINED, "quarantined": True, "peers": []}
    return {"status": Status.OFFLINE, "admin_disabled": True, "quarantined": False, "peers": []}


def _beat(body: _HeartbeatRequest) -> Beat:
    status = body.status or Status.ONLINE
    if status not in (Status.ONLINE, Status.OFFLINE):
        raise RequestError(
            400,
            ErrorCode.INVALID_INPUT,
            f"status: {status.value} is not allowed; it must be online or offline",
        )
    return Beat(
        status=status,
        version=body.version,
        wg_public_key=body.wg_public_key,
        connectivity=_json(body.connectivity),
        derp_latencies=_json(body.derp_latencies),
        endpoints=_json(body.endpoints),
    )


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
