"""The run as a whole: hands organisations out, begins and ends the phases, gathers what the workers found.

It lives beside Locust's master, or, in one process, beside the only share. The messages are in `post`.
"""

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from time import monotonic_ns
from typing import Any, Final, NamedTuple
from uuid import uuid4

import gevent
import msgspec
from gevent.event import Event
from locust.env import Environment

from sim.checks import Partials, decode_partials
from sim.checks import generator as generator_check
from sim.history import read_histories, write_histories
from sim.live.figures.progress import Progress
from sim.live.sharing.attendance import Attendance
from sim.live.sharing.plan import Plan
from sim.live.sharing.post import (
    Assigned,
    Begin,
    Claim,
    Failed,
    GivenBack,
    Halt,
    Join,
    Leave,
    Left,
    Message,
    Part,
    Planned,
    Post,
    Pulse,
    Ready,
    Route,
    Running,
)
from sim.live.sharing.roster import Roster
from sim.schedule import LEAD_NS, Stay, stays_for

_USERS_PER_S: Final = 100
"""Locust warns beyond it; an organisation's user costs little, its sockets are paced by themselves."""

_BEGIN_DELAY_S: Final = 0.5
"""From the last organisation's readiness to the window: the message reaches every worker before."""

_POLL_S: Final = 0.1
_PULSE_INTERVAL_S: Final = 1.0
_FOLD_TIMEOUT_S: Final = 120.0
_SO_FAR: Final = "This run is invalid if it goes on so"

_LOG: Final = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where a run is."""

    WARM_UP = "warm-up"
    WINDOW = "measuring"
    DRAIN = "draining"
    OVER = "over"


class Trouble(NamedTuple):
    """What whoever watches a run should know at once."""

    kind: str
    text: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run leaves: partial results, the kept history, and how it ended."""

    partials: Partials
    history: bytes | None
    """`history.npz` of all workers, if it was to be kept."""
    reason: str | None
    """Why it is partial; None for a whole run."""
    workers: int
    """How many took part."""


class Coordinator:
    """`run` it while Locust starts as many users as `users` says; `halt` from anywhere ends it early."""

    def __init__(self, environment: Environment, post: Post, plan: Plan, takes_over: bool = False) -> None:
        """With `takes_over`, the organisations of a lost worker go to the others."""
        self.plan = plan
        self.phase = Phase.WARM_UP
        self.phase_ends_ns = 0
        """When the phase ends at the latest (monotonic clock); 0 where that is not known."""
        self.on_window: Callable[[], None] | None = None
        self.on_window_end: Callable[[], None] | None = None
        self.roster = Roster(stays_for(plan.scenario))
        self.over = Event()
        self._environment = environment
        self._post = post
        self._takes_over = takes_over
        self._run = uuid4().hex
        self._attendance = Attendance(plan.window_ns, plan.bucket_ns)
        self._origin_ns = 0
        self._adopted: dict[int, list[str]] = {}
        self._waiting: list[tuple[str, int]] = []
        self._moves = 0
        self._reason: str | None = None
        self._halted = Event()
        handlers: Mapping[type[Message], Callable[[str, Any], None]] = {
            Join: self._joined,
            Claim: self._claimed,
            Ready: self._prepared,
            GivenBack: self._given_back,
            Left: self._left,
            Failed: self._failed,
            Running: self._progressed,
            Part: self._reported,
        }
        post.route(Route(self._run, handlers, self._broken))

    @property
    def progress(self) -> Progress:
        """All workers' running figures together."""
        return self._attendance.progress

    @property
    def run_clock_ns(self) -> int:
        """Time since the window began, negative before; -LEAD_NS in the warm-up."""
        return monotonic_ns() - self._origin_ns if self._origin_ns else -LEAD_NS

    @property
    def troubles(self) -> list[Trouble]:
        """What makes the run invalid, or will if it goes on, as far as that is known now; worst first."""
        lost = "This run is invalid: lost worker" if self._attendance.lost_organisations else "Lost worker"
        found = [Trouble("lost", f"{lost}: {worker}") for worker in self._attendance.lost_workers]
        return found + [Trouble("saturated", f"{_SO_FAR}: {text}") for text in self.progress.saturated]

    def users(self) -> tuple[int, float] | None:
        """How many users Locust should have now, and how many it may start per second; None after the run."""
        if self.phase is Phase.OVER:
            return None
        users = self.roster.users(self.run_clock_ns)
        # Locust acts where the answer changes: organisations that wait for another worker are no change of the sum.
        return users, min(max(users, 1), _USERS_PER_S) - self._moves * 1e-6

    def halt(self, reason: str) -> None:
        """End the run now, keeping what was measured; the first reason stays."""
        if self._reason is None:
            self._reason = reason
        self._halted.set()

    def run(self) -> Outcome:
        """Warm-up, window, drain; blocks the calling greenlet."""
        pulse = gevent.spawn(self._beat)
        try:
            self._warm_up()
            if self._reason is None:
                self._measure()
            self._gather()
        finally:
            pulse.kill()
            self._enter(Phase.OVER)
            self._tell_all(Leave(run=self._run))
            self.over.set()
        return Outcome(
            partials=self._merged(),
            history=self._merged_history(),
            reason=self._reason or self._attendance.loss,
            workers=self._attendance.count,
        )

    @property
    def _runner(self) -> Any:
        return self._environment.runner

    def _tell_all(self, message: Message) -> None:
        """To all who take part."""
        for worker in self._attendance.workers:
            self._post.send(message, worker)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        _LOG.info("Run is %s", phase)

    def _beat(self) -> None:
        while True:
            self._tell_all(Pulse(run=self._run))
            gevent.sleep(_PULSE_INTERVAL_S)

    def _warm_up(self) -> None:
        timeout_s = self.plan.scenario.warmup.timeout_s
        claimed, since_ns = 0, monotonic_ns()
        while (not self._attendance.count or self.roster.ready < self.roster.expected) and self._reason is None:
            self._halted.wait(_POLL_S)
            self._look_for_workers()
            if self.roster.claimed != claimed:
                claimed, since_ns = self.roster.claimed, monotonic_ns()
            elif claimed < self.roster.expected and monotonic_ns() - since_ns > timeout_s * 1e9:
                self.halt(
                    f"only {claimed} of {self.roster.expected} organisations have a user after {timeout_s:.0f} s: does"
                    " each worker have this locustfile, and does nothing limit the number of its users?"
                )

    def _measure(self) -> None:
        self._tell_all(Begin(run=self._run, delay_s=_BEGIN_DELAY_S, adopted=self._adopted))
        self._origin_ns = monotonic_ns() + round(_BEGIN_DELAY_S * 1e9)
        self.phase_ends_ns = self._origin_ns
        self._answer_waiting()
        self._halted.wait(_BEGIN_DELAY_S)
        self._enter(Phase.WINDOW)
        self.phase_ends_ns += self.plan.window_ns
        if self.on_window is not None:
            self.on_window()
        while monotonic_ns() < self.phase_ends_ns and self._reason is None:
            self._halted.wait(min(_POLL_S, max(0.0, (self.phase_ends_ns - monotonic_ns()) / 1e9)))
            self._look_for_workers()
        if self.on_window_end is not None:
            self.on_window_end()

    def _gather(self) -> None:
        """Wait for the last parts of all workers that are alive."""
        self._enter(Phase.DRAIN)
        self.phase_ends_ns = monotonic_ns() + round(self.plan.scenario.drain.timeout_s * 1e9)
        until_ns = self.phase_ends_ns + round(_FOLD_TIMEOUT_S * 1e9)
        told = False
        while self._attendance.missing and monotonic_ns() < until_ns:
            if self._reason is not None and not told:
                self._tell_all(Halt(run=self._run))
                told = True
            gevent.sleep(_POLL_S)
            self._look_for_workers()
        for worker in self._attendance.missing:
            self._lose(worker, "sent no results")

    def _merged(self) -> Partials:
        partials = self._attendance.merged()
        found = generator_check.Generator(
            limits=self.plan.limits,
            lost_workers=tuple(self._attendance.lost_workers),
            lost_organisations=tuple(self._attendance.lost_organisations),
            gaps=tuple(self._attendance.gaps),
        )
        generator = partials.generator
        merged = found if generator is None else generator_check.merge(generator, found)
        return msgspec.structs.replace(partials, generator=merged)

    def _merged_history(self) -> bytes | None:
        if not self.plan.keep_history:
            return None
        kept = self._attendance.histories
        return write_histories(history for one in kept for history in read_histories(one))

    # Workers that go.

    def _look_for_workers(self) -> None:
        for worker in self._attendance.missing:
            if not self._is_there(worker):
                self._lose(worker, "went away")
        if self._reason is None:
            for worker in self._attendance.departed(monotonic_ns()):
                self._lose(worker, "was ended")

    def _is_there(self, worker: str) -> bool:
        clients = getattr(self._runner, "clients", None)
        return clients is None or (worker in clients and clients[worker].state != "missing")

    def _lose(self, worker: str, how: str) -> None:
        """The run goes on without it. What it had reported stays."""
        self._waiting = [(node, ticket) for node, ticket in self._waiting if node != worker]
        self._post.send(Halt(run=self._run), worker)  # it may live, and must not act where another one will
        stays = self.roster.lose(worker)
        moved = self._move(stays) if self._takes_over and self.phase is not Phase.DRAIN else ()
        self._attendance.lose(worker, how, self.roster.organisations(worker), stays, moved)
        if self._attendance.is_deserted:
            self.halt("no worker is left")

    def _move(self, stays: list[Stay]) -> list[Stay]:
        """The same organisations again, for other workers, from the moment when one can be ready."""
        from_ns = self.run_clock_ns + LEAD_NS
        moved = [Stay(s.organisation, max(s.from_ns, from_ns), s.until_ns) for s in stays if s.until_ns > from_ns]
        for stay in moved:
            self.roster.add(stay)
        self._moves += 1
        return moved

    # Messages.

    def _broken(self, text: str) -> None:
        self.halt(f"inside the generator: {text}")

    def _joined(self, node: str, _: Join) -> None:
        self._attendance.join(node)
        elapsed_ns = monotonic_ns() - self._origin_ns if self._origin_ns else None
        plan = self.plan.encode()
        self._post.send(Planned(run=self._run, plan=plan, elapsed_ns=elapsed_ns, adopted=self._adopted), node)
        if self.phase is Phase.OVER:
            self._post.send(Leave(run=self._run), node)

    def _claimed(self, node: str, message: Claim) -> None:
        if self._attendance.takes_part(node):
            self._waiting.append((node, message.ticket))
            self._answer_waiting()

    def _answer_waiting(self) -> None:
        """Give to each claim what there is. Before the window a claim waits: another worker may give something back."""
        waiting, self._waiting = self._waiting, []
        for node, ticket in waiting:
            number = self.roster.claim(node, self.run_clock_ns)
            if number is None and not self._origin_ns:
                self._waiting.append((node, ticket))
                continue
            stay = None if number is None else self.roster.stay(number)
            assigned = Assigned(
                run=self._run, ticket=ticket, number=number or 0, stay=stay, workers=self._attendance.count
            )
            self._post.send(assigned, node)

    def _prepared(self, node: str, message: Ready) -> None:
        if self.roster.is_of(message.number, node):
            self.roster.set_ready(message.number)
            if message.adopted:
                self._adopted[message.organisation] = message.adopted

    def _given_back(self, node: str, message: GivenBack) -> None:
        if self.roster.is_of(message.number, node):
            self.roster.give_back(message.number)
            self._answer_waiting()

    def _left(self, node: str, message: Left) -> None:
        if self.roster.is_of(message.number, node):
            self.roster.set_over(message.number)

    def _failed(self, node: str, message: Failed) -> None:
        if self._attendance.takes_part(node):
            self.halt(message.text)

    def _progressed(self, node: str, message: Running) -> None:
        self._attendance.progressed(node, msgspec.json.decode(message.progress, type=Progress))

    def _reported(self, node: str, message: Part) -> None:
        if not self._attendance.takes_part(node):
            return
        partials = decode_partials(message.partials)
        self._attendance.report(node, partials, message.until_ns, message.history, message.is_last)
        if message.is_departure:
            self._attendance.depart(node, monotonic_ns())
        elif message.reason:
            self.halt(message.reason)
