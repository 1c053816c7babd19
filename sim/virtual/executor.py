"""A run under virtual time: warm-up, window and drain of all organisations, folded into the checks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from sim.actors import NoMeter, Organisation, RunRules
from sim.checks import Partials, observe
from sim.checks.folded import Folded
from sim.checks.generator import Generator, Limits
from sim.history import History
from sim.scenario import Scenario
from sim.schedule import probes_for, schedule_for
from sim.stats import Histogram
from sim.virtual.backend import Backend
from sim.virtual.clock import Clock, Step
from sim.virtual.faults import Count, Faults
from sim.virtual.house import OFFLINE, ONLINE, House
from sim.virtual.line import VirtualLine
from sim.virtual.network import Delays
from sim.virtual.probing import VirtualProber
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
    """Of all organisations, if they were to be kept."""
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
        self._started = False
        self._reason: str | None = None
        self._folded = Folded(rules.window_ns, rules.bucket_ns)
        self._clock = Clock()
        scenario = rules.scenario
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([rules.seed, _NETWORK_STREAM])))
        self._delays = Delays(scenario, rng)
        self._server = Server(self._clock, scenario, self._delays, faults)
        remembered_ns = round(2e6 * faults.value("stale_rpc")) if faults.is_on("stale_rpc") else 0
        numbers = range(scenario.fleet.organisations)
        houses = [House(number, _initial(scenario, rules.seed, number), remembered_ns) for number in numbers]
        self._backend = Backend(self._clock, scenario, houses, faults)
        self._organisations = [self._organisation(number) for number in numbers]

    def simulate(self, watch: Callable[[float], None]) -> None:
        """Let it all happen; `watch` is told how much of the window is done, from 0 to 1. Ctrl-C ends it early."""
        try:
            self._reason = self._warm_up()
            if self._reason is None:
                self._drive(watch)
        except KeyboardInterrupt:
            self._reason = "ended by the user"

    def outcome(self) -> VirtualOutcome:
        """Close everything and fold what is left into the checks."""
        ended_ns = self._clock.now_ns
        kept: list[History] = []
        for organisation in self._organisations:
            history = organisation.finish(ended_ns)
            if self._started:
                self._fold(history, organisation.digest)
            if self._keep_history:
                kept.append(history)
        partials = self._folded.merged()
        partials = msgspec.structs.replace(partials, generator=_generator(self._rules.scenario, partials))
        return VirtualOutcome(partials, kept, ended_ns, self._faults.counts, self._reason)

    def _warm_up(self) -> str | None:
        """Open all dashboards; why that did not succeed."""
        clock, warmup = self._clock, self._rules.scenario.warmup
        waiting = sum(organisation.dashboards for organisation in self._organisations)
        gap_ns = 1e9 / warmup.connects_per_s

        def ready() -> None:
            nonlocal waiting
            waiting -= 1

        turn = 0
        for organisation in self._organisations:
            for dashboard in range(organisation.dashboards):
                clock.at(round(turn * gap_ns), _mounting(organisation, dashboard, ready))
                turn += 1
        until_ns = round(turn * gap_ns + warmup.timeout_s * 1e9)
        while waiting and clock.now_ns < until_ns:
            clock.run(clock.now_ns + _POLL_NS)
        if waiting:
            return f"warm-up: {waiting} dashboards were not subscribed and shown their first load in time"
        return None

    def _drive(self, watch: Callable[[float], None]) -> None:
        """The window and the drain."""
        clock, window_ns = self._clock, self._rules.window_ns
        origin_ns = clock.now_ns + _BEGIN_DELAY_NS
        self._started = True
        for organisation in self._organisations:
            organisation.start(origin_ns)
        ended_ns = origin_ns + window_ns
        while clock.now_ns < ended_ns:
            clock.run(min(clock.now_ns + _STEP_NS, ended_ns))
            watch(min(1.0, max(0.0, (clock.now_ns - origin_ns) / window_ns)))
        until_ns = ended_ns + round(self._rules.scenario.drain.timeout_s * 1e9)
        while clock.now_ns < until_ns and not all(organisation.is_settled for organisation in self._organisations):
            clock.run(clock.now_ns + _POLL_NS)

    def _organisation(self, number: int) -> Organisation:
        scenario = self._rules.scenario

        def ring(who: int, now_ns: int) -> None:
            organisation.ring(who, now_ns)

        line = VirtualLine(number, self._clock, self._server, self._backend, self._delays, ring)
        organisation = Organisation(number, self._rules, line, NoMeter(), None if self._keep_history else self._fold)
        organisation.learn(0, self._backend.rows(number), contact_ns=0)
        probing = probes_for(scenario, self._rules.seed, number)
        hold_ns = round(scenario.probes.hold_s * 1e9)
        organisation.use(VirtualProber(organisation, probing, line, self._clock, self._server, self._backend, hold_ns))
        return organisation

    def _fold(self, part: History, schedule_digest: bytes) -> None:
        self._folded.add(observe(part, schedule_digest))


def _mounting(organisation: Organisation, dashboard: int, ready: Callable[[], None]) -> Step:
    return lambda _: organisation.mount(dashboard, ready)


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
