"""The schedule of one organisation's machines: a pure function of (scenario, seed, organisation)."""

import numpy as np
from numpy.typing import NDArray

from sim.scenario import Scenario
from sim.schedule.action import Action, Schedule
from sim.schedule.chance import Purpose, chosen, ns_of, stream
from sim.schedule.heartbeats import heartbeats
from sim.schedule.intents import intents_for
from sim.schedule.sizes import sizes_for
from sim.schedule.transitions import settled


def schedule_for(scenario: Scenario, seed: int, organisation: int) -> Schedule:
    """What the machines of organisation `organisation`, counted from 0, do within the measured window.

    It depends on nothing but the arguments: equal ones give an equal schedule, whoever computes it.
    """
    machines = sizes_for(scenario, seed, organisation).machines
    duration_ns = ns_of(scenario.duration_s)
    online = np.zeros(machines, np.bool_)
    online[chosen(stream(seed, organisation, Purpose.ONLINE), scenario.fleet.online_share, machines)] = True
    if scenario.fleet.actors == "dashboards":
        return _idle(organisation, online)
    transitions = settled(intents_for(scenario, seed, organisation, machines), online, duration_ns)
    beat_ns, beating = heartbeats(
        transitions,
        online,
        duration_ns,
        ns_of(scenario.heartbeat.interval_s),
        ns_of(scenario.heartbeat.jitter_s),
        stream(seed, organisation, Purpose.HEARTBEATS),
    )
    due_ns = np.concatenate([transitions.due_ns, beat_ns])
    machine = np.concatenate([transitions.machine, beating]).astype(np.int32)
    action = np.full(due_ns.size, Action.HEARTBEAT, np.int8)
    action[: transitions.action.size] = transitions.action
    order = np.lexsort((machine, due_ns))
    return Schedule(organisation, machines, online, due_ns[order], machine[order], action[order])


def _idle(organisation: int, online: NDArray[np.bool_]) -> Schedule:
    """Nothing is done: whose machines these are, and what they do, is somebody else's."""
    nothing = np.empty(0, np.int64)
    return Schedule(organisation, online.size, online, nothing, nothing.astype(np.int32), nothing.astype(np.int8))
