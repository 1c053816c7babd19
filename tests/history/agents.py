"""Sequential agents at a target whose clock is its own: what arrives, and which write each event truly belongs to."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from sim.contract import StatusCode
from sim.history import NO_LAST_SEEN, Deliveries, HistoryBuilder, RunFrame, Writes

ONLINE, OFFLINE = int(StatusCode.ONLINE), int(StatusCode.OFFLINE)
_MS = 1_000_000
FRAME = RunFrame(
    organisation=3, machines=4, dashboards=3, window_ns=60_000 * _MS, ended_ns=90_000 * _MS, bucket_ns=1_000 * _MS,
    debounce_ns=500 * _MS, max_wait_ns=None, loss_deadline_ns=5_000 * _MS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Network:
    """What becomes of events between the target and the dashboards."""

    clock_ms: int
    """The target's clock when ours says 0."""
    grain_ms: int
    """Its times are cut to multiples of this."""
    longest_delay_ms: int
    loss: float
    duplication: float
    cleanup: float
    """Share of offline writes after which the cleanup job says the same once more, without `last_seen`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a recorder saw, and the time of sending of the write that each delivery truly announces (-1: of none)."""

    writes: Writes
    deliveries: Deliveries
    truth_ns: tuple[int, ...]


networks = st.builds(
    Network,
    clock_ms=st.sampled_from([0, 3_600_000, -86_400_000, 1_700_000_000_000]),
    grain_ms=st.sampled_from([1, 1, 1_000]),
    longest_delay_ms=st.sampled_from([1, 200, 5_000]),
    loss=st.sampled_from([0.0, 0.1, 0.5]),
    duplication=st.sampled_from([0.0, 0.3]),
    cleanup=st.sampled_from([0.0, 0.3]),
)


@st.composite
def told(draw: st.DrawFn) -> Told:
    """Machine 0 is a calm one, whose only event arrives everywhere at once; the others change within seconds.

    A clock of whole seconds cannot tell writes of one second apart: there the others are slower, too.
    """
    network = draw(networks)
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    builder = HistoryBuilder()
    truths: dict[int, int] = {}
    calm = replace(network, longest_delay_ms=1, loss=0.0, duplication=0.0, cleanup=0.0)
    _drive(builder, truths, chance, 0, 1, calm)
    for machine in range(1, FRAME.machines):
        _drive(builder, truths, chance, machine, int(chance.integers(0, 20)), network)
    history = builder.build(FRAME, 0)
    tags = history.deliveries.handled_ns - history.deliveries.arrived_ns
    return Told(history.writes, history.deliveries, tuple(truths[tag] for tag in tags.tolist()))


def _drive(
    builder: HistoryBuilder,
    truths: dict[int, int],
    chance: np.random.Generator,
    machine: int,
    count: int,
    network: Network,
) -> None:
    """One agent's writes, each sent after the answer to the one before, and their deliveries.

    A delivery's number is its handling time, so that it is found again after sorting.
    """
    now_ns, known = int(chance.integers(0, 5_000 * _MS)), OFFLINE
    for _ in range(count):
        status = known if chance.random() < 0.2 else (ONLINE if known == OFFLINE else OFFLINE)
        took_ns = int(chance.integers(1 * _MS, (80 if machine else 10) * _MS))
        builder.write(machine, status, known, now_ns, now_ns, now_ns, now_ns + took_ns, 200)
        written_ns = now_ns + int(chance.integers(0, took_ns))
        stamp_ms = (network.clock_ms + written_ns // _MS) // network.grain_ms * network.grain_ms
        for dashboard in range(FRAME.dashboards):
            if status != known and chance.random() >= network.loss:
                copies = 1 + (chance.random() < network.duplication)
                for _ in range(copies):
                    at_ns = written_ns + int(chance.integers(0, network.longest_delay_ms * _MS))
                    _deliver(builder, truths, dashboard, machine, status, stamp_ms, at_ns, now_ns)
            if status == OFFLINE and chance.random() < network.cleanup:
                _deliver(builder, truths, dashboard, machine, status, NO_LAST_SEEN, now_ns + took_ns, -1)
        known = status
        shortest_ms = 20 if network.grain_ms == 1 else 2_200
        now_ns += took_ns + int(chance.integers(shortest_ms * _MS, 4_000 * _MS))


def _deliver(
    builder: HistoryBuilder,
    truths: dict[int, int],
    dashboard: int,
    machine: int,
    status: int,
    last_seen_ms: int,
    at_ns: int,
    truth_ns: int,
) -> None:
    tag = len(truths)
    truths[tag] = truth_ns
    builder.delivery(dashboard, FRAME.organisation, machine, status, last_seen_ms, at_ns, at_ns + tag)
