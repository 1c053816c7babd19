"""What a machine and a dashboard may do by schedule, and the schedules as columns."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sim.schedule.stays import Stay


class Action(IntEnum):
    """What a machine does at its due time."""

    HEARTBEAT = 0  # a regular one, status online
    UP = 1  # the first heartbeat after being away, status online
    DOWN = 2  # the last heartbeat, status offline
    CRASH = 3  # silence begins: nothing is sent


class VisitAction(IntEnum):
    """What happens to a dashboard at its due time."""

    CUT = 0  # its socket is cut
    LEAVE = 1  # the user leaves the page
    RETURN = 2  # the user comes back


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """What the machines of one organisation do, in columns sorted by `due_ns`, then machine.

    Times are nanoseconds from the start of the measured window, all within it. Machines count from 0.
    """

    organisation: int
    machines: int
    initial_online: NDArray[np.bool_]
    """Whether each machine is online at the start: shape (machines,)."""
    due_ns: NDArray[np.int64]
    machine: NDArray[np.int32]
    action: NDArray[np.int8]
    """Values of `Action`."""

    def within(self, from_ns: int, until_ns: int) -> "Schedule":
        """What is due from `from_ns` until before `until_ns`, beginning with the states that hold then."""
        first, end = np.searchsorted(self.due_ns, [from_ns, until_ns])
        online = self.initial_online.copy()
        machine, action = self.machine[:first], self.action[:first]
        online[machine] = np.isin(action, (Action.HEARTBEAT, Action.UP))  # of several the last one stays
        return Schedule(
            self.organisation,
            self.machines,
            online,
            self.due_ns[first:end],
            self.machine[first:end],
            self.action[first:end],
        )

    def digest(self) -> bytes:
        """SHA-256 of the sizes and of the columns as little-endian bytes: equal for equal schedules alone."""
        sizes = np.array([self.organisation, self.machines, self.due_ns.size], "<i8")
        columns = (
            sizes,
            self.initial_online.astype("u1"),
            self.due_ns.astype("<i8", copy=False),
            self.machine.astype("<i4", copy=False),
            self.action.astype("i1", copy=False),
        )
        digest = hashlib.sha256()
        for column in columns:
            digest.update(np.ascontiguousarray(column).data)
        return digest.digest()


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """What happens to the dashboards of one organisation, in columns sorted by `due_ns`, then dashboard.

    Times are nanoseconds from the start of the measured window, all within it. Dashboards count from 0.
    """

    due_ns: NDArray[np.int64]
    dashboard: NDArray[np.int32]
    action: NDArray[np.int8]
    """Values of `VisitAction`."""

    def within(self, from_ns: int, until_ns: int) -> "Visits":
        """What happens from `from_ns` until before `until_ns`."""
        first, end = np.searchsorted(self.due_ns, [from_ns, until_ns])
        return Visits(self.due_ns[first:end], self.dashboard[first:end], self.action[first:end])

    def away_at(self, at_ns: int) -> frozenset[int]:
        """The dashboards whose users are away at this time."""
        away: set[int] = set()
        for due_ns, dashboard, action in zip(self.due_ns, self.dashboard.tolist(), self.action, strict=True):
            if due_ns >= at_ns:
                break
            if action == VisitAction.LEAVE:
                away.add(dashboard)
            elif action == VisitAction.RETURN:
                away.discard(dashboard)
        return frozenset(away)


def combined_digest(digests: Mapping[int, bytes]) -> str:
    """SHA-256 over the digests by organisation number, as hexadecimal text.

    In the order of the numbers, so that the shares of any number of workers give the same.
    """
    digest = hashlib.sha256()
    for organisation in sorted(digests):
        digest.update(organisation.to_bytes(8, "little"))
        digest.update(digests[organisation])
    return digest.hexdigest()


def share_digest(schedule: Schedule, visits: Visits, stays: Sequence[Stay] = ()) -> bytes:
    """SHA-256 of all that one organisation does, machines and dashboards: equal for equal work alone.

    `stays` are its own, in a scenario with stages.
    """
    digest = hashlib.sha256(schedule.digest())
    for column in (
        visits.due_ns.astype("<i8", copy=False),
        visits.dashboard.astype("<i4", copy=False),
        visits.action.astype("i1", copy=False),
        np.array([(stay.from_ns, stay.until_ns) for stay in stays], "<i8"),
    ):
        digest.update(np.ascontiguousarray(column).data)
    return digest.digest()
