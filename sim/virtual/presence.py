"""The organisations that are present in a virtual run: each stay is prepared, driven and ended at its time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from sim.actors import NoMeter, Organisation, RunRules
from sim.history import History
from sim.schedule import LEAD_NS, Stay, probes_for, stays_for
from sim.virtual.backend import Backend
from sim.virtual.clock import Clock
from sim.virtual.line import VirtualLine
from sim.virtual.network import Delays
from sim.virtual.probing import VirtualProber
from sim.virtual.server import Server

_LOOK_NS: Final = 100_000_000
"""So often a stay that is over is asked whether it has settled."""

Keep = Callable[[History, bytes], None]
"""Is given a history, or a part of one, with the digest of its schedule."""


@dataclass(slots=True, eq=False)
class _Guest:
    """A stay under way."""

    stay: Stay
    organisation: Organisation
    is_started: bool = False


class Presence:
    """`open` those that are there from the beginning, then `begin`; the rest is planned on the clock."""

    def __init__(
        self,
        rules: RunRules,
        clock: Clock,
        server: Server,
        backend: Backend,
        delays: Delays,
        part: Keep | None,
        ended: Keep,
    ) -> None:
        """`part` is given what is over of a stay that goes on, if it is to be; `ended` the rest when a stay ends."""
        self.problem: str | None = None
        """Why somebody who was to come could not."""
        self.unready = 0
        """How many dashboards that are being opened are not subscribed yet, or have shown nothing."""
        self._rules = rules
        self._clock = clock
        self._server = server
        self._backend = backend
        self._delays = delays
        self._part = part
        self._ended = ended
        self._origin_ns = 0
        self._turns = _Turns(rules.scenario.warmup.connects_per_s)
        self._stays = stays_for(rules.scenario)
        self._guests: dict[int, _Guest] = {}
        """By the number of their organisation, which is there once at a time."""
        for stay in self._stays:
            if stay.from_ns == 0:
                # Its machines are as its schedule begins, and were seen just now: nothing needs to be aligned.
                self._host(stay).organisation.learn(0, backend.rows(stay.organisation), contact_ns=0)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way at those that are there."""
        return all(guest.organisation.is_settled for guest in self._guests.values() if guest.is_started)

    def open(self) -> int:
        """Open all dashboards, one after the other; when the last one may connect."""
        for guest in self._guests.values():
            self._mount(guest, lambda: None)
        return self._turns.next_ns(self._clock.now_ns)

    def begin(self, origin_ns: int) -> None:
        """The window begins at this time: start those that are there, and plan all others."""
        self._origin_ns = origin_ns
        for guest in self._guests.values():
            self._start(guest)
        for stay in self._stays:
            if stay.from_ns > 0:
                self._clock.at(origin_ns + stay.from_ns - LEAD_NS, partial(self._arrive, stay))

    def end_all(self) -> None:
        """The run is over."""
        for number in sorted(self._guests):
            self._end(self._guests[number])

    def _host(self, stay: Stay) -> _Guest:
        number, rules = stay.organisation, self._rules

        def ring(who: int, now_ns: int) -> None:
            organisation.ring(who, now_ns)

        line = VirtualLine(number, self._clock, self._server, self._backend, self._delays, ring)
        organisation = Organisation(number, rules, line, NoMeter(), self._part, stay)
        probing = probes_for(rules.scenario, rules.seed, number).within(stay.from_ns, stay.until_ns)
        hold_ns = round(rules.scenario.probes.hold_s * 1e9)
        organisation.use(VirtualProber(organisation, probing, line, self._clock, self._server, self._backend, hold_ns))
        self._guests[number] = guest = _Guest(stay, organisation)
        return guest

    def _arrive(self, stay: Stay, now_ns: int) -> None:
        """Prepare a stay: once the organisation's former one is over, as two of them must not act at once."""
        former = self._guests.get(stay.organisation)
        if former is not None and now_ns < self._origin_ns + former.stay.until_ns:
            self._clock.at(self._origin_ns + former.stay.until_ns, partial(self._arrive, stay))
            return
        if former is not None:
            self._end(former)
        guest = self._host(stay)
        guest.organisation.learn(now_ns, self._backend.rows(stay.organisation))
        guest.organisation.align(lambda: self._mount(guest, lambda: self._start(guest)))
        self._clock.at(now_ns + round(self._rules.scenario.warmup.timeout_s * 1e9), partial(self._give_up, guest))

    def _mount(self, guest: _Guest, ready: Callable[[], None]) -> None:
        """Open the dashboards whose users are there; `ready` is called when all are."""
        dashboards = guest.organisation.present_dashboards
        waiting = set(dashboards)
        self.unready += len(waiting)

        def opened(dashboard: int) -> None:
            waiting.remove(dashboard)
            self.unready -= 1
            if not waiting:
                ready()

        def mount(dashboard: int, now_ns: int) -> None:  # noqa: ARG001  (a step's)
            if self._is_here(guest):
                guest.organisation.mount(dashboard, partial(opened, dashboard))

        for dashboard in dashboards:
            self._clock.at(self._turns.next_ns(self._clock.now_ns), partial(mount, dashboard))
        if not dashboards:
            ready()

    def _start(self, guest: _Guest) -> None:
        guest.is_started = True
        guest.organisation.start(self._origin_ns)
        if guest.stay.until_ns < self._rules.window_ns:
            self._clock.at(self._origin_ns + guest.stay.until_ns, partial(self._look, guest))

    def _look(self, guest: _Guest, now_ns: int) -> None:
        """End a stay if it is over and has settled, else look again soon."""
        if not self._is_here(guest):
            return
        if guest.organisation.has_ended(now_ns):
            self._end(guest)
        else:
            self._clock.at(now_ns + _LOOK_NS, partial(self._look, guest))

    def _give_up(self, guest: _Guest, now_ns: int) -> None:  # noqa: ARG002  (a step's)
        if self._is_here(guest) and not guest.is_started and self.problem is None:
            within_s = self._rules.scenario.warmup.timeout_s
            self.problem = (
                f"organisation {guest.stay.organisation}: its machines did not reach their states, or not every"
                f" dashboard was subscribed and shown its first load, within {within_s:g} s"
            )

    def _end(self, guest: _Guest) -> None:
        """Close it; one that never began leaves nothing."""
        del self._guests[guest.stay.organisation]
        history = guest.organisation.finish(self._clock.now_ns)
        if guest.is_started:
            self._ended(history, guest.organisation.digest)

    def _is_here(self, guest: _Guest) -> bool:
        return self._guests.get(guest.stay.organisation) is guest


class _Turns:
    """When the next dashboard may connect: at the scenario's rate, over all organisations."""

    def __init__(self, connects_per_s: float) -> None:
        self._gap_ns = 1e9 / connects_per_s
        self._since_ns = 0
        self._taken = 0

    def next_ns(self, now_ns: int) -> int:
        """The next one's turn, now or later."""
        at_ns = self._since_ns + round(self._taken * self._gap_ns)
        if at_ns < now_ns:
            at_ns = self._since_ns = now_ns
            self._taken = 0
        self._taken += 1
        return at_ns
