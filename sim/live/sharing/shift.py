"""What one worker does from the plan to its last part: window, drain, conclusion, and reports all along."""

from collections.abc import Callable
from time import monotonic_ns
from typing import Final

import gevent
import msgspec
from gevent.event import Event
from locust.env import Environment

from sim.checks import Partials, encode_partials
from sim.checks.folded import Folded
from sim.history import write_histories
from sim.live.figures.entries import fire_entries
from sim.live.figures.progress import progress_of
from sim.live.sharing.plan import Plan
from sim.live.sharing.post import Failed, Left, Message, Part, Running
from sim.live.sharing.worker import Worker

_POLL_S: Final = 0.1
_PROGRESS_INTERVAL_S: Final = 0.5
_PART_INTERVAL_NS: Final = 5_000_000_000


class Shift:
    """`begin`, then it ends by itself; `halt` ends it early. What it measured is kept: its coordinator may be gone."""

    def __init__(self, run: str, plan: Plan, environment: Environment, send: Callable[[Message], None]) -> None:
        self.worker = Worker(plan)
        self.begun = Event()
        self.over = Event()
        self._run = run
        self._environment = environment
        self._send = send
        self._halted = Event()
        self._reason = ""
        self._is_concluded = False
        self._departs = False
        self._sent = Folded(plan.window_ns, plan.bucket_ns)
        self._history = b""
        self._spawn(self._report)

    def begin(self, origin_ns: int) -> None:
        """The window begins, or has begun, at this time of the monotonic clock."""
        if not self.worker.origin_ns and not self._halted.is_set():
            self._spawn(self._conduct, origin_ns)

    def halt(self, reason: str = "") -> None:
        """End now, with what was measured."""
        self._reason = self._reason or reason
        self._halted.set()
        if not self.worker.origin_ns:
            self._spawn(self._conclude)

    def depart(self, reason: str) -> None:
        """This worker alone ends now."""
        self._departs = True
        self.halt(reason)

    @property
    def results(self) -> tuple[Partials, bytes]:
        """All that was sent to the coordinator so far: partial results, and the history, if it is kept."""
        return self._sent.merged(), self._history

    def broken(self, text: str) -> None:
        """Something of ours failed: the run is invalid, and goes on."""
        self.worker.health.error(text)

    def _conduct(self, origin_ns: int) -> None:
        worker = self.worker
        worker.begin(origin_ns)
        self.begun.set()
        until_ns = origin_ns + worker.plan.window_ns
        while (left_ns := until_ns - monotonic_ns()) > 0 and not self._reason:
            if self._halted.wait(min(left_ns / 1e9, _POLL_S)):
                break
            self._sweep()
        is_lost = bool(self._reason)
        worker.end_window(cut_short=is_lost or self._halted.is_set())
        if not is_lost:
            self._drain()
        self._conclude()

    def _drain(self) -> None:
        until_ns = monotonic_ns() + round(self.worker.plan.scenario.drain.timeout_s * 1e9)
        while monotonic_ns() < until_ns and not self.worker.is_settled and not self._reason:
            gevent.sleep(_POLL_S)
            self._sweep()

    def _sweep(self) -> None:
        for number in self.worker.sweep():
            self._send(Left(run=self._run, number=number))
        self._reason = self._reason or self.worker.target_loss

    def _conclude(self) -> None:
        if self._is_concluded:
            return
        self._is_concluded = True
        worker = self.worker
        until_ns = max(worker.run_clock_ns, 0)
        worker.end_all()
        partials, histories = worker.take_all()
        self._history = write_histories(histories) if worker.plan.keep_history else b""
        self._send_part(partials, until_ns, self._history, is_last=True)
        self.over.set()
        self._tell_progress()

    def _send_part(self, partials: Partials, until_ns: int, history: bytes, is_last: bool) -> None:
        self._sent.add(partials)
        self._send(
            Part(
                run=self._run,
                partials=encode_partials(partials),
                until_ns=until_ns,
                history=history,
                reason=self._reason,
                is_last=is_last,
                is_departure=self._departs,
            )
        )

    def _report(self) -> None:
        """Running figures for displays, and rows for Locust's own statistics, away from the hub's callbacks."""
        worker = self.worker
        part_due_ns = monotonic_ns() + _PART_INTERVAL_NS
        while not self.over.wait(_PROGRESS_INTERVAL_S):
            self._tell_progress()
            if monotonic_ns() >= part_due_ns and not self._is_concluded:
                part_due_ns = monotonic_ns() + _PART_INTERVAL_NS
                until_ns = worker.folded_until_ns
                if (part := worker.take()) is not None:
                    self._send_part(part, until_ns, b"", is_last=False)

    def _tell_progress(self) -> None:
        fire_entries(self._environment, self.worker.tally)
        progress = progress_of(self.worker.tally, self.worker.health)
        self._send(Running(run=self._run, progress=msgspec.json.encode(progress)))

    def _spawn(self, work: Callable[..., None], *arguments: object) -> None:
        """A greenlet whose failure ends the run: Locust would log it, and the run would wait for ever."""

        def guarded() -> None:
            try:
                work(*arguments)
            except Exception as error:
                text = f"{work.__name__.strip('_')}: {type(error).__name__}: {error}"
                self.broken(text)
                self._send(Failed(run=self._run, text=f"inside the generator: {text}"))

        gevent.spawn(guarded)
