"""What churn and bursts would have the machines do, each by itself; `settled` makes one history of them."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, assert_never

import numpy as np

from sim.scenario import Burst, Churn, Flapping, MassReconnect, RollingRestart, Scenario, SiteOutage, Wave
from sim.schedule.chance import Ints, Purpose, arrivals, chosen, ns_of, stream, takes_part

NO_END: Final = -1
_S_PER_HOUR: Final = 3600


class Wish(IntEnum):
    """What a machine is to do. A wish whose condition does not hold at its time is void."""

    RISE = 0  # if offline: come up
    FALL = 1  # if online: go down with a last heartbeat
    VANISH = 2  # if online: fall silent
    TOGGLE = 3  # come up if offline, go down if online
    ABSENCE = 4  # if online: go down, and come up at the end
    BLACKOUT = 5  # if online: fall silent, and come up at the end


@dataclass(frozen=True, slots=True, eq=False)
class Intents:
    """Wishes in columns: when, which machine, what, and when it ends (NO_END where it does not)."""

    at_ns: Ints
    machine: Ints
    wish: Ints
    end_ns: Ints

    @classmethod
    def of(cls, wish: Wish, at_ns: Ints, machine: Ints, end_ns: Ints | None = None) -> "Intents":
        """Columns of one wish."""
        ends = np.full(at_ns.size, NO_END, np.int64) if end_ns is None else end_ns
        return cls(at_ns, machine, np.full(at_ns.size, wish, np.int64), ends)

    @classmethod
    def joined(cls, parts: list["Intents"]) -> "Intents":
        """All parts as one, sorted by time, then machine, wish and end."""
        none = np.empty(0, np.int64)
        at_ns = np.concatenate([none, *(part.at_ns for part in parts)])
        machine = np.concatenate([none, *(part.machine for part in parts)])
        wish = np.concatenate([none, *(part.wish for part in parts)])
        end_ns = np.concatenate([none, *(part.end_ns for part in parts)])
        order = np.lexsort((end_ns, wish, machine, at_ns))
        return cls(at_ns[order], machine[order], wish[order], end_ns[order])


def intents_for(scenario: Scenario, seed: int, organisation: int, machines: int) -> Intents:
    """All that churn and bursts wish of an organisation's machines from the start of the window."""
    duration_ns = ns_of(scenario.duration_s)
    parts = _churn(scenario.churn, machines, duration_ns, stream(seed, organisation, Purpose.CHURN))
    for number, burst in enumerate(scenario.bursts):
        if takes_part(organisation, scenario.fleet.organisations, burst.organisations):
            rng = stream(seed, organisation, Purpose.BURST, number)
            parts.extend(_burst(burst, chosen(rng, burst.share, machines), rng))
    return Intents.joined(parts)


def _churn(churn: Churn, machines: int, duration_ns: int, rng: np.random.Generator) -> list[Intents]:
    rates = (
        (Wish.TOGGLE, churn.events_per_s or 0.0),
        (Wish.RISE, churn.up_per_hour * machines / _S_PER_HOUR),
        (Wish.FALL, churn.down_per_hour * machines / _S_PER_HOUR),
        (Wish.VANISH, churn.crash_per_hour * machines / _S_PER_HOUR),
        (Wish.ABSENCE, churn.flap_per_hour * machines / _S_PER_HOUR),
    )
    parts = []
    for wish, events_per_s in rates:
        if events_per_s > 0:
            at_ns = arrivals(rng, events_per_s, duration_ns)
            machine = rng.integers(0, machines, at_ns.size, dtype=np.int64)
            end_ns = at_ns + ns_of(churn.flap_down_s) if wish is Wish.ABSENCE else None
            parts.append(Intents.of(wish, at_ns, machine, end_ns))
    return parts


def _burst(burst: Burst, machine: Ints, rng: np.random.Generator) -> list[Intents]:
    at_ns = np.full(machine.size, ns_of(burst.at_s), np.int64)
    match burst:
        case Wave():
            return [Intents.of(Wish.RISE, at_ns + _spread(rng, burst.spread_s, machine.size), machine)]
        case SiteOutage():
            back_ns = at_ns + ns_of(burst.down_s) + _spread(rng, burst.spread_s, machine.size)
            return [Intents.of(Wish.BLACKOUT, at_ns, machine, back_ns)]
        case RollingRestart():
            turn_ns = at_ns + np.linspace(0, ns_of(burst.spread_s), machine.size).astype(np.int64)
            return [Intents.of(Wish.ABSENCE, turn_ns, rng.permutation(machine), turn_ns + ns_of(burst.down_s))]
        case Flapping():
            return [_flapping(burst, at_ns, machine, rng)]
        case MassReconnect():
            return []
        case _:
            assert_never(burst)


def _spread(rng: np.random.Generator, spread_s: float, count: int) -> Ints:
    return rng.integers(0, max(ns_of(spread_s), 1), count, dtype=np.int64)


def _flapping(burst: Flapping, at_ns: Ints, machine: Ints, rng: np.random.Generator) -> Intents:
    period_ns, lasts_ns = ns_of(burst.period_s), ns_of(burst.lasts_s)
    phase_ns = rng.integers(0, period_ns, machine.size, dtype=np.int64)
    turn_ns = phase_ns[:, None] + np.arange(0, lasts_ns, period_ns, dtype=np.int64)[None, :]
    kept = turn_ns < lasts_ns
    down_ns = (at_ns[:, None] + turn_ns)[kept]
    who = np.broadcast_to(machine[:, None], turn_ns.shape)[kept]
    return Intents.of(Wish.ABSENCE, down_ns, who, down_ns + period_ns // 2)
