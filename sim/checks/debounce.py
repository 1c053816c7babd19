"""The debounce rule, written down a second time and without the page: when refetches are due for given deliveries."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.history import NEVER_NS

Ints = NDArray[np.int64]

BOUNDARY_NS: Final = 2_000_000
"""A gap that is shorter than the window, or the maximum wait, by less than this may count as either: which of two
callbacks of one turn of the generator's loop came first is chance. Refetches so close to each other are of one turn."""


def due_refetches(arrived_ns: Ints, debounce_ns: int, max_wait_ns: int | None) -> Ints:
    """When refetches are due for deliveries at these sorted times: int64, sorted.

    An event at exactly the time a refetch is due comes after it. Without a debounce each event has its own.
    """
    if debounce_ns == 0 or not len(arrived_ns):
        return arrived_ns
    ends = np.flatnonzero(np.diff(arrived_ns) >= debounce_ns)
    last_ns = arrived_ns[np.append(ends, len(arrived_ns) - 1)]
    if max_wait_ns is None:
        return np.asarray(last_ns + debounce_ns)
    return _due_with_maximum(arrived_ns, debounce_ns, max_wait_ns)


def boundary_deliveries(arrived_ns: Ints, debounce_ns: int, max_wait_ns: int | None) -> int:
    """How many of the deliveries at these sorted times came within BOUNDARY_NS of the end of the wait that ran."""
    if debounce_ns == 0 or not len(arrived_ns):
        return 0
    is_near = np.zeros(len(arrived_ns), np.bool_)
    is_near[1:] = np.abs(np.diff(arrived_ns) - debounce_ns) <= BOUNDARY_NS
    if max_wait_ns is not None:
        due_ns = np.concatenate(([-NEVER_NS], due_refetches(arrived_ns, debounce_ns, max_wait_ns), [NEVER_NS]))
        following = np.searchsorted(due_ns, arrived_ns)
        apart_ns = np.minimum(arrived_ns - due_ns[following - 1], due_ns[following] - arrived_ns)
        is_near |= apart_ns <= BOUNDARY_NS
    return int(np.count_nonzero(is_near))


def _due_with_maximum(arrived_ns: Ints, debounce_ns: int, max_wait_ns: int) -> Ints:
    due: list[int] = []
    first_ns = int(arrived_ns[0])
    deadline_ns = first_ns + min(debounce_ns, max_wait_ns)
    for at_ns in arrived_ns[1:].tolist():
        if deadline_ns <= at_ns:
            due.append(deadline_ns)
            first_ns = at_ns
        deadline_ns = min(at_ns + debounce_ns, first_ns + max_wait_ns)
    return np.array([*due, deadline_ns], np.int64)
