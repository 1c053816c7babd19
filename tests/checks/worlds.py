"""Random small worlds: some organisations, with nearly everything that can be in a history in it, faults included."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from sim.checks import Partials, observe
from sim.contract import StatusCode
from sim.dashboard import Cause
from sim.history import NEVER_NS, NO_LAST_SEEN, UNKNOWN_OWNER, Breach, History, HistoryBuilder, Outcome, RunFrame

MS = 1_000_000
WINDOW_MS = 10_000
ENDED_MS = 14_000
BUCKET_NS = 1_000 * MS
ONLINE, OFFLINE = int(StatusCode.ONLINE), int(StatusCode.OFFLINE)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a world is made of."""

    seed: int
    organisations: int
    grid_ms: int
    """Times of sockets are multiples of it."""
    max_wait_ns: int | None


grounds = st.builds(
    Ground,
    seed=st.integers(0, 2**32 - 1),
    organisations=st.integers(1, 3),
    grid_ms=st.just(1),
    max_wait_ns=st.sampled_from([None, 800 * MS]),
)


def world(ground: Ground) -> list[History]:
    """The histories of its organisations."""
    chance = np.random.default_rng(ground.seed)
    return [_Organisation(number, chance, ground).history() for number in range(ground.organisations)]


worlds = grounds.map(world)


def partials(history: History) -> Partials:
    """Its partial results, with a digest that tells the organisation."""
    return observe(history, bytes([history.frame.organisation] * 32))


class _Organisation:
    def __init__(self, number: int, chance: np.random.Generator, ground: Ground) -> None:
        self.number = number
        self.chance = chance
        self.ground = ground
        self.builder = HistoryBuilder()
        self.dashboards = self.integer(0, 3)
        self.machines = self.integer(1, 4)
        self.open: list[list[tuple[int, int]]] = []

    def integer(self, low: int, high: int) -> int:
        return int(self.chance.integers(low, high))

    def happens(self, probability: float) -> bool:
        return bool(self.chance.random() < probability)

    def history(self) -> History:
        for dashboard in range(self.dashboards):
            self.sockets(dashboard)
        for machine in range(self.machines):
            self.agent(machine)
        for dashboard in range(self.dashboards):
            self.odd_events(dashboard)
            self.fetches(dashboard)
        frame = RunFrame(
            organisation=self.number, machines=self.machines, dashboards=self.dashboards, window_ns=WINDOW_MS * MS,
            ended_ns=ENDED_MS * MS, bucket_ns=BUCKET_NS, debounce_ns=500 * MS, max_wait_ns=self.ground.max_wait_ns,
            loss_deadline_ns=2_000 * MS,
        )  # fmt: skip
        return self.builder.build(frame, 0)

    def sockets(self, dashboard: int) -> None:
        """A page with sockets one after the other; one may be refused first."""
        from_ms = self.on_grid(-1_000, 3_000)
        self.builder.mount(dashboard, from_ms * MS, NEVER_NS)
        if self.happens(0.2):
            self.builder.session(dashboard, from_ms * MS, NEVER_NS, from_ms * MS, 403, False)
        spans = []
        while from_ms < ENDED_MS:
            until_ms = from_ms + self.on_grid(500, 9_000)
            closed_ns = until_ms * MS if until_ms < ENDED_MS else NEVER_NS
            code = 4000 if closed_ns < NEVER_NS else 0
            self.builder.session(dashboard, from_ms * MS, from_ms * MS, closed_ns, code, closed_ns == NEVER_NS)
            spans.append((from_ms * MS, closed_ns))
            from_ms = until_ms + self.on_grid(200, 3_000)
        self.open.append(spans)

    def agent(self, machine: int) -> None:
        """Writes one after the other; their events come late, twice, or not at all."""
        now_ns, known = self.integer(-500, 3_000) * MS, OFFLINE
        while now_ns < WINDOW_MS * MS:
            status = known if self.happens(0.2) else (ONLINE if known == OFFLINE else OFFLINE)
            acked_ns = now_ns + self.integer(1, 200 * MS)
            answer = 500 if self.happens(0.1) else 200
            due_ns = now_ns - self.integer(0, 20 * MS)
            self.builder.write(machine, status, known, due_ns, due_ns, now_ns, acked_ns, answer)
            for dashboard in range(self.dashboards):
                self.deliver(dashboard, machine, status, now_ns)
            if answer == 200:
                known = status
            now_ns = acked_ns + self.integer(1, 2_000 * MS)

    def deliver(self, dashboard: int, machine: int, status: int, sent_ns: int) -> None:
        for _ in range(2 if self.happens(0.1) else 1):
            at_ns = sent_ns + self.integer(0, 2_500 * MS if self.happens(0.2) else 50 * MS)
            if any(start <= at_ns < end for start, end in self.open[dashboard]) and self.happens(0.9):
                late_ns = self.integer(0, 5 * MS)
                self.builder.delivery(dashboard, self.number, machine, status, sent_ns // MS, at_ns, at_ns + late_ns)

    def odd_events(self, dashboard: int) -> None:
        """Of others, of nobody, of the cleanup job; and messages out of the contract."""
        for owner in (self.number + 1, UNKNOWN_OWNER, self.number):
            if self.happens(0.4):
                at_ns = self.integer(-500, ENDED_MS) * MS
                stamp = NO_LAST_SEEN if owner == self.number else at_ns // MS
                self.builder.delivery(dashboard, owner, 0, OFFLINE, stamp, at_ns, at_ns)
        if self.happens(0.2):
            self.builder.breach(dashboard, self.integer(0, ENDED_MS) * MS, Breach.FRAME)

    def fetches(self, dashboard: int) -> None:
        """Refetches at random times, each cancelled by the next one if it takes too long."""
        now_ns, cause = self.integer(-400, 0) * MS, Cause.LOAD
        while now_ns < ENDED_MS * MS:
            next_ns = now_ns + self.integer(1, 2_000 * MS)
            ended_ns = now_ns + self.integer(1, 1_500 * MS)
            outcome = Outcome.SHOWN if ended_ns < next_ns else Outcome.CANCELLED
            if self.happens(0.1):
                outcome = Outcome.FAILED
            self.builder.fetch(dashboard, cause, now_ns, min(ended_ns, next_ns), outcome, self.integer(1, 4))
            self.answer(dashboard, min(ended_ns, next_ns))
            now_ns, cause = next_ns, (Cause.EVENT if self.happens(0.8) else Cause.POLL)

    def answer(self, dashboard: int, at_ns: int) -> None:
        if self.happens(0.1):
            self.builder.odd_answer(dashboard, at_ns, 3, self.integer(0, 3), 1, self.number + 1, self.integer(0, 3))
        else:
            self.builder.plain_answer(dashboard, at_ns, self.machines, 0)

    def on_grid(self, low_ms: int, high_ms: int) -> int:
        grid_ms = self.ground.grid_ms
        return self.integer(low_ms // grid_ms, high_ms // grid_ms) * grid_ms
