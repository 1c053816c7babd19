"""Defects, one at a time: how to put each into a sound organisation, and which findings must then fail.

`told` defects change which events reach whom, so that the pages act on them; `noted` ones change what was noted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from sim.contract import EVICTION_CODE
from sim.dashboard import Cause
from sim.history import NEVER_NS, Breach, Outcome, ProbeOutcome, WriteKind
from sim.schedule import ProbeKind
from tests.checks.sound import DEADLINE_NS, FRESH_NS, MS, OFFLINE, ONLINE, US, Event, Notes, Organisation, S

Told = Callable[[Organisation, Organisation], None]
"""Changes the events of the first organisation; the second one is the other."""

Noted = Callable[[Organisation, Notes], None]


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect; `findings` are those that must fail."""

    findings: frozenset[str]
    told: Told | None = None
    noted: Noted | None = None


def _drop(house: Organisation, _: Organisation) -> None:
    """An event of a transition that a later refetch shows nevertheless, at a page whose socket stays open."""
    early = [event for event in _beats(house) if event.dashboard == 0 and event.arrived_ns < 8 * S]
    house.events.remove(_one(house, early))


def _delay(house: Organisation, _: Organisation) -> None:
    """The last event of a dashboard comes after the deadline."""
    last = max((event for event in _beats(house) if event.dashboard == 0), key=lambda event: event.arrived_ns)
    last.arrived_ns = last.write.sent_ns + DEADLINE_NS + 100 * MS


def _repeat(house: Organisation, _: Organisation) -> None:
    event = _one(house, _beats(house))
    house.events.append(Event(event.dashboard, event.arrived_ns + 300 * US, event.owner, event.write))


def _swap_of_one_machine(house: Organisation, _: Organisation) -> None:
    _swap(house, lambda one, other: one.write.machine == other.write.machine)


def _swap_of_two_machines(house: Organisation, _: Organisation) -> None:
    def differ(one: Event, other: Event) -> bool:
        return one.write.machine != other.write.machine and one.write.acked_ns + 100 * MS <= other.write.sent_ns

    _swap(house, differ)


def _swap(house: Organisation, fits: Callable[[Event, Event], bool]) -> None:
    """An event comes just after a later one, before its deadline."""
    pairs = [
        (one, other)
        for one in _beats(house)
        for other in _beats(house)
        if one.dashboard == other.dashboard and fits(one, other)
        if one.arrived_ns < other.arrived_ns < one.write.sent_ns + DEADLINE_NS - S // 2
    ]
    one, other = pairs[house.integer(0, len(pairs))]
    one.arrived_ns = other.arrived_ns + 100 * US


def _echo(house: Organisation, _: Organisation) -> None:
    """A heartbeat that changed nothing is announced at one dashboard."""
    echoes = [write for write in house.writes if not write.is_announced and write.sent_ns < 15 * S]
    write = echoes[house.integer(0, len(echoes))]
    house.events.append(Event(0, write.effect_ns + MS, house.number, write))


def _silent_patch(house: Organisation, _: Organisation) -> None:
    """A PATCH is announced to nobody."""
    patch = next(write for write in house.writes if write.kind is WriteKind.PATCH)
    house.events = [event for event in house.events if event.write != patch]


def _lost_patch(house: Organisation, _: Organisation) -> None:
    """A PATCH is announced to all dashboards but one, whose socket stays open."""
    patches = [event for event in house.events if event.write.kind is WriteKind.PATCH]
    told = [event for event in patches if sum(event.write == other.write for other in patches) > 1]
    house.events.remove(_one(house, [event for event in told if event.dashboard == 0]))


def _foreign_event(house: Organisation, other: Organisation) -> None:
    event = _one(house, _beats(other))
    house.events.append(Event(0, event.arrived_ns, other.number, event.write))


def _foreign_event_on_a_probe(house: Organisation, other: Organisation) -> None:
    event = _one(house, _beats(other))
    house.events.append(Event(-1, event.arrived_ns, other.number, event.write))


def _foreign_row(house: Organisation, notes: Notes) -> None:
    _odd_answer(house, notes, foreign=1)


def _leaked_count(house: Organisation, notes: Notes) -> None:
    _odd_answer(house, notes, excess=2)


def _miscount(house: Organisation, notes: Notes) -> None:
    _odd_answer(house, notes, wrong=1)


def _odd_answer(house: Organisation, notes: Notes, foreign: int = 0, excess: int = 0, wrong: int = 0) -> None:
    dashboard, at_ns, own, unknown = notes.plain_answers.pop(house.integer(0, len(notes.plain_answers)))
    notes.odd_answers.append([dashboard, at_ns, own, foreign, unknown, 1 - house.number, excess, wrong])


def _excess_refetch(house: Organisation, notes: Notes) -> None:
    """One more, soon after another."""
    dashboard, _, _, ended_ns, *_ = _refetch(house, notes)
    sent_ns = ended_ns + 10 * MS
    notes.fetches.append([dashboard, Cause.EVENT, sent_ns, sent_ns + MS, Outcome.SHOWN, 1, sent_ns, 0])
    notes.plain_answers.append([dashboard, sent_ns + MS, house.machines, 0])


def _breach(house: Organisation, notes: Notes) -> None:
    notes.breaches.append([0, house.integer(0, 20) * S, house.integer(0, len(Breach))])


def _fatal_frame(house: Organisation, notes: Notes) -> None:
    _evicted(house, notes)[4] = 1009


def _no_pong(house: Organisation, notes: Notes) -> None:
    (session,) = (row for row in notes.sessions if row[0] == 0)
    session[7] = house.integer(1, 20) * S


def _failed_heartbeat(house: Organisation, notes: Notes) -> None:
    """One that said nothing new, so that nothing is in doubt."""
    echoes = [row for row in notes.writes if row[1] == row[2] != 0]
    echoes[house.integer(0, len(echoes))][7] = 503


def _retried_refetch(house: Organisation, notes: Notes) -> None:
    fetch = _refetch(house, notes)
    fetch[5], fetch[7] = 2, 1


def _refused_control(house: Organisation, notes: Notes) -> None:
    _ended(house, notes, [kind for kind in ProbeKind if kind.is_control], ProbeOutcome.REFUSED, 403)


def _granted_foreign_probe(house: Organisation, notes: Notes) -> None:
    foreign = [ProbeKind.FOREIGN_RPC, ProbeKind.FOREIGN_ROWS, ProbeKind.FOREIGN_SOCKET]
    _ended(house, notes, foreign, ProbeOutcome.GRANTED, 200)


def _widened_filter(house: Organisation, notes: Notes) -> None:
    _ended(house, notes, [ProbeKind.FOREIGN_FILTER], ProbeOutcome.GRANTED, 101)


def _granted_bad_token(house: Organisation, notes: Notes) -> None:
    bad = [kind for kind in ProbeKind if not kind.is_control and not kind.is_foreign]
    _ended(house, notes, bad, ProbeOutcome.GRANTED, 200)


def _ended(house: Organisation, notes: Notes, kinds: list[ProbeKind], outcome: ProbeOutcome, code: int) -> None:
    kind = kinds[house.integer(0, len(kinds))]
    probe = next(row for row in notes.probes if row[0] == kind)
    probe[4], probe[5] = outcome, code


def _early_eviction(house: Organisation, notes: Notes) -> None:
    """The page had pinged a second before."""
    session = _evicted(house, notes)
    session[6] = session[3] - S


def _no_eviction(_: Organisation, notes: Notes) -> None:
    """A page that never pinged kept its socket."""
    (session,) = (row for row in notes.sessions if row[0] == 0)
    session[6] = session[1]


def _cut(house: Organisation, notes: Notes) -> None:
    _evicted(house, notes)[4] = 1006


def _no_socket(house: Organisation, notes: Notes) -> None:
    """A page that waits for its socket without end."""
    notes.frame = msgspec.structs.replace(notes.frame, dashboards=house.dashboards + 1)
    notes.mounts.append([house.dashboards, -S, NEVER_NS])


def _refused_upgrade(_: Organisation, notes: Notes) -> None:
    """Before the first socket of a page."""
    opened_ns = min(row[1] for row in notes.sessions) - S
    notes.sessions.append([0, opened_ns, NEVER_NS, opened_ns + MS, 429, False, opened_ns, NEVER_NS])


def _wrong_row(house: Organisation, notes: Notes) -> None:
    """One answer shows a machine otherwise than it is; the next one shows it as it is."""
    dashboard, _, _, shown_ns, *_ = _refetch(house, notes)
    later = [row for row in notes.fetches if row[0] == dashboard and row[3] > shown_ns]
    _, _, sent_ns, next_ns, *_ = min(later, key=lambda row: row[3])
    machine = house.integer(0, house.machines)
    notes.states = [row for row in notes.states if row[:3] != [dashboard, shown_ns, machine]]
    notes.states.append([dashboard, shown_ns, machine, ONLINE + OFFLINE - house.status_at(machine, shown_ns)])
    notes.states.append([dashboard, next_ns, machine, house.status_at(machine, (sent_ns + next_ns) // 2)])


def _slow_answer(_: Organisation, notes: Notes) -> None:
    """The last answer of a page comes late, so that it shows a change too late."""
    fetch = max((row for row in notes.fetches if row[0] == 0), key=lambda row: row[2])
    _show(notes, fetch, fetch[3] + FRESH_NS)


def _answered_before_it_was_asked(house: Organisation, notes: Notes) -> None:
    """One that shows a change."""
    showing = [fetch for fetch in _refetches(house, notes) if any(fetch[3] == row[1] for row in notes.states)]
    fetch = showing[house.integer(0, len(showing))]
    _show(notes, fetch, fetch[2] - MS)


def _show(notes: Notes, fetch: list[int], at_ns: int) -> None:
    """The answer to a refetch is shown at this time instead."""
    for rows in (notes.states, notes.plain_answers):
        for row in rows:
            if row[:2] == [fetch[0], fetch[3]]:
                row[1] = at_ns
    fetch[3] = at_ns


def _beats(house: Organisation) -> list[Event]:
    """Events of transitions."""
    return [event for event in house.events if event.write.kind is WriteKind.HEARTBEAT]


def _one(house: Organisation, events: list[Event]) -> Event:
    return events[house.integer(0, len(events))]


def _refetches(house: Organisation, notes: Notes) -> list[list[int]]:
    """Refetches that events caused, with no write near, and soon followed by another one of their page."""
    return [
        row
        for row in notes.fetches
        if row[1] == Cause.EVENT
        if any(row[0] == other[0] and row[3] < other[3] < row[3] + 4 * S for other in notes.fetches)
        if not any(row[2] - 30 * MS < write.sent_ns < row[3] + 30 * MS for write in house.writes)
    ]


def _refetch(house: Organisation, notes: Notes) -> list[int]:
    found = _refetches(house, notes)
    return found[house.integer(0, len(found))]


def _evicted(house: Organisation, notes: Notes) -> list[int]:
    found = [row for row in notes.sessions if row[4] == EVICTION_CODE]
    return found[house.integer(0, len(found))]


def _is(*findings: str) -> frozenset[str]:
    return frozenset(findings)


DEFECTS: Final[Mapping[str, Defect]] = {
    "an event is dropped": Defect(_is("loss"), told=_drop),
    "an event comes after the deadline": Defect(_is("loss"), told=_delay),
    "a PATCH is announced to all but one": Defect(_is("loss"), told=_lost_patch),
    "an event comes twice": Defect(_is("announcements"), told=_repeat),
    "a heartbeat without a change is announced": Defect(_is("announcements"), told=_echo),
    "a PATCH is announced to nobody": Defect(_is("announcements"), told=_silent_patch),
    "two events of a machine are swapped": Defect(_is("order"), told=_swap_of_one_machine),
    "two events of two machines are swapped": Defect(_is("order"), told=_swap_of_two_machines),
    "an event of another organisation": Defect(_is("leakage"), told=_foreign_event),
    "an event of another organisation at a probe": Defect(_is("leakage"), told=_foreign_event_on_a_probe),
    "a row of another organisation": Defect(_is("leakage"), noted=_foreign_row),
    "a count of another organisation": Defect(_is("leakage"), noted=_leaked_count),
    "a probe of another organisation is granted": Defect(_is("leakage", "refusals"), noted=_granted_foreign_probe),
    "a filter widens": Defect(_is("leakage"), told=_foreign_event_on_a_probe, noted=_widened_filter),
    "a bad token is accepted": Defect(_is("refusals"), noted=_granted_bad_token),
    "a refetch too many": Defect(_is("excess"), noted=_excess_refetch),
    "a message out of the contract": Defect(_is("protocol"), noted=_breach),
    "a frame that is too large": Defect(_is("protocol"), noted=_fatal_frame),
    "a ping without a pong": Defect(_is("protocol"), noted=_no_pong),
    "a heartbeat fails": Defect(_is("availability"), noted=_failed_heartbeat),
    "a refetch is retried": Defect(_is("availability"), noted=_retried_refetch),
    "a control is refused": Defect(_is("availability"), noted=_refused_control),
    "an upgrade is refused": Defect(_is("availability"), noted=_refused_upgrade),
    "an early eviction": Defect(_is("blind"), noted=_early_eviction),
    "no eviction": Defect(_is("blind"), noted=_no_eviction),
    "a socket is cut": Defect(_is("blind"), noted=_cut),
    "a page without a socket": Defect(_is("blind"), noted=_no_socket),
    "an answer shows a wrong row": Defect(_is("convergence"), noted=_wrong_row),
    "an answer miscounts": Defect(_is("convergence"), noted=_miscount),
    "an answer comes too late": Defect(_is("starvation", "staleness"), noted=_slow_answer),
    "an answer before it was asked for": Defect(_is("latency"), noted=_answered_before_it_was_asked),
}
