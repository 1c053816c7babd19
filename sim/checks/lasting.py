"""What lasts (a socket, a visit) has a row in each part of a run that it reaches into: how it counts once.

A part is cut a little after the time where it ends: what ended in between has its row in that part alone.
"""

import numpy as np
from numpy.typing import NDArray

from sim.history import NEVER_NS, RunFrame

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def began_here(from_ns: Ints, until_ns: Ints, frame: RunFrame) -> Bools:
    """Which of these began in this part, or have no row in a later one."""
    return np.asarray((from_ns >= frame.from_ns) & ((from_ns < frame.ended_ns) | ended_here(until_ns, frame)))


def ended_here(until_ns: Ints, frame: RunFrame) -> Bools:
    """Which of these have no row in a later part."""
    return np.asarray((until_ns < NEVER_NS) | frame.is_last)


def end_ns(until_ns: Ints, frame: RunFrame) -> Ints:
    """When each of these ended, or where this part does."""
    return np.where(until_ns < NEVER_NS, until_ns, frame.ended_ns)


def in_window_ns(from_ns: Ints, until_ns: Ints, frame: RunFrame) -> Ints:
    """How much of each of these lies in the measured time and in this part."""
    low_ns, high_ns = frame.measured_from_ns, frame.measured_until_ns
    if frame.is_last:
        high_ns = min(high_ns, frame.ended_ns)
    high_ns = max(low_ns, high_ns)
    lasted_ns = np.clip(end_ns(until_ns, frame), low_ns, high_ns) - np.clip(from_ns, low_ns, high_ns)
    return np.maximum(np.asarray(lasted_ns), 0)
