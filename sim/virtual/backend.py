"""The modelled backend: the contract as a state machine. It answers at once; how long that takes is its server's."""

from typing import Final

from sim.actors import Contents, Event
from sim.contract import EVICTION_CODE, SOCKETS_PER_ORGANISATION
from sim.history import NO_LAST_SEEN
from sim.scenario import Scenario
from sim.virtual.clock import Clock, Step
from sim.virtual.fanout import Fanout
from sim.virtual.faults import Faults
from sim.virtual.house import OFFLINE, House
from sim.virtual.socket import VirtualSocket

OK: Final = 200
SWITCHING: Final = 101


class Backend:
    """All organisations' rows and sockets, with the jobs that look after them."""

    def __init__(self, clock: Clock, scenario: Scenario, houses: list[House], faults: Faults) -> None:
        self.houses = houses
        self.faults = faults
        self._clock = clock
        self._target = scenario.target
        self._fanout = Fanout(clock, len(houses), faults)
        self._sockets: dict[VirtualSocket, None] = {}
        self._left: set[int] = set()
        self._unwritten: dict[tuple[int, int], int] = {}
        self._every(scenario.target.cleanup_interval_s, self._clean_up)
        if scenario.target.evict:
            self._every(scenario.target.evict_sweep_s, self._evict)

    # Agents (contract 4).

    def beat(self, organisation: int, machine: int, status: int) -> int:
        """A heartbeat: stored, announced if it changes the status, answered; the HTTP status."""
        house, now_ns = self.houses[organisation], self._clock.now_ns
        self._write_late(organisation, machine)
        house.seen(machine, now_ns)
        if house.statuses[machine] == status:
            if self.faults.strikes("echo_heartbeat"):
                self._fanout.announce(house, house.event(machine, status, now_ns))
            return OK
        self._store(house, machine, status)
        self._fanout.announce(house, house.event(machine, status, now_ns))
        return OK

    # Users (contract 3 and 5).

    def read(self, organisation: int) -> tuple[int, Contents | None]:
        """The answer to a dashboard's refetch: HTTP status and contents."""
        if self.faults.strikes("error_rpc"):
            return 500, None
        house = self.houses[organisation]
        contents = self.rows(organisation)
        if self.faults.is_on("stale_rpc"):
            past = house.statuses_at(self._clock.now_ns - round(self.faults.value("stale_rpc") * 1e6))
            if past != contents.statuses:
                self.faults.hit("stale_rpc")
                contents = contents._replace(statuses=past)
        return OK, self._falsified(organisation, contents)

    def rows(self, organisation: int) -> Contents:
        """All rows of an organisation as they are."""
        house = self.houses[organisation]
        return Contents(bytes(house.statuses), len(house.statuses))

    def patch(self, organisation: int, machine: int, last_seen_ms: int) -> int:
        """A bare `last_seen` (contract 1, C9); the HTTP status."""
        house = self.houses[organisation]
        house.seen(machine, self._clock.now_ns)
        if self._target.patch_announces and not self.faults.strikes("silent_crud"):
            event = Event(organisation, machine, house.statuses[machine], last_seen_ms)
            self._fanout.announce(house, event)
        return OK

    # Sockets (contract 1).

    def admit(self, organisation: int) -> int:
        """Whether an upgrade of a member is granted: 101, or the status of its refusal."""
        if self.faults.strikes("refuse_upgrade"):
            return 503
        taken = sum(socket.organisation == organisation for socket in self._sockets)
        return 429 if taken >= min(self._target.sockets_per_organisation, SOCKETS_PER_ORGANISATION) else SWITCHING

    def join(self, socket: VirtualSocket) -> None:
        """A socket is open."""
        self._sockets[socket] = None
        if socket.organisation in self._left:
            self._fanout.came_back(socket)
        if self.faults.is_on("evict_early"):
            self._watch(socket)

    def subscribe(self, socket: VirtualSocket, row_filter: int | None) -> None:
        """A socket subscribes; a filter for another organisation leaves nothing (contract 1, C4)."""
        if row_filter in (None, socket.organisation):
            self._fanout.subscribe(socket)
        else:
            assert row_filter is not None
            self._fanout.widen(socket, row_filter)

    def answers_pings(self) -> bool:
        """Whether the next ping is answered."""
        return not self.faults.strikes("pong_silent")

    def part(self, socket: VirtualSocket) -> None:
        """A socket is gone: nothing more is sent to it."""
        if self._sockets.pop(socket, socket) is None:
            self._fanout.forget(socket)
            self._left.add(socket.organisation)

    # Inside.

    def _store(self, house: House, machine: int, status: int) -> None:
        if self.faults.strikes("lost_write"):
            return
        now_ns = self._clock.now_ns
        if not self.faults.is_on("late_transition"):
            house.set(machine, status, now_ns)
            return
        self.faults.hit("late_transition")
        place = (house.number, machine)
        self._unwritten[place] = status
        late_ns = round(self.faults.value("late_transition") * 1e6)
        self._clock.at(now_ns + late_ns, lambda _: self._write_late(*place))

    def _write_late(self, organisation: int, machine: int) -> None:
        status = self._unwritten.pop((organisation, machine), None)
        if status is not None:
            self.houses[organisation].set(machine, status, self._clock.now_ns)

    def _falsified(self, organisation: int, contents: Contents) -> Contents:
        """With the faults of answers that are on."""
        other = (organisation + 1) % len(self.houses)
        if other != organisation and self.faults.strikes("leak_row"):
            contents = contents._replace(foreign_rows=1, foreign_owner=other)
        if other != organisation and self.faults.strikes("leak_count"):
            contents = contents._replace(excess_count=len(self.houses[other].statuses))
        if self.faults.strikes("wrong_count"):
            contents = contents._replace(miscount=1)
        return contents

    def _every(self, interval_s: float, job: Step) -> None:
        interval_ns = round(interval_s * 1e9)

        def run(now_ns: int) -> None:
            job(now_ns)
            self._clock.at(now_ns + interval_ns, run)

        self._clock.at(self._clock.now_ns + interval_ns, run)

    def _clean_up(self, now_ns: int) -> None:
        before_ns = now_ns - round(self._target.offline_after_s * 1e9)
        for house in self.houses:
            for machine in house.silent(before_ns):
                house.set(machine, OFFLINE, now_ns)
                self._fanout.announce(house, Event(house.number, machine, OFFLINE, NO_LAST_SEEN))

    def _evict(self, now_ns: int) -> None:
        before_ns = now_ns - round(self._target.evict_after_s * 1e9)
        for socket in [socket for socket in self._sockets if socket.silent_ns <= before_ns]:
            if self.faults.is_on("no_evict"):
                self.faults.hit("no_evict")
            else:
                socket.evict(EVICTION_CODE)

    def _watch(self, socket: VirtualSocket) -> None:
        """Evict a socket early, counted from its opening or last ping."""
        patience_ns = round(self.faults.value("evict_early") * 1e9)

        def look(now_ns: int) -> None:
            if socket not in self._sockets:
                return
            if now_ns >= socket.silent_ns + patience_ns:
                self.faults.hit("evict_early")
                socket.evict(EVICTION_CODE)
            else:
                self._clock.at(socket.silent_ns + patience_ns, look)

        look(self._clock.now_ns)
