"""The modelled backend's one process: it does one thing after the other, and each takes its time."""

from collections.abc import Callable
from typing import TypeVar

from sim.scenario import Scenario
from sim.virtual.clock import Clock
from sim.virtual.faults import Faults
from sim.virtual.network import Delays

_R = TypeVar("_R")


class Exchange:
    """A request under way."""

    __slots__ = ("is_aborted",)

    def __init__(self) -> None:
        self.is_aborted = False

    def abort(self) -> None:
        """Give it up: nothing is reported any more."""
        self.is_aborted = True


class Server:
    """Carries requests to the backend and answers back, each on a connection of its own."""

    def __init__(self, clock: Clock, scenario: Scenario, delays: Delays, faults: Faults) -> None:
        self._clock = clock
        self._delays = delays
        self._faults = faults
        self._free_ns = 0
        self._frozen = False
        model = scenario.model
        self._beat_ns = round(model.beat_ms * 1e6)
        self._read_ns = round(model.read_ms * 1e6)
        self._row_ns = round(model.row_us * 1e3)

    def write(self, handle: Callable[[], _R], done: Callable[[int, _R], None]) -> Exchange:
        """A heartbeat or a PATCH: `handle` at the backend, then `done(arrived_ns, answer)` where it was asked."""
        self._freeze_once()
        return self._ask(self._beat_ns, 0, handle, done)

    def read(self, rows: int, handle: Callable[[], _R], done: Callable[[int, _R], None]) -> Exchange:
        """An answer with so many machines, likewise."""
        slow_ns = round(self._faults.value("slow_rpc") * 1e6) if self._faults.is_on("slow_rpc") else 0
        return self._ask(self._read_ns + rows * self._row_ns, slow_ns, handle, done)

    def _ask(self, work_ns: int, slow_ns: int, handle: Callable[[], _R], done: Callable[[int, _R], None]) -> Exchange:
        exchange, clock = Exchange(), self._clock

        def arrived(now_ns: int) -> None:
            if not exchange.is_aborted:
                self._free_ns = max(self._free_ns, now_ns) + work_ns
                clock.at(self._free_ns, worked)

        def worked(now_ns: int) -> None:
            answer = handle()
            if slow_ns and not exchange.is_aborted:
                self._faults.hit("slow_rpc")
            clock.at(now_ns + slow_ns + self._delays.draw_ns(), lambda then_ns: answered(then_ns, answer))

        def answered(now_ns: int, answer: _R) -> None:
            if not exchange.is_aborted:
                done(now_ns, answer)

        clock.at(clock.now_ns + self._delays.draw_ns(), arrived)
        return exchange

    def _freeze_once(self) -> None:
        if self._frozen or not self._faults.is_on("freeze"):
            return
        self._frozen = True
        after_ns, lasts_ns = round(self._faults.value("freeze") * 1e9), round(self._faults.value("freeze", 1) * 1e6)
        self._clock.at(self._clock.now_ns + after_ns, lambda now_ns: self._freeze(now_ns, lasts_ns))

    def _freeze(self, now_ns: int, lasts_ns: int) -> None:
        self._faults.hit("freeze")
        self._free_ns = max(self._free_ns, now_ns + lasts_ns)
