"""Sound worlds: what a target and pages without any defect leave behind, played through event by event.

Agents write, the target announces each change to every subscribed dashboard, pages debounce and refetch, and an answer
shows what was so when it was made. A defect may be put in where events are delivered, so that pages act on it, or in
what was noted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import numpy as np

from sim.checks import Partials, observe
from sim.contract import EVICTION_CODE, StatusCode
from sim.dashboard import Cause
from sim.history import NEVER_NS, NO_LAST_SEEN, History, HistoryBuilder, Outcome, ProbeOutcome, RunFrame, WriteKind
from sim.schedule import ProbeKind
from tests.checks.sockets import Socket

US, MS, S = 1_000, 1_000_000, 1_000_000_000
WINDOW_NS, ENDED_NS = 20 * S, 30 * S
DEBOUNCE_NS, DEADLINE_NS, FRESH_NS = 500 * MS, 2 * S, 8 * S
EVICT_AFTER_NS, SWEEP_NS, POLL_NS, RECONNECT_NS, PING_NS = 6 * S, 2 * S, 700 * MS, 1 * S, 2 * S
CLOCK_MS: Final = 1_700_000_000_000
_LAST_MS: Final = {0: (18_400, 19_000), 1: (18_700,)}
"""The last changes of all, by machine."""
ONLINE, OFFLINE = int(StatusCode.ONLINE), int(StatusCode.OFFLINE)


@dataclass(frozen=True, slots=True)
class Written:
    """A write; it takes effect between sending and answer, and its event leaves then."""

    machine: int
    status: int
    before: int
    sent_ns: int
    acked_ns: int
    kind: WriteKind = WriteKind.HEARTBEAT
    seen_ms: int = 0

    @property
    def effect_ns(self) -> int:
        return (self.sent_ns + self.acked_ns) // 2

    @property
    def is_announced(self) -> bool:
        return self.kind is WriteKind.PATCH or self.status != self.before

    @property
    def last_seen_ms(self) -> int:
        return self.seen_ms if self.kind is WriteKind.PATCH else CLOCK_MS + self.effect_ns // MS


@dataclass(slots=True)
class Event:
    """An event frame at a dashboard, -1 for the socket of a probe; `write` is what it announces."""

    dashboard: int
    arrived_ns: int
    owner: int
    write: Written


@dataclass(slots=True)
class Notes:
    """What was noted of an organisation: arguments of the builder's methods."""

    frame: RunFrame
    writes: list[list[int]] = field(default_factory=list)
    deliveries: list[list[int]] = field(default_factory=list)
    fetches: list[list[int]] = field(default_factory=list)
    states: list[list[int]] = field(default_factory=list)
    machines: list[list[int]] = field(default_factory=list)
    sessions: list[list[int]] = field(default_factory=list)
    mounts: list[list[int]] = field(default_factory=list)
    breaches: list[list[int]] = field(default_factory=list)
    probes: list[list[int]] = field(default_factory=list)
    plain_answers: list[list[int]] = field(default_factory=list)
    odd_answers: list[list[int]] = field(default_factory=list)

    def history(self) -> History:
        builder = HistoryBuilder()
        tellers: list[tuple[Callable[..., None], list[list[int]]]] = [
            (builder.write, self.writes), (builder.delivery, self.deliveries), (builder.fetch, self.fetches),
            (builder.state, self.states), (builder.machine, self.machines), (builder.mount, self.mounts),
            (builder.breach, self.breaches), (builder.probe, self.probes), (builder.plain_answer, self.plain_answers),
            (builder.odd_answer, self.odd_answers), (builder.session, self.sessions),
        ]  # fmt: skip
        for tell, rows in tellers:
            for row in rows:
                tell(*row)
        return builder.build(self.frame, 0)

    def partials(self) -> Partials:
        return observe(self.history(), bytes([self.frame.organisation] * 32))


class Organisation:
    """One sound organisation: what its agents and its target did. Dashboard 0 pings, the others are evicted."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.chance = np.random.default_rng([number, seed])
        self.machines, self.dashboards = self.integer(2, 5), self.integer(2, 4)
        self.first = [ONLINE if self.happens(0.5) else OFFLINE for _ in range(self.machines)]
        self.writes = [write for machine in range(self.machines) for write in self._agent(machine)]
        self.writes += [self._patch(at_s) for at_s in (3, 9)]
        self.writes.sort(key=lambda write: write.sent_ns)
        self.sockets = [socket for dashboard in range(self.dashboards) for socket in self._sockets(dashboard)]
        self.events = [event for write in self.writes if write.is_announced for event in self._announced(write)]

    def integer(self, low: int, high: int) -> int:
        return int(self.chance.integers(low, high))

    def happens(self, probability: float) -> bool:
        return bool(self.chance.random() < probability)

    def status_at(self, machine: int, at_ns: int) -> int:
        """The truth."""
        status = self.first[machine]
        for write in self.writes:
            if write.kind is WriteKind.HEARTBEAT and write.machine == machine and write.effect_ns <= at_ns:
                status = write.status
        return status

    def notes(self) -> Notes:
        """What was noted of all this, with what the pages did about the events."""
        notes = Notes(
            RunFrame(
                organisation=self.number, machines=self.machines, dashboards=self.dashboards, window_ns=WINDOW_NS,
                ended_ns=ENDED_NS, bucket_ns=S, debounce_ns=DEBOUNCE_NS, max_wait_ns=None, loss_deadline_ns=DEADLINE_NS,
                evict_after_ns=EVICT_AFTER_NS, evict_sweep_ns=SWEEP_NS, fresh_within_ns=FRESH_NS,
            )
        )  # fmt: skip
        for machine, status in enumerate(self.first):
            notes.machines.append([machine, -2 * S, status, -2 * S])
        for write in self.writes:
            sent_ns, is_patch = write.sent_ns, write.kind is WriteKind.PATCH
            known = (0, 0) if is_patch else (write.status, write.before)
            seen_ms = write.seen_ms if is_patch else NO_LAST_SEEN
            times = (sent_ns, sent_ns, sent_ns, write.acked_ns)
            notes.writes.append([write.machine, *known, *times, 200, write.kind, seen_ms])
        for event in self.events:
            of = event.write
            frame = (event.dashboard, event.owner, of.machine, of.status, of.last_seen_ms)
            notes.deliveries.append([*frame, event.arrived_ns, event.arrived_ns + 50 * US])
        for socket in self.sockets:
            notes.sessions.append(socket.row(ENDED_NS))
        for kind, k in zip(ProbeKind, count(1)):
            outcome, code = (ProbeOutcome.GRANTED, 200) if kind.is_control else (ProbeOutcome.REFUSED, 403)
            other = 1 - self.number if kind.is_foreign else self.number
            notes.probes.append([kind, k * S, k * S + 5 * MS, other, outcome, code])
        for dashboard in range(self.dashboards):
            notes.mounts.append([dashboard, self._opened_ns(dashboard), NEVER_NS])
            self._page(dashboard, notes)
        return notes

    def _agent(self, machine: int) -> list[Written]:
        """Of four writes the second says nothing new. Some of each 3 s are calm, so that each debounce ends."""
        found: list[Written] = []
        known, now_ns = self.first[machine], self.integer(50, 1_500) * MS
        while now_ns < 17 * S:
            is_echo = len(found) % 4 == 1 or self.happens(0.2)
            status = known if is_echo else ONLINE + OFFLINE - known
            found.append(Written(machine, status, known, now_ns, now_ns + self.integer(2_000, 5_000) * US))
            known, now_ns = status, now_ns + self.integer(300, 2_500) * MS
            if now_ns % (3 * S) > 2_200 * MS:
                now_ns += S
        for last_ms in _LAST_MS.get(machine, ()):
            last_ns, status = last_ms * MS, ONLINE + OFFLINE - known
            found.append(Written(machine, status, known, last_ns, last_ns + 3 * MS))
            known = status
        return found

    def _patch(self, at_s: int) -> Written:
        machine, sent_ns = self.integer(0, self.machines), at_s * S + self.integer(0, 999) * MS
        status = self.status_at(machine, sent_ns)
        seen_ms = CLOCK_MS - 60_000 + at_s * 1_000 + 7
        return Written(machine, status, status, sent_ns, sent_ns + 3 * MS, WriteKind.PATCH, seen_ms)

    def _opened_ns(self, dashboard: int) -> int:
        return -1_500 * MS + 10 * MS * dashboard

    def _sockets(self, dashboard: int) -> list[Socket]:
        opened_ns = self._opened_ns(dashboard)
        if dashboard == 0:
            pings_ns = tuple(range(opened_ns + PING_NS, ENDED_NS, PING_NS))
            return [Socket(dashboard, opened_ns, opened_ns + 3 * MS, NEVER_NS, 0, True, pings_ns, len(pings_ns))]
        found = []
        while opened_ns < ENDED_NS:
            closed_ns = opened_ns + EVICT_AFTER_NS + self.integer(0, SWEEP_NS)
            found.append(Socket(dashboard, opened_ns, opened_ns + 3 * MS, closed_ns, EVICTION_CODE, False))
            opened_ns = closed_ns + RECONNECT_NS
        return found

    def _announced(self, write: Written) -> list[Event]:
        found = []
        for socket in self.sockets:
            arrived_ns = write.effect_ns + self.integer(200, 1_500) * US
            if socket.subscribed_ns <= write.sent_ns and arrived_ns < socket.closed_ns:
                found.append(Event(socket.dashboard, arrived_ns, self.number, write))
        return found

    def _page(self, dashboard: int, notes: Notes) -> None:
        """The debounce, refetches and answers of one page."""
        shown: dict[int, int] = {}
        self._refetch(dashboard, Cause.LOAD, self._opened_ns(dashboard), shown, notes)
        mine = [socket for socket in self.sockets if socket.dashboard == dashboard]
        ticks = [(socket.closed_ns + POLL_NS, False) for socket in mine if socket.closed_ns + POLL_NS < ENDED_NS - S]
        arrivals = [(event.arrived_ns, True) for event in self.events if event.dashboard == dashboard]
        due_ns, has_event = NEVER_NS, False
        for at_ns, is_event in [*sorted(ticks + arrivals), (NEVER_NS, False)]:
            if due_ns <= at_ns and due_ns < NEVER_NS:
                cause = Cause.EVENT if has_event else Cause.POLL
                self._refetch(dashboard, cause, due_ns + 100 * US, shown, notes)
                has_event = False
            due_ns, has_event = at_ns + DEBOUNCE_NS, has_event or is_event

    def _refetch(self, dashboard: int, cause: Cause, sent_ns: int, shown: dict[int, int], notes: Notes) -> None:
        ended_ns = sent_ns + self.integer(8, 20) * MS
        notes.fetches.append([dashboard, cause, sent_ns, ended_ns, Outcome.SHOWN, 1, sent_ns, 0])
        notes.plain_answers.append([dashboard, ended_ns, self.machines, 0])
        for machine in range(self.machines):
            status = self.status_at(machine, (sent_ns + ended_ns) // 2)
            if shown.get(machine) != status:
                shown[machine] = status
                notes.states.append([dashboard, ended_ns, machine, status])
