"""What a worker needs to know of a run, and how it travels from the coordinator to the workers."""

from dataclasses import dataclass, field

import msgspec

from sim.actors import RunRules
from sim.checks.generator import Limits
from sim.live.access.credentials import Credentials
from sim.live.access.owners import Owners
from sim.live.wire.safety import resolve
from sim.live.wire.socket import Address
from sim.scenario import Scenario, parse, resolved


class _Sent(msgspec.Struct, frozen=True):
    scenario: str
    url: str
    allowed_hosts: tuple[str, ...]
    credentials: Credentials
    keep_history: bool
    out: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: the scenario, whom to act as, and where."""

    scenario: Scenario
    url: str
    address: Address
    credentials: Credentials = field(repr=False)
    owners: Owners = field(repr=False)
    allowed_hosts: tuple[str, ...] = ()
    keep_history: bool = False
    out: str = "results"
    """Where a worker writes what it has if the coordinator goes away."""

    @property
    def rules(self) -> RunRules:
        """What all its organisations have in common."""
        return RunRules(self.scenario, self.scenario.seed)

    @property
    def window_ns(self) -> int:
        """Length of the measured window."""
        return self.rules.window_ns

    @property
    def bucket_ns(self) -> int:
        """Length of a bucket of the figures over time."""
        return self.rules.bucket_ns

    @property
    def limits(self) -> Limits:
        """Beyond which the generator was the bottleneck."""
        limits = self.scenario.generator
        return Limits(limits.max_lateness_ms, limits.max_hub_lag_ms, limits.max_cpu_share)

    def encode(self) -> bytes:
        """As a message to a worker: it holds tokens and node keys."""
        return msgspec.msgpack.encode(
            _Sent(resolved(self.scenario), self.url, self.allowed_hosts, self.credentials, self.keep_history, self.out)
        )

    @classmethod
    def decode(cls, data: bytes) -> "Plan":
        """The plan of a message. The target's name is resolved anew: it may have another address over here.

        Raises `UsageError` for a host that is not allowed and `TargetError` for one that has no address here.
        """
        sent = msgspec.msgpack.decode(data, type=_Sent)
        return cls(
            scenario=parse(sent.scenario, "the coordinator's scenario"),
            url=sent.url,
            address=resolve(sent.url, sent.allowed_hosts),
            credentials=sent.credentials,
            owners=Owners(sent.credentials.orgs),
            allowed_hosts=sent.allowed_hosts,
            keep_history=sent.keep_history,
            out=sent.out,
        )
