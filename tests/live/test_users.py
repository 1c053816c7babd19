"""Locust users with tasks of their own: what they know, when they act, and when they stop."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from locust import constant, task
from locust.env import Environment
from locust.stats import StatsEntry

from sim.live.engine import open_share
from sim.live.shape import OrganisationShape
from sim.live.sharing.coordinator import Coordinator, Outcome
from sim.live.sharing.plan import Plan
from sim.live.sharing.post import Post
from sim.live.sharing.share import Share
from sim.live.users import FleetOrganisation, OrganisationUser
from tests.live.nodes import Master
from tests.live.peers import Connection, peer
from tests.live.plans import organisations_of, plan_of, scenario
from tests.target.servers import Server, served

STEP_S = 0.05


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(machines=(3, 3)) as found:
        yield found


@contextmanager
def _running(user: type[OrganisationUser], plan: Plan) -> Iterator[tuple[Environment, Coordinator]]:
    """Locust with this class of users, in this process, at a run."""
    environment = Environment(user_classes=[user])
    runner = environment.create_local_runner()
    post = Post(environment)
    coordinator = Coordinator(environment, post, plan)
    shape = OrganisationShape(coordinator.users)
    shape.runner = runner
    environment.shape_class = shape
    open_share(environment, post)
    runner.start_shape()
    try:
        yield environment, coordinator
    finally:
        runner.quit()


def _ended(environment: Environment, coordinator: Coordinator) -> Outcome:
    """Run it to its end, in which no user may have raised anything."""
    outcome = coordinator.run()
    assert environment.runner is not None
    assert environment.runner.exceptions == {}
    return outcome


def _entry(environment: Environment, name: str) -> StatsEntry:
    return environment.stats.get(name, "GET")


def test_a_task_acts_for_its_organisation_while_the_window_is_measured(server: Server) -> None:
    asked: list[tuple[str, int, bool]] = []

    class Auditor(OrganisationUser):
        wait_time = constant(STEP_S)

        @task
        def read_machines(self) -> None:
            path = f"/api/db/machines?org_id={self.organisation.org_id}"
            answer = self.client.get(path, headers=self.headers, name="list of machines")
            hosted = self._share.hosted(self._ticket)
            is_its_time = hosted is not None and hosted.is_started and not hosted.closing.is_set()
            asked.append((self.organisation.org_id, answer.status_code, is_its_time))

    plan = plan_of(scenario(2, 1.0), server.running.url, organisations_of(server))
    with _running(Auditor, plan) as (environment, coordinator):
        outcome = _ended(environment, coordinator)
        entry = _entry(environment, "list of machines")
        assert (entry.num_requests, entry.num_failures) == (len(asked), 0)
        assert outcome.reason is None
    assert set(asked) == {(org.org_id, 200, True) for org in server.orgs}
    assert outcome.partials.load.organisations == 2


def test_a_task_ends_when_the_stay_does_and_not_with_the_drain() -> None:
    happened: list[str] = []
    ends: list[tuple[bool, bool]] = []

    class Busy(OrganisationUser):
        wait_time = constant(STEP_S)

        @task
        def work(self) -> None:
            happened.append("works")

        def on_stop(self) -> None:
            hosted = self._share.hosted(self._ticket)
            assert hosted is not None
            ends.append((hosted.closing.is_set(), hosted.over.is_set()))
            happened.append("stops")
            super().on_stop()

    # Answers take so long that some are still to come when the window ends.
    with served(machines=(3,), faults=("slow_rpc:700",)) as slow:
        asked = scenario(1, 1.0, churn={"events_per_s": 20.0})
        with _running(Busy, plan_of(asked, slow.running.url, organisations_of(slow))) as (environment, coordinator):
            _ended(environment, coordinator)
            happened.append("the run ends")
    assert happened[-2:] == ["stops", "the run ends"]
    assert set(happened[:-2]) == {"works"}
    assert ends == [(True, False)]


def test_a_user_without_tasks_stays_until_the_stay_is_over_and_sends_nothing_itself(server: Server) -> None:
    plan = plan_of(scenario(2, 0.5), server.running.url, organisations_of(server))
    with _running(FleetOrganisation, plan) as (environment, coordinator):
        users: list[int] = []
        runner = environment.runner
        assert runner is not None
        coordinator.on_window = lambda: users.append(runner.user_count)
        outcome = _ended(environment, coordinator)
        assert users == [2]
    assert (outcome.reason, outcome.partials.load.organisations) == (None, 2)
    assert outcome.partials.generator is not None
    assert outcome.partials.generator.error_count == 0


def test_a_class_with_tasks_keeps_them_and_one_without_has_one_that_stays() -> None:
    class Idle(OrganisationUser):
        pass

    class Active(OrganisationUser):
        @task
        def act(self) -> None:
            raise AssertionError("not run")

    assert Active.tasks == [Active.act]
    assert len(Idle.tasks) == 1
    assert Idle.tasks == FleetOrganisation.tasks
    assert (OrganisationUser.abstract, Idle.abstract) == (True, False)


def test_a_redirect_is_not_followed() -> None:
    class Idle(OrganisationUser):
        pass

    def elsewhere(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with peer(elsewhere) as other:

        def redirecting(connection: Connection) -> None:
            connection.head()
            location = b"Location: http://127.0.0.1:%d/\r\n" % other.port
            connection.send(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + location + b"\r\n")

        with peer(redirecting) as target:
            nodes = Master()
            Share(nodes.environment, nodes.post, lambda *_: None)
            user = Idle(nodes.environment)
            user.client.base_url = f"http://127.0.0.1:{target.port}"
            assert user.client.get("/").status_code == 302
            user.client.client.close()
        assert other.accepted == []
