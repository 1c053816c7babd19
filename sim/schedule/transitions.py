"""From what each source wishes to what each machine does: transitions that alternate, one at a time."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.schedule.action import Action
from sim.schedule.chance import Ints
from sim.schedule.intents import NO_END, Intents, Wish

_WHEN_ONLINE: Final = {
    Wish.FALL.value: Action.DOWN.value,
    Wish.TOGGLE.value: Action.DOWN.value,
    Wish.ABSENCE.value: Action.DOWN.value,
    Wish.VANISH.value: Action.CRASH.value,
    Wish.BLACKOUT.value: Action.CRASH.value,
}
"""What a wish becomes for a machine that is online; a wish that is not here is void."""

_WHEN_OFFLINE: Final = {Wish.RISE.value: Action.UP.value, Wish.TOGGLE.value: Action.UP.value}
"""What a wish becomes for a machine that is offline; a wish that is not here is void."""


@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """What the machines do, in columns, sorted by machine and then by time."""

    due_ns: Ints
    machine: Ints
    action: Ints


def settled(intents: Intents, initial_online: NDArray[np.bool_], duration_ns: int) -> Transitions:
    """The transitions within the window.

    Wishes are taken in their order. One is void where its machine is not in the state that it needs, where
    the machine is within an absence or a blackout (nothing but its end brings it back), or where the
    machine has just acted at the same nanosecond.
    """
    due, machine, action = _walked(intents, initial_online.tolist())
    columns = np.array([due, machine, action], np.int64)
    columns = columns[:, columns[0] < duration_ns]
    order = np.lexsort((columns[0], columns[1]))
    return Transitions(*columns[:, order])


def _walked(intents: Intents, online: list[bool]) -> tuple[list[int], list[int], list[int]]:
    due: list[int] = []
    machine: list[int] = []
    action: list[int] = []
    back_ns = [NO_END] * len(online)
    acted_ns = [NO_END] * len(online)

    def act(at_ns: int, who: int, what: int) -> None:
        due.append(at_ns)
        machine.append(who)
        action.append(what)
        acted_ns[who] = at_ns
        online[who] = what == Action.UP

    rows = zip(
        intents.at_ns.tolist(),
        intents.machine.tolist(),
        intents.wish.tolist(),
        intents.end_ns.tolist(),
        strict=True,
    )
    for at_ns, who, wish, end_ns in rows:
        if back_ns[who] > at_ns:
            continue
        if back_ns[who] != NO_END:
            act(back_ns[who], who, Action.UP.value)
            back_ns[who] = NO_END
        what = (_WHEN_ONLINE if online[who] else _WHEN_OFFLINE).get(wish)
        if what is not None and acted_ns[who] < at_ns:
            act(at_ns, who, what)
            back_ns[who] = end_ns
    for who, at_ns in enumerate(back_ns):
        if at_ns != NO_END:
            act(at_ns, who, Action.UP.value)
    return due, machine, action
