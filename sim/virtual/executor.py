"""A run under virtual time: warm-up, window and drain of all organisations, folded into the checks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from sim.actors import RunRules
from sim.checks import Partials, observe
from sim.checks.folded import Folded
from sim.checks.generator import Generator, Limits
from sim.history import History
from sim.scenario import Scenario
from sim.schedule import schedule_for
from sim.stats import Histogram
from sim.virtual.backend import Backend
from sim.virtual.clock import Clock
from sim.virtual.faults import Count, Faults
from sim.virtual.house import OFFLINE, ONLINE, House
from sim.virtual.network import Delays
from sim.virtual.presence import Presence
from sim.virtual.server import Server

_NETWORK_STREAM: Final = 102
"""Purpose number of the network's generator, apart from those of the schedule and the actors."""

_BEGIN_DELAY_NS: Final = 500_000_000
_POLL_NS: Final = 100_000_000
_STEP_NS: Final = 1_000_000_000
"""So often whoever watches is told how far the run is."""


@dataclass(frozen=True, slots=True)
class VirtualOutcome:
    """What a virtual run leaves."""

    partials: Partials
    histories: Sequence[History]
    """Of all stays, by organisation, if they were to be kept."""
    simulated_ns: int
    """Virtual time from the beginning of the warm-up to the end of the drain."""
    fault_counts: dict[str, Count]
    reason: str | None = None
    """Why it is partial; None for a whole run."""


class VirtualRun:
    """`simulate`, then `outcome`."""

    def __init__(self, rules: RunRules, faults: Faults, keep_history: bool) -> None:
        self._rules = rules
        self._faults = faults
        self._keep_history = keep_history
        self._kept: list[History] = []
        self._reason: str | None = None
        self._folded = Folded(rules.window_ns, rules.bucket_ns)
        self._clock = Clock()
        scenario = rules.scenario
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([rules.seed, _NETWORK_STREAM])))
        delays = Delays(scenario, rng)
        server = Server(self._clock, scenario, delays, faults)
        remembered_ns = round(2e6 * faults.value("stale_rpc")) if faults.is_on("stale_rpc") else 0
        numbers = range(scenario.fleet.organisations)
        houses = [House(number, _initial(scenario, rules.seed, number), remembered_ns) for number in numbers]
        backend = Backend(self._clock, scenario, houses, faults)
        part = None if keep_history else self._fold
        self._presence = Presence(rules, self._clock, server, backend, delays, part, self._ended)

    def simulate(self, watch: Callable[[float], None]) -> None:
        """Let it all happen; `watch` is told how much of the window is done, from 0 to 1. Ctrl-C ends it early."""
        try:
            self._reason = self._warm_up()
            if self._reason is None:
                self._reason = self._drive(watch)
        except KeyboardInterrupt:
            self._reason = "ended by the user"

    def outcome(self) -> VirtualOutcome:
        """Close everything and fold what is left into the checks."""
        ended_ns = self._clock.now_ns
        self._presence.end_all()
        partials = self._folded.merged()
        partials = msgspec.structs.replace(partials, generator=_generator(self._rules.scenario, partials))
        kept = sorted(self._kept, key=lambda history: (history.frame.organisation, history.frame.stay_from_ns))
        return VirtualOutcome(partials, kept, ended_ns, self._faults.counts, self._reason)

    def _warm_up(self) -> str | None:
        """Open all dashboards that are there from the beginning; why that did not succeed."""
        clock, presence = self._clock, self._presence
        until_ns = presence.open() + round(self._rules.scenario.warmup.timeout_s * 1e9)
        while presence.unready and clock.now_ns < until_ns:
            clock.run(clock.now_ns + _POLL_NS)
        if presence.unready:
            return f"warm-up: {presence.unready} dashboards were not subscribed and shown their first load in time"
        return None

    def _drive(self, watch: Callable[[float], None]) -> str | None:
        """The window and the drain; why they ended early."""
        clock, presence, window_ns = self._clock, self._presence, self._rules.window_ns
        origin_ns = clock.now_ns + _BEGIN_DELAY_NS
        presence.begin(origin_ns)
        ended_ns = origin_ns + window_ns
        while clock.now_ns < ended_ns and presence.problem is None:
            clock.run(min(clock.now_ns + _STEP_NS, ended_ns))
            watch(min(1.0, max(0.0, (clock.now_ns - origin_ns) / window_ns)))
        until_ns = ended_ns + round(self._rules.scenario.drain.timeout_s * 1e9)
        while presence.problem is None and clock.now_ns < until_ns and not presence.is_settled:
            clock.run(clock.now_ns + _POLL_NS)
        return presence.problem

    def _ended(self, history: History, schedule_digest: bytes) -> None:
        self._fold(history, schedule_digest)
        if self._keep_history:
            self._kept.append(history)

    def _fold(self, part: History, schedule_digest: bytes) -> None:
        self._folded.add(observe(part, schedule_digest))


def _initial(scenario: Scenario, seed: int, number: int) -> bytes:
    """The machines' statuses: those in which the schedule begins, so that nothing needs to be brought there."""
    online = schedule_for(scenario, seed, number).initial_online
    return bytes(np.where(online, ONLINE, OFFLINE).astype(np.uint8))


def _generator(scenario: Scenario, partials: Partials) -> Generator:
    """A virtual generator is never late; what it sent stands in its lateness, all of it 0."""
    limits = scenario.generator
    return Generator(
        limits=Limits(limits.max_lateness_ms, limits.max_hub_lag_ms, limits.max_cpu_share),
        lateness=partials.latency.histograms.get("lateness", Histogram()),
        workers=1,
    )
