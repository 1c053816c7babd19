"""The schedule's randomness: a stream of its own for every organisation and purpose, all from the seed."""

import math
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

NS_PER_S: Final = 1_000_000_000


class Purpose(IntEnum):
    """What a stream is for. No purpose draws from another one's stream: a change in one moves no other."""

    MACHINES = 0
    DASHBOARDS = 1
    ONLINE = 2
    HEARTBEATS = 3
    CHURN = 4
    BURST = 5
    VISITS = 6
    CUT = 7
    PROBES = 8


def stream(seed: int, organisation: int, purpose: Purpose, part: int = 0) -> np.random.Generator:
    """The generator of one purpose of one organisation; `part` tells the bursts apart.

    PCG64 (O'Neill 2014) over SeedSequence: equal arguments give an equal stream on every machine, whatever
    other organisations draw.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, organisation, purpose, part])))


def ns_of(seconds: float) -> int:
    """A time in nanoseconds, to the nearest; a time that is more than nothing stays so."""
    return max(round(seconds * NS_PER_S), 1 if seconds > 0 else 0)


def chosen(rng: np.random.Generator, share: float, count: int) -> Ints:
    """The numbers below `count` that a share of them takes, sorted.

    Their number is share x count where that is whole; else it is rounded up or down by chance, so that it
    is right in the mean also over many small organisations.
    """
    number = min(math.floor(share * count + rng.random()), count)
    return np.sort(rng.permutation(count)[:number]).astype(np.int64)


def takes_part(organisation: int, organisations: int, share: float) -> bool:
    """Whether an organisation is among the first `share` of all, rounded up: at least one takes part."""
    return organisation < max(1, math.ceil(round(share * organisations, 6)))


def arrivals(rng: np.random.Generator, events_per_s: float, duration_ns: int) -> Ints:
    """The times of a Poisson process over a window, unsorted: a Poisson number of them, each uniform."""
    return rng.integers(0, duration_ns, rng.poisson(events_per_s * duration_ns / NS_PER_S), dtype=np.int64)
