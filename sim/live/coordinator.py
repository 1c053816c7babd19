"""The run as a whole: hands organisations out, begins and ends the phases, gathers the results.

It lives beside Locust's master, or, in one process, beside the only share. `Share` has the messages.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import reduce
from time import monotonic_ns
from typing import Any, Final

import gevent
import msgspec
from gevent.event import Event
from locust.env import Environment
from locust.runners import MasterRunner

from sim.checks import Partials, decode_partials, merge
from sim.checks import generator as generator_check
from sim.history import read_histories, write_histories
from sim.live.plan import Plan
from sim.live.progress import Progress, added

_USERS_PER_S: Final = 100
"""Locust warns beyond it; an organisation's user costs little, its sockets are paced by themselves."""

_BEGIN_DELAY_S: Final = 0.5
"""From the last organisation's readiness to the window: the message reaches every worker before."""

_POLL_S: Final = 0.1
_FOLD_TIMEOUT_S: Final = 120.0
_MISSING: Final = "missing"


class Phase(StrEnum):
    """Where a run is."""

    WARM_UP = "warm-up"
    WINDOW = "measuring"
    DRAIN = "draining"
    OVER = "over"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run leaves: partial results, the kept history, and how it ended."""

    partials: Partials
    history: bytes | None
    """`history.npz` of all workers, if it was to be kept."""
    reason: str | None
    """Why it is partial; None for a whole run."""


class Coordinator:
    """Begin with `run`; `halt` from anywhere ends it early, with what was measured."""

    def __init__(self, environment: Environment, plan: Plan) -> None:
        self.environment = environment
        self.plan = plan
        self.phase = Phase.WARM_UP
        self.phase_ends_ns = 0
        """When the phase ends at the latest (monotonic clock); 0 where that is not known."""
        self.on_window: Callable[[], None] | None = None
        self.on_window_end: Callable[[], None] | None = None
        self._next = 0
        self._ready: set[int] = set()
        self._reason: str | None = None
        self._halted = Event()
        self._progress: dict[str, Progress] = {}
        self._results: dict[str, Partials] = {}
        self._histories: list[bytes] = []
        self._owned: dict[str, list[int]] = {}
        self._lost: list[str] = []
        for name, handler in (
            ("claim", self._claim),
            ("ready", self._organisation_ready),
            ("failed", self._failed),
            ("progress", self._progressed),
            ("result", self._result),
        ):
            self._runner.register_message(name, handler)

    @property
    def ready(self) -> int:
        """How many organisations are ready for the window."""
        return len(self._ready)

    @property
    def progress(self) -> Progress:
        """All workers' running figures together."""
        return reduce(added, self._progress.values(), Progress())

    def halt(self, reason: str) -> None:
        """End the run now, keeping what was measured; the first reason stays."""
        if self._reason is None:
            self._reason = reason
        self._halted.set()

    def run(self) -> Outcome:
        """Warm-up, window, drain; blocks the calling greenlet."""
        organisations = self.plan.scenario.fleet.organisations
        self._runner.start(organisations, spawn_rate=min(organisations, _USERS_PER_S))
        self._warm_up(organisations)
        if self._reason is None:
            self._measure()
        if self._reason is not None:
            self._send("halt")
        self._gather()
        self.phase = Phase.OVER
        self._send("leave")
        self._runner.quit()
        return Outcome(partials=self._merged(), history=self._merged_history(), reason=self._reason)

    @property
    def _runner(self) -> Any:
        return self.environment.runner

    def _send(self, name: str, data: dict[str, object] | None = None) -> None:
        self._runner.send_message(name, data or {})

    def _warm_up(self, organisations: int) -> None:
        while len(self._ready) < organisations and self._reason is None:
            self._halted.wait(_POLL_S)
            self._look_for_workers()

    def _measure(self) -> None:
        plan = self.plan
        self._send("begin", {"delay_s": _BEGIN_DELAY_S})
        self.phase_ends_ns = monotonic_ns() + round(_BEGIN_DELAY_S * 1e9)
        self._halted.wait(_BEGIN_DELAY_S)
        self.phase = Phase.WINDOW
        self.phase_ends_ns += plan.window_ns
        if self.on_window is not None:
            self.on_window()
        while monotonic_ns() < self.phase_ends_ns and self._reason is None:
            self._halted.wait(min(_POLL_S, max(0.0, (self.phase_ends_ns - monotonic_ns()) / 1e9)))
            self._look_for_workers()
        if self.on_window_end is not None:
            self.on_window_end()

    def _gather(self) -> None:
        """Wait for the results of all workers that are alive."""
        self.phase = Phase.DRAIN
        self.phase_ends_ns = monotonic_ns() + round(self.plan.scenario.drain.timeout_s * 1e9)
        until_ns = self.phase_ends_ns + round(_FOLD_TIMEOUT_S * 1e9)
        told = self._reason is not None
        while len(self._results) + len(self._lost) < self.plan.workers and monotonic_ns() < until_ns:
            gevent.sleep(_POLL_S)
            self._look_for_workers()
            if self._reason is not None and not told:
                self._send("halt")
                told = True

    def _merged(self) -> Partials:
        empty = Partials(window_ns=self.plan.window_ns, bucket_ns=self.plan.bucket_ns)
        partials = reduce(merge, self._results.values(), empty)
        generator = partials.generator
        if self._lost and generator is not None:
            lost = generator_check.Generator(limits=generator.limits, lost_workers=tuple(self._lost))
            partials = msgspec.structs.replace(partials, generator=generator_check.merge(generator, lost))
        return partials

    def _merged_history(self) -> bytes | None:
        if not self.plan.keep_history:
            return None
        return write_histories(history for kept in self._histories for history in read_histories(kept))

    def _look_for_workers(self) -> None:
        """A worker that Locust misses takes its organisations with it: the run goes on and is invalid."""
        if not isinstance(self._runner, MasterRunner):
            return
        for client in list(self._runner.clients.values()):
            if client.state == _MISSING and client.id not in self._results:
                organisations = self._owned.pop(client.id, None)
                if organisations is not None:
                    self._lost.append(f"worker {client.id} with organisations {organisations}")
                    self.halt(f"a worker was lost with organisations {organisations}")

    # Messages.

    def _claim(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        number: int | None = None
        if self._next < self.plan.scenario.fleet.organisations:
            number = self._next
            self._next += 1
            self._owned.setdefault(msg.node_id, []).append(number)
        data = {"ticket": msg.data["ticket"], "organisation": number}
        self._runner.send_message("assigned", data, msg.node_id)

    def _organisation_ready(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        self._ready.add(msg.data["organisation"])

    def _failed(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        self.halt(msg.data["text"])

    def _progressed(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        self._progress[msg.node_id] = msgspec.convert(msg.data, Progress)

    def _result(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        self._results[msg.node_id] = decode_partials(msg.data["partials"])
        if msg.data["history"]:
            self._histories.append(msg.data["history"])
        if msg.data["reason"]:
            self.halt(msg.data["reason"])
