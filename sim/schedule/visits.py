"""What happens to one organisation's dashboards by schedule: users leave and come back, sockets are cut."""

import numpy as np

from sim.scenario import MassReconnect, Scenario
from sim.schedule.action import VisitAction, Visits
from sim.schedule.chance import Ints, Purpose, arrivals, chosen, ns_of, stream, takes_part
from sim.schedule.sizes import sizes_for

_S_PER_HOUR = 3600
Row = tuple[int, int, int]


def visits_for(scenario: Scenario, seed: int, organisation: int) -> Visits:
    """The visits of organisation `organisation`, counted from 0, within the measured window.

    Users leave as a Poisson process per dashboard and are away for a set time; a leave or a cut that falls
    on a dashboard whose user is away is void, and so is a second one at the same nanosecond.
    """
    dashboards = sizes_for(scenario, seed, organisation).dashboards
    wishes = _leaves(scenario, seed, organisation, dashboards) + _cuts(scenario, seed, organisation, dashboards)
    rows = _settled(sorted(wishes), dashboards, ns_of(scenario.dashboard.away_s))
    duration_ns = ns_of(scenario.duration_s)
    columns = np.array(sorted(row for row in rows if row[0] < duration_ns), np.int64).reshape(-1, 3)
    return Visits(columns[:, 0].copy(), columns[:, 1].astype(np.int32), columns[:, 2].astype(np.int8))


def _leaves(scenario: Scenario, seed: int, organisation: int, dashboards: int) -> list[Row]:
    events_per_s = scenario.dashboard.leaves_per_hour * dashboards / _S_PER_HOUR
    rng = stream(seed, organisation, Purpose.VISITS)
    at_ns = arrivals(rng, events_per_s, ns_of(scenario.duration_s))
    who = rng.integers(0, max(dashboards, 1), at_ns.size, dtype=np.int64)
    return _rows(at_ns, who, VisitAction.LEAVE)


def _cuts(scenario: Scenario, seed: int, organisation: int, dashboards: int) -> list[Row]:
    rows: list[Row] = []
    for number, burst in enumerate(scenario.bursts):
        taking = takes_part(organisation, scenario.fleet.organisations, burst.organisations)
        if isinstance(burst, MassReconnect) and taking:
            who = chosen(stream(seed, organisation, Purpose.CUT, number), burst.share, dashboards)
            rows += _rows(np.full(who.size, ns_of(burst.at_s), np.int64), who, VisitAction.CUT)
    return rows


def _rows(at_ns: Ints, who: Ints, action: VisitAction) -> list[Row]:
    return [(at, dashboard, action.value) for at, dashboard in zip(at_ns.tolist(), who.tolist(), strict=True)]


def _settled(wishes: list[Row], dashboards: int, away_ns: int) -> list[Row]:
    rows: list[Row] = []
    busy_until_ns = [-1] * dashboards
    for at_ns, who, action in wishes:
        if at_ns <= busy_until_ns[who]:
            continue
        rows.append((at_ns, who, action))
        busy_until_ns[who] = at_ns
        if action == VisitAction.LEAVE:
            busy_until_ns[who] += away_ns
            rows.append((busy_until_ns[who], who, VisitAction.RETURN.value))
    return rows
