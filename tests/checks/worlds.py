"""Random small worlds: some organisations, with nearly everything that can be in a history in it, faults included.

Each has two seasons with quiet between them: at CUT_MS nothing is under way, so that `parts` can cut it there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
from hypothesis import strategies as st

from sim.checks import Partials, observe
from sim.contract import EVICTION_CODE, StatusCode
from sim.dashboard import Cause
from sim.history import (
    NEVER_NS,
    NO_LAST_SEEN,
    UNKNOWN_OWNER,
    Breach,
    History,
    HistoryBuilder,
    Outcome,
    ProbeOutcome,
    RunFrame,
    WriteKind,
)
from sim.schedule import ProbeKind
from tests.checks.sockets import Socket

MS = 1_000_000
WINDOW_MS = 10_000
CUT_MS, LAG_MS = 7_000, 50
ENDED_MS = 14_000
BUCKET_NS = 1_000 * MS
ONLINE, OFFLINE = int(StatusCode.ONLINE), int(StatusCode.OFFLINE)
STATUSES = (ONLINE, OFFLINE, int(StatusCode.ABSENT), int(StatusCode.UNKNOWN))

Fact = tuple[int, Callable[[HistoryBuilder], None]]
"""When it was noted, and how it is told."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a world is made of."""

    seed: int
    organisations: int
    grid_ms: int
    """Times of sockets are multiples of it."""
    max_wait_ns: int | None


@dataclass(frozen=True, slots=True)
class Season:
    """A time in which things happen, in milliseconds."""

    begin_ms: int
    last_write_ms: int
    """Agents write nothing from here on, and what is odd happens by 2 s later."""
    calm_ms: int
    """Each delivery of its writes has come and is due to be shown."""


SEASONS = (Season(-500, 2_900, 6_000), Season(CUT_MS + LAG_MS, WINDOW_MS, 13_100))

grounds = st.builds(
    Ground,
    seed=st.integers(0, 2**32 - 1),
    organisations=st.integers(1, 3),
    grid_ms=st.just(1),
    max_wait_ns=st.sampled_from([None, 800 * MS]),
)


def world(ground: Ground) -> list[History]:
    """The histories of its organisations."""
    return [organisation.history() for organisation in _organisations(ground)]


def parts(ground: Ground) -> list[tuple[History, History]]:
    """The same, cut into two parts where nothing is under way, a little after the time where the first part ends."""
    return [organisation.parts() for organisation in _organisations(ground)]


worlds = grounds.map(world)


def partials(history: History) -> Partials:
    """Its partial results, with a digest that tells the organisation."""
    return observe(history, bytes([history.frame.organisation] * 32))


def _organisations(ground: Ground) -> "list[_Organisation]":
    chance = np.random.default_rng(ground.seed)
    return [_Organisation(number, chance, ground) for number in range(ground.organisations)]


class _Organisation:
    def __init__(self, number: int, chance: np.random.Generator, ground: Ground) -> None:
        self.number = number
        self.chance = chance
        self.ground = ground
        self.dashboards = self.integer(0, 3)
        self.machines = self.integer(1, 4)
        self.facts: list[Fact] = []
        self.sockets: list[Socket] = []
        self.visits: list[tuple[int, int, int]] = []
        self.known = [OFFLINE] * self.machines
        self.frame = RunFrame(
            organisation=number, machines=self.machines + 1, dashboards=self.dashboards, window_ns=WINDOW_MS * MS,
            ended_ns=ENDED_MS * MS, bucket_ns=BUCKET_NS, debounce_ns=500 * MS, max_wait_ns=ground.max_wait_ns,
            loss_deadline_ns=2_000 * MS, evicts=self.happens(0.8), evict_after_ns=3_000 * MS, evict_sweep_ns=1_000 * MS,
            offline_after_ns=4_000 * MS, fresh_within_ns=1_000 * MS, unsent_writes=self.integer(0, 2),
        )  # fmt: skip
        for machine in range(self.machines):
            at_ns, status = -self.integer(600, 900) * MS, OFFLINE if self.happens(0.8) else StatusCode.UNKNOWN
            self.note(-1_000 * MS, _machine(machine, at_ns, status))
        for dashboard in range(self.dashboards):
            self.page(dashboard)
        for season in SEASONS:
            self.happen(season)

    def integer(self, low: int, high: int) -> int:
        return int(self.chance.integers(low, high))

    def happens(self, probability: float) -> bool:
        return bool(self.chance.random() < probability)

    def note(self, at_ns: int, tell: Callable[[HistoryBuilder], None]) -> None:
        self.facts.append((at_ns, tell))

    def history(self) -> History:
        builder = HistoryBuilder()
        self.tell(builder, -NEVER_NS, NEVER_NS)
        return builder.build(self.frame, 0)

    def parts(self) -> tuple[History, History]:
        builder, cut_ns, seen_ns = HistoryBuilder(), CUT_MS * MS, (CUT_MS + LAG_MS) * MS
        self.tell(builder, -NEVER_NS, seen_ns)
        frame = msgspec.structs.replace(self.frame, ended_ns=cut_ns, is_last=False, unsent_writes=0)
        first = builder.cut(frame, 0)
        self.tell(builder, seen_ns, NEVER_NS)
        return first, builder.build(msgspec.structs.replace(self.frame, from_ns=cut_ns), 0)

    def tell(self, builder: HistoryBuilder, from_ns: int, until_ns: int) -> None:
        """What was noted in this time, and what lasted into it."""
        for at_ns, tell in self.facts:
            if from_ns <= at_ns < until_ns:
                tell(builder)
        for socket in self.sockets:
            if socket.opened_ns < until_ns and socket.closed_ns >= from_ns:
                _session(builder, socket.row(until_ns))
        for dashboard, begin_ns, end_ns in self.visits:
            if begin_ns < until_ns and end_ns >= from_ns:
                builder.mount(dashboard, begin_ns, end_ns if end_ns < until_ns else NEVER_NS)

    def happen(self, season: Season) -> None:
        self.beacon(season)
        for machine in range(self.machines):
            self.agent(machine, season)
        for _ in range(self.integer(0, 4)):
            self.probe(season)
        for dashboard in range(self.dashboards):
            self.odd_events(dashboard, season)
            self.fetches(dashboard, season)

    def page(self, dashboard: int) -> None:
        """A page, perhaps left and opened again, with sockets one after the other; one may be refused first."""
        from_ms = self.on_grid(-1_000, 3_000)
        left_ms = self.on_grid(3_000, 12_000)
        if self.happens(0.3):
            left_ms, back_ms = (
                at_ms + LAG_MS * (CUT_MS <= at_ms < CUT_MS + LAG_MS) for at_ms in (left_ms, left_ms + 200)
            )
            self.visits += [(dashboard, from_ms * MS, left_ms * MS), (dashboard, back_ms * MS, NEVER_NS)]
        else:
            self.visits.append((dashboard, from_ms * MS, NEVER_NS))
        if self.happens(0.2):
            at_ns = from_ms * MS
            self.sockets.append(Socket(dashboard, at_ns, NEVER_NS, at_ns, 403, False))
        while from_ms < ENDED_MS:
            until_ms = from_ms + self.on_grid(500, 9_000)
            closed_ns = until_ms * MS if until_ms < ENDED_MS else NEVER_NS
            code = int(self.chance.choice([EVICTION_CODE, EVICTION_CODE, 0, 1000, 1006])) if closed_ns < NEVER_NS else 0
            by_us = code == 0 and (closed_ns == NEVER_NS or self.happens(0.7))
            pings_ns = tuple(range(from_ms * MS, min(closed_ns, ENDED_MS * MS), self.integer(600, 9_000) * MS))
            unponged = self.integer(1, 4) if self.happens(0.3) else len(pings_ns)
            self.sockets.append(
                Socket(dashboard, from_ms * MS, from_ms * MS, closed_ns, code, by_us, pings_ns[1:], unponged)
            )
            from_ms = until_ms + self.on_grid(200, 3_000)

    def beacon(self, season: Season) -> None:
        """A machine apart, seen by a probe alone, by which each part learns how the target's clock goes."""
        for sent_ms in range(season.begin_ms + 1, season.begin_ms + 50, 10):
            sent_ns = sent_ms * MS
            write = (self.machines, ONLINE, 0, sent_ns, sent_ns, sent_ns, sent_ns + 2 * MS, 200)
            event = (-1, self.number, self.machines, ONLINE, sent_ms, sent_ns + MS, sent_ns + MS)
            self.note(sent_ns + 2 * MS, _write(*write))
            self.note(sent_ns + MS, _delivery(*event))

    def agent(self, machine: int, season: Season) -> None:
        """Writes one after the other; their events come late, twice, or not at all."""
        now_ns = (season.begin_ms + self.integer(1, 2_000)) * MS
        while now_ns < season.last_write_ms * MS:
            known = self.known[machine]
            status = known if self.happens(0.2) else (ONLINE if known == OFFLINE else OFFLINE)
            acked_ns = now_ns + self.integer(1, 200 * MS)
            answer = 500 if self.happens(0.1) else 200
            due_ns = now_ns - self.integer(0, 20 * MS)
            row = (machine, status, known, due_ns, due_ns, now_ns, acked_ns, answer)
            self.note(acked_ns, _write(*row))
            for dashboard in range(self.dashboards):
                self.deliver(dashboard, machine, status, now_ns // MS, now_ns)
            if answer == 200:
                self.known[machine] = status
            now_ns = acked_ns + self.integer(1, 2_000 * MS)

    def deliver(self, dashboard: int, machine: int, status: int, last_seen_ms: int, sent_ns: int) -> None:
        for _ in range(2 if self.happens(0.1) else 1):
            at_ns = sent_ns + self.integer(0, 2_500 * MS if self.happens(0.2) else 50 * MS)
            if self.is_open(dashboard, at_ns) and self.happens(0.9):
                late_ns = self.integer(0, 5 * MS)
                row = (dashboard, self.number, machine, status, last_seen_ms, at_ns, at_ns + late_ns)
                self.note(at_ns, _delivery(*row))

    def is_open(self, dashboard: int, at_ns: int) -> bool:
        sockets = (socket for socket in self.sockets if socket.dashboard == dashboard)
        is_subscribed = any(socket.subscribed_ns <= at_ns < socket.closed_ns for socket in sockets)
        return is_subscribed and self.is_visited(dashboard, at_ns)

    def is_visited(self, dashboard: int, at_ns: int) -> bool:
        return any(who == dashboard and begin_ns <= at_ns < end_ns for who, begin_ns, end_ns in self.visits)

    def odd_events(self, dashboard: int, season: Season) -> None:
        """Of others, of nobody, of the cleanup job; on the socket of a probe; and messages out of the contract."""
        last_ms = season.last_write_ms + 2_000
        for owner in (self.number + 1, UNKNOWN_OWNER, self.number):
            if self.happens(0.4):
                at_ns = self.integer(season.begin_ms, last_ms) * MS
                stamp = NO_LAST_SEEN if owner == self.number else at_ns // MS
                where = -1 if self.happens(0.2) or not self.is_visited(dashboard, at_ns) else dashboard
                row = (where, owner, 0, OFFLINE, stamp, at_ns, at_ns)
                self.note(at_ns, _delivery(*row))
        if self.happens(0.2):
            at_ns = self.integer(season.begin_ms, last_ms) * MS
            self.note(at_ns, lambda b: b.breach(dashboard, at_ns, Breach.FRAME))

    def probe(self, season: Season) -> None:
        """A probe of any kind with any outcome; a PATCH is a write, too."""
        at_ns = self.integer(season.begin_ms, season.last_write_ms) * MS
        kind, ended_ns = ProbeKind(self.integer(0, len(ProbeKind))), at_ns + self.integer(1, 200 * MS)
        outcome, code = ProbeOutcome(self.integer(0, 3)), self.integer(200, 500)
        other = self.number + 1 if kind.is_foreign else self.number
        self.note(ended_ns, lambda b: b.probe(kind, at_ns, ended_ns, other, outcome, code))
        if kind is ProbeKind.OWN_PATCH:
            machine, seen_ms = self.integer(0, self.machines), at_ns // MS - 17
            http_status = 200 if outcome == ProbeOutcome.GRANTED else code
            row = (machine, 0, 0, at_ns, at_ns, at_ns, ended_ns, http_status, WriteKind.PATCH, seen_ms)
            self.note(ended_ns, _write(*row))
            for dashboard in range(self.dashboards):
                self.deliver(dashboard, machine, self.known[machine], seen_ms, at_ns)

    def fetches(self, dashboard: int, season: Season) -> None:
        """Refetches at random times, each cancelled by the next one if it takes too long; the last one is shown."""
        now_ns = (season.begin_ms + self.integer(1, 400)) * MS
        cause = Cause.LOAD if season is SEASONS[0] else Cause.EVENT
        while now_ns < season.calm_ms * MS:
            next_ns = now_ns + self.integer(1, 2_000 * MS)
            ended_ns = now_ns + self.integer(1, 1_500 * MS)
            outcome = Outcome.SHOWN if ended_ns < next_ns else Outcome.CANCELLED
            if self.happens(0.1):
                outcome = Outcome.FAILED
            if next_ns >= season.calm_ms * MS:
                ended_ns, next_ns, outcome = season.calm_ms * MS, season.calm_ms * MS, Outcome.CANCELLED
            self.fetch(dashboard, cause, now_ns, min(ended_ns, next_ns), outcome, self.integer(1, 4))
            now_ns, cause = next_ns, (Cause.EVENT if self.happens(0.8) else Cause.POLL)
        if season is SEASONS[0] or self.happens(0.5):
            shown_ns = now_ns + self.integer(1, 800 * MS)
            self.fetch(dashboard, Cause.EVENT, now_ns, shown_ns, Outcome.SHOWN, 1)

    def fetch(self, dashboard: int, cause: Cause, sent_ns: int, ended_ns: int, outcome: Outcome, attempts: int) -> None:
        asked_ns = sent_ns if attempts == 1 else self.integer(sent_ns, ended_ns + 1)
        failures = attempts - (outcome != Outcome.FAILED)
        self.note(
            ended_ns, lambda b: b.fetch(dashboard, cause, sent_ns, ended_ns, outcome, attempts, asked_ns, failures)
        )
        odd = self.happens(0.1)
        numbers = [self.integer(0, 3) for _ in range(3)]
        if odd:
            foreign, excess, wrong = numbers
            self.note(
                ended_ns, lambda b: b.odd_answer(dashboard, ended_ns, 3, foreign, 1, self.number + 1, excess, wrong)
            )
        else:
            self.note(ended_ns, lambda b: b.plain_answer(dashboard, ended_ns, self.machines, 0))
        if outcome is Outcome.SHOWN:
            for machine in range(self.machines):
                status = int(self.chance.choice(STATUSES)) if self.happens(0.3) else self.known[machine]
                self.note(ended_ns, _state(dashboard, ended_ns, machine, status))

    def on_grid(self, low_ms: int, high_ms: int) -> int:
        grid_ms = self.ground.grid_ms
        return self.integer(low_ms // grid_ms, high_ms // grid_ms) * grid_ms


def _session(builder: HistoryBuilder, row: list[int]) -> None:
    dashboard, opened_ns, subscribed_ns, closed_ns, code, by_us, silent_ns, unponged_ns = row
    builder.session(dashboard, opened_ns, subscribed_ns, closed_ns, code, bool(by_us), silent_ns, unponged_ns)


def _machine(machine: int, at_ns: int, status: int) -> Callable[[HistoryBuilder], None]:
    return lambda builder: builder.machine(machine, at_ns, status, at_ns)


def _write(*row: int) -> Callable[[HistoryBuilder], None]:
    return lambda builder: builder.write(*row)


def _delivery(*row: int) -> Callable[[HistoryBuilder], None]:
    return lambda builder: builder.delivery(*row)


def _state(*row: int) -> Callable[[HistoryBuilder], None]:
    return lambda builder: builder.state(*row)
