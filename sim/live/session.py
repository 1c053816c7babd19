"""Runs under Locust's own command: each start of a test is a run, with its folder and its verdict.

Locust's main loop leads. It asks the shape how many users there should be; the first time of a test begins a run, and
when that is over the shape ends the test. A test that is stopped from outside ends its run first.
"""

import logging
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gevent
from gevent.event import Event
from locust.env import Environment

from sim.errors import EXIT_INVALID, RunFolderError, SimError
from sim.live.embedded import EmbeddedTarget
from sim.live.figures.series import Series
from sim.live.prepare import Request, prepared
from sim.live.run import executed_of, time_target
from sim.live.sharing.coordinator import Coordinator
from sim.live.sharing.plan import Plan
from sim.live.sharing.post import Post
from sim.report.folder import write_executed
from sim.results.executed import Executed
from sim.results.folder import created_folder
from sim.results.summary import Summary

if TYPE_CHECKING:
    from gevent import Greenlet

_POINT_INTERVAL_S: Final = 1.0
_LOG = logging.getLogger(__name__)


class Session:
    """Lives beside Locust's master, or in the one process that there is."""

    def __init__(self, environment: Environment, post: Post, request: Callable[[], tuple[Request, bool]]) -> None:
        """`request` says what to run, and whether lost organisations are taken over; it may raise `SimError`."""
        self.coordinator: Coordinator | None = None
        """Of the run that is under way, or of the last one."""
        self.summary: Summary | None = None
        """Of the last run that is over."""
        self.folder: Path | None = None
        """Its folder; None where it could not be written."""
        self.problem = ""
        """Why the last run could not begin or be written; empty if nothing was wrong."""
        self.series = Series()
        """Its course."""
        self.tried = Event()
        """Set when a start of a test has begun its run, or could not."""
        self._environment = environment
        self._post = post
        self._request = request
        self._stack = ExitStack()
        self._is_under_way = False
        self._concluded = Event()

    def users(self) -> tuple[int, float] | None:
        """What the shape says: begins a run, follows it, and ends the test when it is over."""
        if not self._is_under_way:
            self._begin()
            self.tried.set()
        users = self.coordinator.users() if self._is_under_way and self.coordinator else None
        if users is None and self._is_under_way:
            self._concluded.wait()
            self._is_under_way = False
        return users

    def halt(self, reason: str) -> bool:
        """End the run that is under way; the test ends with it. False if there is none."""
        if self._is_under_way and self.coordinator is not None:
            self.coordinator.halt(reason)
        return self._is_under_way

    def finish(self, reason: str) -> None:
        """End the run that is under way, if there is one, and wait until it is concluded."""
        if self.halt(reason):
            self._concluded.wait()
            self._is_under_way = False

    def _begin(self) -> None:
        self.summary, self.folder, self.problem = None, None, ""
        self._concluded.clear()
        stack = ExitStack()
        try:
            request, takes_over = self._request()
            folder = stack.enter_context(created_folder(request.out, request.scenario, datetime.now(UTC)))
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="ztna-sim-"))
            plan, embedded = stack.enter_context(prepared(request, Path(scratch)))
        except SimError as error:
            stack.close()
            self._fail(error)
            return
        self._stack = stack
        self.coordinator = Coordinator(self._environment, self._post, plan, takes_over)
        time_target(self.coordinator, embedded)
        self._is_under_way = True
        self.series = Series()
        gevent.spawn(self._follow, self.coordinator)
        _LOG.info("Run of scenario %s at %s, results in %s", plan.scenario.name, plan.url, folder)
        conductor: Greenlet[..., None] = gevent.spawn(self._conduct, self.coordinator, request, plan, embedded, folder)
        conductor.link_exception(self._broke)

    def _conduct(
        self, coordinator: Coordinator, request: Request, plan: Plan, embedded: EmbeddedTarget | None, folder: Path
    ) -> None:
        started = datetime.now(UTC)
        with self._stack:
            executed = executed_of(coordinator.run(), started, request, plan, embedded)
            self.summary = executed.summary()
            self._environment.process_exit_code = self.summary.verdict.exit_code
            self._write(folder, executed, self.summary)
        self._concluded.set()

    def _follow(self, coordinator: Coordinator) -> None:
        """A point per second, for the charts."""
        is_over, warned = False, set[str]()
        while not is_over:
            is_over = coordinator.over.wait(_POINT_INTERVAL_S)
            for trouble in coordinator.troubles:
                if trouble.kind not in warned:
                    warned.add(trouble.kind)
                    _LOG.warning(trouble.text)
            if coordinator.run_clock_ns > 0:
                self.series.add(coordinator.run_clock_ns / 1e9, coordinator.progress)

    def _write(self, folder: Path, executed: Executed, summary: Summary) -> None:
        try:
            write_executed(folder, executed, summary)
        except RunFolderError as error:  # a full disk does not take the figures with it
            self._fail(error)
        else:
            self.folder = folder

    def _broke(self, conductor: "Greenlet[..., None]") -> None:
        """An error of ours: the run is over without a verdict, and says so."""
        self.problem = f"inside the generator: {type(conductor.exception).__name__}: {conductor.exception}"
        self._environment.process_exit_code = EXIT_INVALID
        self._concluded.set()

    def _fail(self, error: SimError) -> None:
        self.problem = str(error)
        self._environment.process_exit_code = max(error.exit_code, self._environment.process_exit_code or 0)
        _LOG.error("ztna-sim: %s", error)
