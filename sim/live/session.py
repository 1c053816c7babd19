"""Runs under Locust's own command: each start of a test is one, with its folder and its verdict.

Locust's main loop leads. It asks the shape how many users there should be; the first time of a test begins a run, and
when that is over the shape ends the test. A test that is stopped from outside ends its run first.
"""

import logging
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gevent
from gevent.event import Event
from locust.env import Environment

from sim.errors import EXIT_INVALID, EndedError, RunFolderError, SimError
from sim.live.figures.series import Series
from sim.live.prepare import Request, prepared
from sim.live.run import executed_of, time_target
from sim.live.sharing.coordinator import Coordinator
from sim.live.sharing.post import Post
from sim.report.folder import write_executed
from sim.report.sentences import verdict_word
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
        """Of the run that is under way, once it is prepared, or of the last one."""
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
        self._conductor: Greenlet[..., None] | None = None
        self._is_called_off = False

    @property
    def is_under_way(self) -> bool:
        """Whether there is a run, from its preparation to its folder."""
        return self._conductor is not None

    def users(self) -> tuple[int, float] | None:
        """What the shape says: begins a run, follows it, and ends the test when it is over."""
        conductor = self._begin() if self._conductor is None else self._conductor
        self.tried.wait()
        users = self.coordinator.users() if self.coordinator is not None else None
        if users is None:
            conductor.join()
            self._conductor = None
        return users

    def halt(self, reason: str) -> bool:
        """End the run that is under way; the test ends with it. False if there is none."""
        if self._conductor is None:
            return False
        if self.coordinator is not None:
            self.coordinator.halt(reason)
        elif not self._is_called_off:
            self._is_called_off = True
            gevent.spawn(self._call_off, self._conductor, reason)  # once the conductor has had its first turn
        return True

    def _call_off(self, conductor: "Greenlet[..., None]", reason: str) -> None:
        if self.coordinator is not None:
            self.coordinator.halt(reason)
        else:
            conductor.kill(EndedError(f"{reason} before the run began"), block=False)

    def finish(self, reason: str) -> None:
        """End the run that is under way, if there is one, and wait until it is concluded."""
        conductor = self._conductor
        if conductor is not None and self.halt(reason):
            _LOG.info("Ending the run: %s; what was measured is written", reason)
            conductor.join()
            self._conductor = None

    def _begin(self) -> "Greenlet[..., None]":
        self.coordinator, self.summary, self.folder, self.problem = None, None, None, ""
        self.series = Series()
        self._is_called_off = False
        self.tried.clear()
        self._conductor = gevent.spawn(self._conduct)
        self._conductor.link(lambda _: self.tried.set())
        self._conductor.link_exception(self._broke)
        return self._conductor

    def _conduct(self) -> None:
        try:
            self._run()
        except SimError as error:
            self._fail(error)

    def _run(self) -> None:
        request, takes_over = self._request()
        with (
            created_folder(request.out, request.scenario, datetime.now(UTC)) as folder,
            tempfile.TemporaryDirectory(prefix="ztna-sim-") as scratch,
            prepared(request, Path(scratch)) as (plan, embedded),
        ):
            coordinator = self.coordinator = Coordinator(self._environment, self._post, plan, takes_over)
            time_target(coordinator, embedded)
            self.tried.set()
            gevent.spawn(self._follow, coordinator)
            _LOG.info("Run of scenario %s at %s, results in %s", plan.scenario.name, plan.url, folder)
            started = datetime.now(UTC)
            executed = executed_of(coordinator.run(), started, request, plan, embedded)
            self.summary = executed.summary()
            self._environment.process_exit_code = self.summary.verdict.exit_code
            self._write(folder, executed, self.summary)

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
            _LOG.info("Run is judged: %s, report in %s", verdict_word(summary), folder / "report.html")

    def _broke(self, conductor: "Greenlet[..., None]") -> None:
        """An error of ours: the run is over without a verdict, and says so."""
        self.problem = f"inside the generator: {type(conductor.exception).__name__}: {conductor.exception}"
        self._environment.process_exit_code = EXIT_INVALID

    def _fail(self, error: SimError) -> None:
        self.problem = str(error)
        self._environment.process_exit_code = max(error.exit_code, self._environment.process_exit_code or 0)
        _LOG.error("ztna-sim: %s", error)
