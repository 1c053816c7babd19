"""A worker's side of a run: joins it, claims organisations for its users, and obeys the coordinator.

In one process it is the same. A share does not outlive its coordinator: where that goes away, it ends its work.
"""

import logging
from collections.abc import Callable
from itertools import count
from time import monotonic_ns
from typing import Final
from weakref import WeakKeyDictionary

import gevent
from gevent.event import AsyncResult, Event
from locust.env import Environment
from locust.runners import WorkerRunner

from sim.checks import Partials
from sim.errors import SimError
from sim.live.access.credentials import Organisation
from sim.live.sharing.plan import Plan
from sim.live.sharing.post import (
    Assigned,
    Begin,
    Claim,
    Failed,
    GivenBack,
    Halt,
    Handler,
    Join,
    Leave,
    Message,
    Planned,
    Post,
    Pulse,
    Ready,
    Route,
)
from sim.live.sharing.shift import Shift
from sim.live.sharing.worker import Hosted, WarmupError

_LOOKS_WITHOUT_PULSE: Final = 8
"""The coordinator sends one each second, and may be late; two looks are a second."""
_POLL_S: Final = 0.5
_GONE: Final = "the coordinator went away"
_LOG: Final = logging.getLogger(__name__)

Orphaned = Callable[[Plan, Partials, bytes, str], None]
"""Is given what a worker has when its coordinator has gone away: plan, partial results, kept history, why."""

_SHARES: "WeakKeyDictionary[Environment, Share]" = WeakKeyDictionary()


def share_of(environment: Environment) -> "Share":
    """The share that this process has in the present run, or had in the last one.

    Raises `KeyError` before the first.
    """
    return _SHARES[environment]


class Share:
    """Lives in each process that has users, from the start of a test to its end."""

    def __init__(self, environment: Environment, post: Post, orphaned: Orphaned) -> None:
        _SHARES[environment] = self
        self.over = Event()
        """Set when the coordinator says that the run is over, or has gone away."""
        self.is_orphan = False
        """Whether it has gone away."""
        self._environment = environment
        self._post = post
        self._orphaned = orphaned
        self._run = ""
        self._shift: Shift | None = None
        self._planned = Event()
        self._is_halted = False
        self._tickets = count()
        self._claims: dict[int, AsyncResult[Assigned]] = {}
        self._numbers: dict[int, int] = {}
        self._hosted: dict[int, Hosted] = {}
        self._looks_without_pulse = 0
        handlers: dict[type[Message], Handler] = {
            Planned: self._take_plan,
            Assigned: self._assigned,
            Begin: self._begin,
            Pulse: self._pulsed,
            Halt: self._halt,
            Leave: self._leave,
        }
        post.route(Route("", handlers, self._broken))
        post.send(Join(run=""))

    @property
    def url(self) -> str:
        """Of the target; empty before the plan has come."""
        return self._shift.worker.plan.url if self._shift is not None else ""

    # What its users ask for. A ticket is a user's claim to an organisation.

    def ticket(self) -> int:
        """A new ticket."""
        ticket = next(self._tickets)
        self._claims[ticket] = AsyncResult()
        return ticket

    def host(self, ticket: int) -> Organisation | None:
        """Claim an organisation, make it ready, and wait until its stay begins; None if there is none to have.

        Blocks. What goes wrong is told to the coordinator and not raised: Locust would log a traceback of it.
        """
        self._planned.wait()
        shift = self._shift
        if shift is None:
            return None
        self._post.send(Claim(run=self._run, ticket=ticket))
        assigned = self._claims[ticket].get()
        if assigned is None or assigned.stay is None or not self._prepare(shift, ticket, assigned):
            return None
        shift.begun.wait()
        return shift.worker.plan.credentials.orgs[assigned.stay.organisation]

    def hosted(self, ticket: int) -> Hosted | None:
        """What a ticket has, once it is ready."""
        return self._hosted.get(ticket)

    def release(self, ticket: int) -> None:
        """Its user is taken away. What has not begun is given back; what has begun goes on without a user."""
        self._claims.pop(ticket, None)
        number = self._numbers.pop(ticket, None)
        if number is not None and self._shift is not None and self._shift.worker.give_up(number):
            self._post.send(GivenBack(run=self._run, number=number))

    def depart(self, reason: str) -> None:
        """This process is told to end: give the coordinator what there is. Blocks until it is given."""
        if self._shift is not None and not self.over.is_set():
            self._shift.depart(reason)
            self._shift.over.wait()

    def _prepare(self, shift: Shift, ticket: int, assigned: Assigned) -> bool:
        assert assigned.stay is not None
        shift.worker.workers = assigned.workers
        try:
            hosted = shift.worker.prepare(assigned.number, assigned.stay)
        except WarmupError as problem:
            self._fail(str(problem))
        except Exception as error:
            self._fail(f"organisation {assigned.stay.organisation}: {type(error).__name__}: {error}")
        else:
            self._hosted[ticket] = hosted
            self._post.send(
                Ready(
                    run=self._run,
                    number=assigned.number,
                    organisation=assigned.stay.organisation,
                    adopted=hosted.organisation.adopted,
                )
            )
            return True
        return False

    def _fail(self, text: str) -> None:
        self._post.send(Failed(run=self._run, text=text))

    def _broken(self, text: str) -> None:
        if self._shift is None:
            self._fail(text)
        else:
            self._shift.broken(text)

    # Messages.

    def _take_plan(self, _: str, message: Planned) -> None:
        self._run = message.run
        try:
            plan = Plan.decode(message.plan)
        except SimError as problem:
            self._fail(str(problem))
        else:
            self._shift = Shift(message.run, plan, self._environment, self._post.send)
            _adopt(self._shift, message.adopted)
            if isinstance(self._environment.runner, WorkerRunner):
                gevent.spawn(self._watch_coordinator, self._shift)
            if self._is_halted:  # while the plan was being read
                self._shift.halt()
            elif message.elapsed_ns is not None:
                self._shift.begin(monotonic_ns() - message.elapsed_ns)
        self._planned.set()

    def _assigned(self, _: str, message: Assigned) -> None:
        claim = self._claims.get(message.ticket)
        if claim is not None:
            self._numbers[message.ticket] = message.number
            claim.set(message)
        elif message.stay is not None:  # its user was taken away before the answer came
            self._post.send(GivenBack(run=self._run, number=message.number))

    def _begin(self, _: str, message: Begin) -> None:
        if self._shift is not None:
            _adopt(self._shift, message.adopted)
            self._shift.begin(monotonic_ns() + round(message.delay_s * 1e9))

    def _pulsed(self, _: str, __: Pulse) -> None:
        self._looks_without_pulse = 0

    def _halt(self, _: str, __: Halt) -> None:
        self._is_halted = True
        if self._shift is not None:
            self._shift.halt()

    def _leave(self, _: str, __: Leave) -> None:
        self.over.set()
        if self._shift is not None:
            self._shift.halt()  # where the coordinator broke it may be in its window still

    def _watch_coordinator(self, shift: Shift) -> None:
        """Counts looks and not time: a process that stood still has pulses waiting that it could not take."""
        while not self.over.wait(_POLL_S):
            self._looks_without_pulse += 1
            if self._looks_without_pulse > _LOOKS_WITHOUT_PULSE:
                self.is_orphan = True
                _LOG.error("%s: ending the run", _GONE)
                shift.halt(_GONE)
                shift.over.wait()
                try:
                    self._orphaned(shift.worker.plan, *shift.results, _GONE)
                finally:
                    self.over.set()
                return


def _adopt(shift: Shift, adopted: dict[int, list[str]]) -> None:
    """What one worker saw of an organisation, all know: a leak may go anywhere."""
    for organisation, machines in adopted.items():
        shift.worker.plan.owners.adopt(organisation, machines)
