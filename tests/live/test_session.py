"""Runs under Locust's own command: each start of a test is one, in this process and at a real target."""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
import msgspec
import pytest
from gevent.event import Event
from locust.env import Environment

from sim.errors import EXIT_FAILED, EXIT_HELD, EXIT_INVALID, EXIT_USAGE, SimError, TargetError, UsageError
from sim.live.access.credentials import Credentials
from sim.live.engine import open_share
from sim.live.prepare import Request
from sim.live.session import Session
from sim.live.shape import OrganisationShape
from sim.live.sharing.post import Post
from sim.live.users import FleetOrganisation
from sim.results.folder import read_run
from sim.results.summary import RunVerdict
from sim.scenario import Scenario
from tests.live.peers import LONGEST_WAIT_S
from tests.live.plans import organisations_of, scenario
from tests.target.servers import Server, served

LONG_S = 60.0
PROBED = {"per_s": 5.0}
"""Without, nobody has tried what must be refused, and a run is unknown."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(machines=(3, 3)) as found:
        yield found


@pytest.fixture
def request_for(server: Server, tmp_path: Path) -> Callable[[Scenario], Request]:
    """What to ask for; the run folder is made in `out`."""
    file = tmp_path / "credentials.json"
    file.write_bytes(msgspec.json.encode(Credentials(orgs=organisations_of(server), url=server.running.url)))

    def request(asked: Scenario) -> Request:
        return Request(
            scenario=asked, target=server.running.url, credentials_file=file, keep_history=True, out=tmp_path / "out"
        )

    return request


class Command:
    """Locust with a session, as our locustfiles set it up."""

    def __init__(self, request: Callable[[], Request]) -> None:
        self.environment = Environment(user_classes=[FleetOrganisation])
        self.runner = self.environment.create_local_runner()
        post = Post(self.environment)
        self.session = Session(self.environment, post, lambda: (request(), False))
        shape = OrganisationShape(self.session.users)
        shape.runner = self.runner
        self.environment.shape_class = shape
        open_share(self.environment, post)
        self.environment.events.test_stopping.add_listener(lambda **_: self.session.finish("ended by the user"))

    def start(self) -> None:
        """As the button of the web UI does, or Locust's command."""
        self.runner.start_shape()

    def await_end(self) -> None:
        """Until the test has stopped by itself."""
        greenlet = self.runner.shape_greenlet
        assert greenlet is not None
        greenlet.get(timeout=LONGEST_WAIT_S)

    def start_and_measure(self) -> None:
        """Start, and wait for the window."""
        self.start()
        begun = Event()

        def watch(**_: object) -> None:
            coordinator = self.session.coordinator
            assert coordinator is not None
            coordinator.on_window = begun.set

        self.environment.events.test_start.add_listener(watch)
        assert begun.wait(LONGEST_WAIT_S)


@contextmanager
def _command(request: Callable[[], Request]) -> Iterator[Command]:
    command = Command(request)
    try:
        yield command
    finally:
        command.runner.quit()


def test_each_start_is_a_run_with_its_folder_and_its_verdict(
    request_for: Callable[[Scenario], Request], tmp_path: Path
) -> None:
    scenarios = [scenario(2, 1.2, name=name, probes=PROBED) for name in ("second", "first")]
    with _command(lambda: request_for(scenarios.pop())) as command:
        session = command.session
        assert (session.coordinator, session.summary, session.folder, session.series.points) == (None, None, None, [])
        found, changes = [], []
        for name in ("first", "second"):
            command.start()
            command.await_end()
            assert session.folder is not None
            assert session.summary is not None
            assert session.problem == ""
            assert (session.summary.scenario, session.summary.verdict) == (name, RunVerdict.HELD)
            assert read_run(session.folder).summary == session.summary
            assert (session.folder / "report.html").exists()
            assert (session.folder / "history.npz").exists()
            assert command.environment.process_exit_code == EXIT_HELD
            assert session.series.points
            assert [p.at_s for p in session.series.points] == sorted(p.at_s for p in session.series.points)
            found.append((session.folder, session.series, session.coordinator))
            changes.append(session.summary.load.transitions)
        assert found[0][1:] != found[1][1:]
        assert changes[0] == changes[1] > 0  # whatever a run leaves at the target, the next one knows where it begins
        assert sorted(tmp_path.joinpath("out").iterdir()) == sorted(folder for folder, _, _ in found)


def test_a_run_that_fails_has_its_exit_code(request_for: Callable[[Scenario], Request]) -> None:
    asked = scenario(2, 0.5, objectives=["delivery.max_ms < 0"])
    with _command(lambda: request_for(asked)) as command:
        command.start()
        command.await_end()
        assert command.session.summary is not None
        assert command.session.summary.verdict is RunVerdict.FAILED
        assert command.environment.process_exit_code == EXIT_FAILED


def test_a_test_that_is_stopped_ends_its_run_first(request_for: Callable[[Scenario], Request]) -> None:
    with _command(lambda: request_for(scenario(2, LONG_S))) as command:
        command.start_and_measure()
        command.runner.stop()
        summary, folder = command.session.summary, command.session.folder
        assert summary is not None
        assert folder is not None
        assert (summary.partial, summary.reason) == (True, "ended by the user")
        assert read_run(folder).summary == summary
        assert command.environment.process_exit_code == EXIT_INVALID
        command.session.finish("nothing is under way")
        assert command.session.summary is summary


@pytest.mark.parametrize(
    ("error", "code"), [(UsageError("--host: no"), EXIT_USAGE), (TargetError("gone"), EXIT_INVALID)]
)
def test_what_is_wrong_before_the_run_is_said_and_ends_the_test(
    error: SimError, code: int, request_for: Callable[[Scenario], Request], tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    wrong = [error]

    def request() -> Request:
        if wrong:
            raise wrong.pop()
        return request_for(scenario(2, 0.5))

    with _command(request) as command, caplog.at_level(logging.ERROR, "sim"):
        command.start()
        command.await_end()
        assert (command.session.problem, command.session.summary) == (str(error), None)
        assert command.environment.process_exit_code == code
        assert [record.getMessage() for record in caplog.records] == [f"ztna-sim: {error}"]
        assert not (tmp_path / "out").exists()
        command.start()
        command.await_end()
        assert command.session.problem == ""
        assert command.session.summary is not None


def test_an_unfit_target_leaves_no_folder(request_for: Callable[[Scenario], Request], tmp_path: Path) -> None:
    with _command(lambda: request_for(scenario(7, 0.5))) as command:
        command.start()
        command.await_end()
        assert "2 organisations, but the scenario needs 7" in command.session.problem
        assert command.environment.process_exit_code == EXIT_USAGE
        assert command.session.coordinator is None
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_does_not_take_the_figures_with_it(
    request_for: Callable[[Scenario], Request], tmp_path: Path
) -> None:
    with _command(lambda: request_for(scenario(2, 1.0, probes=PROBED))) as command:
        command.start_and_measure()
        shutil.rmtree(tmp_path / "out")
        command.await_end()
        assert command.session.summary is not None
        assert command.session.summary.verdict is RunVerdict.HELD
        assert command.session.folder is None
        assert "cannot be written: No such file or directory" in command.session.problem
        assert command.environment.process_exit_code == EXIT_USAGE


def test_a_test_that_is_stopped_while_its_run_is_prepared_has_none(
    request_for: Callable[[Scenario], Request], tmp_path: Path
) -> None:
    asked, answer = Event(), Event()
    answer.set()

    def request() -> Request:
        asked.set()
        answer.wait(LONGEST_WAIT_S)
        return request_for(scenario(2, 0.5))

    with _command(request) as command:
        answer.clear()
        command.start()
        assert asked.wait(LONGEST_WAIT_S)
        assert command.session.is_under_way
        command.session.halt("once")
        command.runner.stop()
        assert (command.session.is_under_way, command.session.coordinator) == (False, None)
        assert command.session.problem == "once before the run began"
        assert command.environment.process_exit_code == EXIT_INVALID
        assert not (tmp_path / "out").exists()
        answer.set()
        command.start()
        command.await_end()
        assert (command.session.problem, command.session.is_under_way) == ("", False)
        assert command.session.summary is not None


def test_a_run_that_is_ended_before_its_first_turn_is_no_error_of_ours() -> None:
    def request() -> Request:
        Event().wait(LONGEST_WAIT_S)
        raise AssertionError("it was ended")

    with _command(request) as command:
        users = gevent.spawn(command.session.users)
        halted = gevent.spawn(command.session.halt, "ended by the user")  # has its turn before the run has
        assert users.get(timeout=LONGEST_WAIT_S) is None
        assert halted.get() is True
        assert command.session.problem == "ended by the user before the run began"
        assert command.environment.process_exit_code == EXIT_INVALID


def test_an_error_of_ours_ends_the_run_and_says_so(
    request_for: Callable[[Scenario], Request], hub_errors: list[BaseException]
) -> None:
    with _command(lambda: request_for(scenario(2, 0.5))) as command:

        def spoil(**_: object) -> None:
            assert command.session.coordinator is not None
            command.session.coordinator.on_window_end = lambda: shutil.rmtree("/nowhere/at/all")

        command.environment.events.test_start.add_listener(spoil)
        command.start()
        command.await_end()
        assert command.session.problem.startswith("inside the generator: FileNotFoundError: ")
        assert command.environment.process_exit_code == EXIT_INVALID
        gevent.idle()
    hub_errors.clear()
