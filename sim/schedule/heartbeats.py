"""The regular heartbeats of machines that are up."""

import numpy as np
from numpy.typing import NDArray

from sim.schedule.action import Action
from sim.schedule.chance import Ints
from sim.schedule.transitions import Transitions


def heartbeats(
    transitions: Transitions,
    initial_online: NDArray[np.bool_],
    duration_ns: int,
    interval_ns: int,
    jitter_ns: int,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Due times and machines of all regular heartbeats, by machine and time.

    A machine that is up at the start has a phase of its own, uniform in the interval; one that comes up
    beats every interval from then on, the UP itself being its first. Each beat is moved by a uniform time
    of up to half the jitter either way, and belongs to the time in which the machine is up: none at or
    before the UP, none at or after the DOWN, the CRASH or the window's end.
    """
    phase_ns = rng.integers(0, interval_ns, initial_online.size, dtype=np.int64)
    machine, up_ns, end_ns, first_ns = _spans(transitions, initial_online, duration_ns, phase_ns, interval_ns)
    half_ns = jitter_ns // 2
    counts = np.maximum(0, -((first_ns - end_ns - half_ns) // interval_ns))
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    beat = np.arange(starts.size, dtype=np.int64) - starts
    due_ns = np.repeat(first_ns, counts) + beat * interval_ns
    if half_ns:
        due_ns += rng.integers(-half_ns, half_ns, due_ns.size, dtype=np.int64, endpoint=True)
    kept = (due_ns > np.repeat(up_ns, counts)) & (due_ns < np.repeat(end_ns, counts))
    return due_ns[kept], np.repeat(machine, counts)[kept]


def _spans(
    transitions: Transitions,
    initial_online: NDArray[np.bool_],
    duration_ns: int,
    phase_ns: Ints,
    interval_ns: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """The times in which machines are up: machine, after when, before when, and when the first beat is due.

    The first beat of those that are up at the start is one interval before their phase: jitter may move it
    in.
    """
    numbers = np.arange(initial_online.size, dtype=np.int64)
    firsts = np.searchsorted(transitions.machine, numbers)
    ends_ns = np.append(transitions.due_ns, duration_ns)
    machines = np.append(transitions.machine, -1)
    first_end_ns = np.where(machines[firsts] == numbers, ends_ns[firsts], duration_ns)
    ups = np.flatnonzero(transitions.action == Action.UP)
    next_end_ns = np.where(machines[ups + 1] == machines[ups], ends_ns[ups + 1], duration_ns)
    from_start = numbers[initial_online]
    return (
        np.concatenate([from_start, transitions.machine[ups]]),
        np.concatenate([np.full(from_start.size, -1, np.int64), transitions.due_ns[ups]]),
        np.concatenate([first_end_ns[initial_online], next_end_ns]),
        np.concatenate([phase_ns[initial_online] - interval_ns, transitions.due_ns[ups] + interval_ns]),
    )
