"""A worker's side of a run: its target is real, its coordinator is played by the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic_ns
from types import TracebackType
from typing import Self

import gevent
import pytest
from gevent import Greenlet
from locust.env import Environment

from sim.checks import Partials, decode_partials, encode_partials
from sim.live.access.credentials import Machine, Organisation
from sim.live.sharing.plan import Plan
from sim.live.sharing.post import (
    Assigned,
    Begin,
    Claim,
    Failed,
    GivenBack,
    Halt,
    Join,
    Leave,
    Left,
    Message,
    Part,
    Planned,
    Pulse,
    Ready,
    Running,
)
from sim.live.sharing.share import Share, share_of
from sim.schedule import Stay
from tests.live.nodes import Master
from tests.live.peers import LONGEST_WAIT_S, closed_port
from tests.live.plans import organisations_of, plan_of, scenario
from tests.live.waiting import turn_hub
from tests.target.servers import Server, served

S = 1_000_000_000
RUN = "run-1"
MASTER = "master"
LONG_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(machines=(3, 3)) as found:
        yield found


class Work:
    """A share and its users, with what it said."""

    def __init__(self) -> None:
        self.nodes = Master()
        self.orphans: list[tuple[Plan, Partials, bytes, str]] = []
        self.share = Share(self.nodes.environment, self.nodes.post, lambda *left: self.orphans.append(left))
        self._plan: Plan | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._plan is not None and not self.share.over.is_set():
            self.say(Halt(run=RUN))
            self.last_part()
        self.say(Leave(run=RUN))

    def say(self, message: Message) -> None:
        """The coordinator says this."""
        self.nodes.say(MASTER, message)

    def plan(self, plan: Plan, elapsed_ns: int | None = None, adopted: dict[int, list[str]] | None = None) -> None:
        """The coordinator sends the plan."""
        self._plan = plan
        self.say(Planned(run=RUN, plan=plan.encode(), elapsed_ns=elapsed_ns, adopted=adopted or {}))

    def user(self) -> tuple[int, "Greenlet[[int], Organisation | None]"]:
        """A user that asks for an organisation: its ticket, and what it gets."""
        ticket = self.share.ticket()
        asking = gevent.spawn(self.share.host, ticket)
        self.nodes.sent.wait_until(lambda: Claim(run=RUN, ticket=ticket) in self.nodes.told(Claim))
        return ticket, asking

    def assign(self, ticket: int, number: int, stay: Stay | None) -> None:
        """The coordinator's answer to a claim."""
        self.say(Assigned(run=RUN, ticket=ticket, number=number, stay=stay, workers=1))

    def hosting(self, number: int, stay: Stay) -> "tuple[int, Greenlet[[int], Organisation | None]]":
        """A user whose organisation is ready: its ticket, and what it gets when its stay begins."""
        ticket, asking = self.user()
        self.assign(ticket, number, stay)
        self.nodes.sent.wait_until(lambda: any(ready.number == number for ready in self.nodes.told(Ready)))
        return ticket, asking

    def begin(self) -> None:
        """The window begins now."""
        self.say(Begin(run=RUN, delay_s=0.0, adopted={}))

    def last_part(self) -> Part:
        """The last part, when it has come."""
        self.nodes.sent.wait_until(lambda: any(part.is_last for part in self.nodes.told(Part)))
        (last,) = [part for part in self.nodes.told(Part) if part.is_last]
        return last

    def partials(self) -> Partials:
        """What all parts were together."""
        parts = [decode_partials(part.partials) for part in self.nodes.told(Part)]
        (only,) = parts
        return only


def _throughout(organisation: int, until_s: float) -> Stay:
    return Stay(organisation, 0, round(until_s * S))


@contextmanager
def _planned(server: Server, duration_s: float = LONG_S, keep_history: bool = False) -> Iterator[Work]:
    asked = scenario(2, duration_s)
    with Work() as work:
        work.plan(plan_of(asked, server.running.url, organisations_of(server), keep_history=keep_history))
        yield work


def _got(asking: "Greenlet[[int], Organisation | None]") -> Organisation | None:
    return asking.get(timeout=LONGEST_WAIT_S)


# Before its window.


def test_it_joins_at_once_and_is_the_share_of_its_environment() -> None:
    with pytest.raises(KeyError):
        share_of(Environment())
    with Work() as work:
        assert work.nodes.told(Join) == [Join(run="")]
        assert share_of(work.nodes.environment) is work.share
        assert work.share.url == ""


def test_users_wait_for_the_plan_before_they_claim() -> None:
    with Work() as work:
        ticket = work.share.ticket()
        asking = gevent.spawn(work.share.host, ticket)
        turn_hub()
        assert work.nodes.told(Claim) == []
        work.plan(plan_of(scenario(1, LONG_S)))
        assert work.nodes.await_told(Claim) == Claim(run=RUN, ticket=ticket)
        work.assign(ticket, 0, None)
        assert _got(asking) is None
        assert work.nodes.told(Ready) == []


def test_what_was_claimed_is_made_ready_and_had_when_the_window_begins(server: Server) -> None:
    with _planned(server) as work:
        assert work.share.url == server.running.url
        stays = {0: _throughout(1, LONG_S), 1: _throughout(0, LONG_S)}
        users = {number: work.hosting(number, stay) for number, stay in stays.items()}
        for number, (ticket, asking) in users.items():
            turn_hub()
            assert not asking.ready()
            hosted = work.share.hosted(ticket)
            assert hosted is not None
            assert (hosted.number, hosted.stay, hosted.is_ready, hosted.is_started) == (
                number,
                stays[number],
                True,
                False,
            )
        assert work.nodes.told(Ready) == [
            Ready(run=RUN, number=number, organisation=stay.organisation, adopted=[]) for number, stay in stays.items()
        ]
        work.begin()
        orgs = organisations_of(server)
        assert [_got(asking) for _, asking in users.values()] == [orgs[1], orgs[0]]


def test_tickets_are_told_apart() -> None:
    with Work() as work:
        assert len({work.share.ticket() for _ in range(50)}) == 50
        assert work.share.hosted(7) is None


def test_a_user_that_goes_before_the_answer_comes_gives_it_back(server: Server) -> None:
    with _planned(server) as work:
        ticket, asking = work.user()
        asking.kill()
        work.share.release(ticket)
        assert work.nodes.told(GivenBack) == []
        work.assign(ticket, 5, _throughout(0, LONG_S))
        assert work.nodes.told(GivenBack) == [GivenBack(run=RUN, number=5)]
        other, asking = work.user()
        asking.kill()
        work.share.release(other)
        work.assign(other, 0, None)
        assert len(work.nodes.told(GivenBack)) == 1


def test_a_user_that_goes_before_the_window_gives_it_back_closed_and_another_can_have_it(server: Server) -> None:
    with _planned(server) as work:
        ticket, asking = work.hosting(0, _throughout(0, LONG_S))
        hosted = work.share.hosted(ticket)
        assert hosted is not None
        asking.kill()
        work.share.release(ticket)
        work.share.release(ticket)
        assert work.nodes.told(GivenBack) == [GivenBack(run=RUN, number=0)]
        assert hosted.over.is_set()
        _, asking = work.hosting(0, _throughout(0, LONG_S))
        work.begin()
        assert _got(asking) == organisations_of(server)[0]
        work.say(Halt(run=RUN))
        work.last_part()
        assert work.partials().blind.sockets == 2  # those of the one that was given back are nobody's


def test_a_user_that_goes_while_its_organisation_is_made_ready_gives_it_back() -> None:
    with served(machines=(3,), faults=("slow_rpc:1000",)) as slow, Work() as work:
        work.plan(plan_of(scenario(1, LONG_S), slow.running.url, organisations_of(slow)))
        ticket, asking = work.user()
        work.assign(ticket, 0, _throughout(0, LONG_S))
        turn_hub()
        asking.kill()
        work.share.release(ticket)
        assert work.nodes.told(GivenBack) == [GivenBack(run=RUN, number=0)]
        work.begin()
        work.say(Halt(run=RUN))
        work.last_part()
        assert work.partials().load.organisations == 0
        assert work.nodes.told(Ready) == []


# What goes wrong in its warm-up is told, and nothing is raised.


def test_a_target_that_is_not_allowed_here_is_told() -> None:
    plan = plan_of(scenario(1, LONG_S))
    elsewhere = Plan(plan.scenario, "http://192.0.2.1", plan.address, plan.credentials, plan.owners)
    with Work() as work:
        ticket = work.share.ticket()
        asking = gevent.spawn(work.share.host, ticket)
        work.say(Planned(run=RUN, plan=elsewhere.encode(), elapsed_ns=None, adopted={}))
        assert _got(asking) is None
        (failed,) = work.nodes.told(Failed)
        assert (failed.run, failed.text.startswith("target http://192.0.2.1: 192.0.2.1 is not this machine")) == (
            RUN,
            True,
        )


def test_a_target_that_is_not_there_is_told() -> None:
    _, (host, port) = closed_port()
    orgs = [Organisation(org_id="a", token="t", machines=[Machine(f"m{k}", "k") for k in range(3)])]
    with Work() as work:
        work.plan(plan_of(scenario(1, LONG_S), f"http://{host}:{port}", orgs))
        ticket, asking = work.user()
        work.assign(ticket, 0, _throughout(0, LONG_S))
        assert _got(asking) is None
        (failed,) = work.nodes.told(Failed)
        assert "organisation 0 (a): " in failed.text
        assert "onnection refused" in failed.text
        assert work.nodes.told(Ready) == []


def test_a_plan_that_cannot_be_read_is_told() -> None:
    with Work() as work:
        work.say(Planned(run=RUN, plan=b"no plan", elapsed_ns=None, adopted={}))
        (failed,) = work.nodes.told(Failed)
        assert failed.text.startswith("planned: ")


# In its window.


def test_a_run_from_its_window_to_its_last_part(server: Server) -> None:
    with _planned(server, duration_s=1.0, keep_history=True) as work:
        users = [work.hosting(number, _throughout(number, 1.0)) for number in (0, 1)]
        work.begin()
        last = work.last_part()
        assert [asking.ready() for _, asking in users] == [True, True]
        assert (last.reason, last.is_departure, last.history != b"") == ("", False, True)
        assert last.until_ns >= S
        partials = work.partials()
        assert set(partials.schedule_digests) == {0, 1}
        assert partials.load.organisations == 2
        assert partials.generator is not None
        assert (partials.generator.workers, partials.generator.error_count) == (1, 0)
        ended = [work.share.hosted(ticket) for ticket, _ in users]
        assert [hosted.over.is_set() for hosted in ended if hosted is not None] == [True, True]


def test_running_figures_are_sent_all_along(server: Server) -> None:
    with _planned(server) as work:
        work.hosting(0, _throughout(0, LONG_S))
        work.begin()
        first = work.nodes.await_told(Running, count=1)
        later = work.nodes.await_told(Running, count=3)
        assert (first.run, later.run) == (RUN, RUN)
        assert first.progress != later.progress


def test_an_organisation_whose_time_is_up_leaves_and_the_others_go_on(server: Server) -> None:
    with _planned(server) as work:
        work.hosting(4, _throughout(0, 0.3))
        other, _ = work.hosting(9, _throughout(1, LONG_S))
        work.begin()
        assert work.nodes.await_told(Left) == Left(run=RUN, number=4)
        hosted = work.share.hosted(other)
        assert hosted is not None
        assert (hosted.is_started, hosted.over.is_set()) == (True, False)


def test_a_user_that_is_taken_away_in_the_window_takes_nothing_with_it(server: Server) -> None:
    with _planned(server, duration_s=1.0) as work:
        ticket, asking = work.hosting(0, _throughout(0, 1.0))
        work.begin()
        assert _got(asking) is not None
        work.share.release(ticket)
        last = work.last_part()
        assert (work.nodes.told(GivenBack), last.reason) == ([], "")
        assert work.partials().load.organisations == 1


def test_who_joins_in_the_window_begins_where_the_others_are(server: Server) -> None:
    with Work() as work:
        plan = plan_of(scenario(2, LONG_S), server.running.url, organisations_of(server))
        origin_ns = monotonic_ns() - 7 * S
        work.plan(plan, elapsed_ns=7 * S, adopted={1: ["theirs"]})
        ticket, asking = work.hosting(0, Stay(0, 0, 60 * S))
        assert _got(asking) is not None
        hosted = work.share.hosted(ticket)
        assert hosted is not None
        assert hosted.is_started
        work.say(Halt(run=RUN))
        until_ns, now_ns = work.last_part().until_ns, monotonic_ns() - origin_ns
        assert 7 * S <= until_ns <= now_ns


# Its end.


@pytest.mark.parametrize("begun", [False, True])
def test_a_halt_ends_it_with_what_there_is(begun: bool, server: Server) -> None:
    with _planned(server) as work:
        work.hosting(0, _throughout(0, LONG_S))
        if begun:
            work.begin()
            work.nodes.await_told(Running)
        work.say(Halt(run=RUN))
        last = work.last_part()
        assert (last.reason, last.is_departure, last.until_ns > 0) == ("", False, begun)
        assert work.partials().load.organisations == begun


def test_a_halt_that_comes_with_the_plan_is_obeyed(server: Server) -> None:
    with Work() as work:
        work.say(Halt(run=RUN))
        work.plan(plan_of(scenario(2, LONG_S), server.running.url, organisations_of(server)), elapsed_ns=S)
        assert work.last_part().reason == ""


def test_who_is_ended_alone_gives_what_there_is_as_its_departure(server: Server) -> None:
    with _planned(server) as work:
        work.hosting(0, _throughout(0, LONG_S))
        work.begin()
        work.nodes.await_told(Running)
        work.share.depart("the worker was ended")
        last = work.last_part()
        assert (last.is_departure, last.reason) == (True, "the worker was ended")
        assert work.partials().load.organisations == 1
        work.share.depart("twice")
        assert work.last_part() is not None


@pytest.mark.parametrize("end", [Leave(run=RUN), None])
def test_there_is_nothing_to_give_before_the_plan_and_after_the_end(end: Message | None, server: Server) -> None:
    with Work() as work:
        if end is not None:
            work.plan(plan_of(scenario(2, LONG_S), server.running.url, organisations_of(server)))
            work.say(Halt(run=RUN))
            before = work.last_part()
            work.say(end)
        work.share.depart("the worker was ended")
        assert work.nodes.told(Part) == ([before] if end is not None else [])
        assert work.share.over.is_set() is (end is not None)


def test_a_share_does_not_outlive_its_coordinator_and_hands_on_what_it_has(server: Server) -> None:
    with Work() as work:
        plan = plan_of(scenario(2, LONG_S), server.running.url, organisations_of(server), keep_history=True)
        work.plan(plan, adopted={1: ["x"]})
        work.hosting(0, _throughout(0, LONG_S))
        work.say(Pulse(run=RUN))
        work.say(Begin(run=RUN, delay_s=0.0, adopted={0: ["y"], 1: ["x"]}))
        assert work.share.over.wait(LONGEST_WAIT_S)
        assert work.share.is_orphan
        ((known, partials, history, reason),) = work.orphans
        assert (reason, history != b"") == ("the coordinator went away", True)
        assert work.last_part().reason == reason
        assert encode_partials(partials) == work.last_part().partials
        assert set(partials.schedule_digests) == {0}
        # What one worker saw of an organisation, all know: a leak may go anywhere.
        assert [known.owners.of(machine).organisation for machine in ("x", "y")] == [1, 0]
