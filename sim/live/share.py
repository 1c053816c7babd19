"""A worker's side of a run: claims from the coordinator, obeys it, and reports to it. In one process it is the same.

Messages to the coordinator: `claim` {ticket}, `ready` {organisation}, `failed` {text}, `progress` {Progress as a
dict}, `result` {partials, history, reason}. From it: `assigned` {ticket, organisation}, `begin` {delay_s}, `halt`,
`leave`.
"""

from collections.abc import Callable
from itertools import count
from time import monotonic_ns
from typing import Any, Final

import gevent
import msgspec
from gevent.event import AsyncResult, Event
from locust.env import Environment

from sim.checks import encode_partials
from sim.history import write_histories
from sim.live.progress import Progress, progress_of
from sim.live.worker import WarmupError, Worker

_PROGRESS_INTERVAL_S: Final = 0.5
_LOST_AFTER_NS: Final = 3_000_000_000
"""A target that refuses every connection for so long is lost; a restart is quicker."""


class Share:
    """Lives in each process that has users."""

    def __init__(self, environment: Environment, worker: Worker) -> None:
        self._environment = environment
        self._worker = worker
        self._tickets = count()
        self._claims: dict[int, AsyncResult[int | None]] = {}
        self._halted = Event()
        self._begun = False
        self._lost = ""
        self.over = Event()
        """Set when users may go."""
        for name, handler in (
            ("assigned", self._assigned),
            ("begin", self._begin),
            ("halt", self._halt),
            ("leave", self._leave),
        ):
            self._runner.register_message(name, handler)
        self._reporter = gevent.spawn(self._report)

    def join(self) -> None:
        """A user asks for an organisation and makes it ready. Blocks.

        What goes wrong is told to the coordinator and not raised: Locust would log a traceback of it.
        """
        ticket = next(self._tickets)
        claim: AsyncResult[int | None] = AsyncResult()
        self._claims[ticket] = claim
        self._runner.send_message("claim", {"ticket": ticket})
        number = claim.get()
        if number is None:
            return
        try:
            self._worker.prepare(number)
        except WarmupError as problem:
            self._runner.send_message("failed", {"text": str(problem)})
        except Exception as error:
            self._runner.send_message("failed", {"text": f"organisation {number}: {type(error).__name__}: {error}"})
        else:
            self._runner.send_message("ready", {"organisation": number})

    @property
    def _runner(self) -> Any:
        return self._environment.runner

    def _assigned(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        self._claims.pop(msg.data["ticket"]).set(msg.data["organisation"])

    def _begin(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment
        if not self._begun:
            self._begun = True
            gevent.spawn(self._conduct, msg.data["delay_s"])

    def _halt(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment, msg
        self._halted.set()
        if not self._begun:
            self._begun = True
            gevent.spawn(self._conclude)

    def _leave(self, environment: Environment, msg: Any, **_: Any) -> None:
        del environment, msg
        self.over.set()

    def _conduct(self, delay_s: float) -> None:
        """Window, drain, result."""
        worker, scenario = self._worker, self._worker.plan.scenario
        worker.start(delay_s)
        until_ns = monotonic_ns() + worker.plan.window_ns
        while (left_ns := until_ns - monotonic_ns()) > 0 and not self._lost:
            if self._halted.wait(min(left_ns / 1e9, _PROGRESS_INTERVAL_S)):
                break
            self._look_for_target()
        worker.end_window(cut_short=bool(self._lost) or self._halted.is_set())
        if not self._lost:
            worker.drain(scenario.drain.timeout_s)
            self._look_for_target()
        self._conclude()

    def _look_for_target(self) -> None:
        since_ns = self._worker.tally.failing_since_ns
        if since_ns and monotonic_ns() - since_ns > _LOST_AFTER_NS:
            self._lost = f"the target stopped answering: {self._worker.tally.last_failure}"

    def _conclude(self) -> None:
        try:
            partials, histories = self._worker.fold()
            history = write_histories(histories) if self._worker.plan.keep_history else b""
            result = {"partials": encode_partials(partials), "history": history, "reason": self._lost}
        except Exception as error:
            text = f"the results could not be folded: {type(error).__name__}: {error}"
            self._runner.send_message("failed", {"text": text})
            raise
        self._reporter.kill()
        self._runner.send_message("result", result)

    def _report(self) -> None:
        """Running figures for the display, and rows for Locust's own statistics, away from the hub's callbacks."""
        while True:
            gevent.sleep(_PROGRESS_INTERVAL_S)
            self._fire_entries()
            progress: Progress = progress_of(self._worker.tally)
            self._runner.send_message("progress", msgspec.to_builtins(progress))

    def _fire_entries(self) -> None:
        entries = self._worker.tally.entries
        fire: Callable[..., None] = self._environment.events.request.fire
        for _ in range(len(entries)):
            entry = entries.popleft()
            fire(
                request_type=entry.kind,
                name=entry.name,
                response_time=entry.milliseconds,
                response_length=0,
                exception=RuntimeError(entry.failure) if entry.failure else None,
                context={},
            )
