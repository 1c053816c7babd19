"""The coordinator's book-keeping: its workers are played by the test, message by message."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import gevent
import msgspec
import pytest
from gevent import Greenlet

from sim.checks import Partials, encode_partials
from sim.history import read_histories, write_histories
from sim.live.figures.progress import Progress
from sim.live.sharing.coordinator import Coordinator, Outcome, Phase, Trouble
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
from sim.schedule import LEAD_NS, Stay
from tests.histories import history
from tests.live.nodes import Nodes
from tests.live.peers import LONGEST_WAIT_S
from tests.live.plans import plan_of, scenario
from tests.live.waiting import Inbox, turn_hub

SHORT_S = 0.2
LONG_S = 60.0


class Run:
    """A run of some organisations, each there from the start of the window to its end."""

    def __init__(
        self, organisations: int = 2, duration_s: float = LONG_S, takes_over: bool = False, **changes: object
    ) -> None:
        self.nodes = Nodes()
        keep_history = bool(changes.pop("keep_history", False))
        self.plan = plan_of(scenario(organisations, duration_s, **changes), keep_history=keep_history)
        self.coordinator = Coordinator(self.nodes.environment, self.nodes.post, self.plan, takes_over)
        self.windows: Inbox[str] = Inbox()
        self.coordinator.on_window = lambda: self.windows.add("begins")
        self.coordinator.on_window_end = lambda: self.windows.add("ends")
        self._running: Greenlet[[], Outcome] | None = None
        self._tickets = 0
        self.run_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.kill()

    def join(self, *workers: str) -> Planned:
        """These workers are there and have got the plan; the last one's."""
        self.nodes.connect(*workers)
        for worker in workers:
            self.nodes.say(worker, Join(run=""))
        planned = self.nodes.told(Planned, workers[-1])[-1]
        self.run_id = planned.run
        return planned

    def say(self, worker: str, message: Message) -> None:
        """A message of this run."""
        self.nodes.say(worker, msgspec.structs.replace(message, run=self.run_id))

    def claim(self, worker: str) -> int:
        """A user of this worker claims an organisation; its ticket."""
        self._tickets += 1
        self.say(worker, Claim(run="", ticket=self._tickets))
        return self._tickets

    def assigned(self, worker: str, ticket: int) -> Assigned | None:
        """The answer to a claim, if there was one."""
        return next((answer for answer in self.nodes.told(Assigned, worker) if answer.ticket == ticket), None)

    def take(self, worker: str, count: int) -> list[int]:
        """This worker claims so many, gets them, and has them ready; their numbers."""
        numbers = []
        for _ in range(count):
            answer = self.assigned(worker, self.claim(worker))
            assert answer is not None
            assert answer.stay is not None
            self.say(worker, Ready(run="", number=answer.number, organisation=answer.stay.organisation, adopted=[]))
            numbers.append(answer.number)
        return numbers

    def report(
        self, worker: str, *organisations: int, is_last: bool = True, departs: bool = False, until_ns: int = 0,
        history: bytes = b"", reason: str = "",
    ) -> None:  # fmt: skip
        """What this worker has of these organisations."""
        folded = Partials(
            window_ns=self.plan.window_ns,
            bucket_ns=self.plan.bucket_ns,
            schedule_digests=dict.fromkeys(organisations, b"d" * 32),
        )
        part = Part(
            run="", partials=encode_partials(folded), until_ns=until_ns, history=history, reason=reason,
            is_last=is_last, is_departure=departs,
        )  # fmt: skip
        self.say(worker, part)

    def start(self) -> None:
        """Begin to run it, in a greenlet of its own."""
        self._running = gevent.spawn(self.coordinator.run)

    def start_and_measure(self) -> None:
        """Run it into its window."""
        self.start()
        self.windows.wait(1)

    def outcome(self) -> Outcome:
        """How it ended."""
        assert self._running is not None
        return self._running.get(timeout=LONGEST_WAIT_S)

    def lose(self, worker: str) -> None:
        """Locust's master sees no heartbeat any more; until the coordinator has noticed."""
        self.nodes.clients[worker].state = "missing"
        turn_until(
            lambda: any(
                trouble.kind == "lost" and f": {worker} " in trouble.text for trouble in self.coordinator.troubles
            )
        )


def turn_until(reached: Callable[[], bool]) -> None:
    """Turn the hub until this holds."""
    with gevent.Timeout(LONGEST_WAIT_S, AssertionError("not reached")):
        while not reached():
            turn_hub()


def _text(outcome: Outcome) -> str:
    """What the results say of lost workers."""
    assert outcome.partials.generator is not None
    return "; ".join(outcome.partials.generator.lost_workers)


# Before the window.


def test_who_joins_gets_the_plan() -> None:
    run = Run()
    planned = run.join("a")
    assert Plan.decode(planned.plan).encode() == run.plan.encode()
    assert (planned.elapsed_ns, planned.adopted) == (None, {})
    assert planned.run


def test_two_runs_have_ids_of_their_own() -> None:
    assert Run().join("a").run != Run().join("a").run


def test_each_stay_goes_to_one_worker_and_the_users_are_as_many() -> None:
    run = Run(organisations=3)
    assert run.coordinator.users() == (3, 3.0)
    run.join("a", "b")
    numbers = [*run.take("a", 1), *run.take("b", 1), *run.take("a", 1)]
    assert sorted(numbers) == [0, 1, 2]
    assert {answer.workers for answer in run.nodes.told(Assigned, "a")} == {2}
    assert run.coordinator.users() == (3, 3.0)


def test_locust_is_never_asked_for_so_many_at_once_that_it_warns() -> None:
    assert Run(organisations=250).coordinator.users() == (250, 100.0)


def test_a_late_worker_gets_what_was_given_back() -> None:
    run = Run(organisations=2)
    run.join("a")
    run.take("a", 2)
    run.join("late")
    ticket = run.claim("late")
    assert run.assigned("late", ticket) is None
    run.say("a", GivenBack(run="", number=1))
    answer = run.assigned("late", ticket)
    assert answer is not None
    assert (answer.number, answer.stay) == (1, run.coordinator.roster.stay(1))
    assert run.coordinator.roster.ready == 1


def test_what_somebody_else_has_cannot_be_given_back_made_ready_or_ended() -> None:
    run = Run(organisations=2)
    run.join("a", "b")
    run.claim("a")
    ticket = run.claim("b")
    for worker, number in (("a", 1), ("b", 0)):
        run.say(worker, GivenBack(run="", number=number))
        run.say(worker, Ready(run="", number=number, organisation=number, adopted=["x"]))
        run.say(worker, Left(run="", number=number))
    assert (run.coordinator.roster.ready, run.coordinator.users()) == (0, (2, 2.0))
    assert run.assigned("b", ticket) is not None
    assert run.join("c").adopted == {}


def test_a_claim_before_the_window_waits_and_is_told_that_there_is_none_when_it_begins() -> None:
    with Run(organisations=1) as run:
        run.join("a", "b")
        ticket = run.claim("b")
        late = run.claim("a")
        answer = run.assigned("b", ticket)
        assert answer is not None
        run.say("b", Ready(run="", number=answer.number, organisation=0, adopted=[]))
        assert run.assigned("a", late) is None
        run.start_and_measure()
        none = run.assigned("a", late)
        assert none is not None
        assert none.stay is None


def test_a_worker_that_is_lost_while_it_waits_gets_nothing() -> None:
    with Run(organisations=1) as run:
        run.join("a", "b", "c")
        run.claim("a")
        run.claim("b")
        ticket = run.claim("c")
        run.start()
        run.lose("b")
        run.say("a", GivenBack(run="", number=0))
        assert run.coordinator.roster.is_of(0, "c")
        assert run.assigned("c", ticket) is not None


def test_the_window_begins_when_the_last_one_is_ready_and_all_know_whose_machines_are_whose() -> None:
    with Run(organisations=2, duration_s=SHORT_S) as run:
        run.join("a", "b")
        tickets = {worker: run.claim(worker) for worker in ("a", "b")}
        run.start()
        run.nodes.await_told(Pulse, "b")
        assert (run.coordinator.phase, run.coordinator.run_clock_ns) == (Phase.WARM_UP, -LEAD_NS)
        assert run.nodes.told(Begin, "a") == []
        for worker, machines in (("a", ["x", "y"]), ("b", [])):
            answer = run.assigned(worker, tickets[worker])
            assert answer is not None
            assert answer.stay is not None
            ready = Ready(run="", number=answer.number, organisation=answer.stay.organisation, adopted=machines)
            run.say(worker, ready)
        for worker in ("a", "b"):
            begin = run.nodes.await_told(Begin, worker)
            assert begin.adopted == {0: ["x", "y"]}
            assert begin.delay_s > 0
        assert run.join("late").adopted == {0: ["x", "y"]}


def test_who_joins_in_the_window_is_told_how_far_it_is() -> None:
    with Run(organisations=1) as run:
        run.join("a")
        run.take("a", 1)
        run.start_and_measure()
        planned = run.join("late")
        assert planned.elapsed_ns is not None
        assert 0 <= planned.elapsed_ns <= run.coordinator.run_clock_ns
        ticket = run.claim("late")
        answer = run.assigned("late", ticket)
        assert answer is not None
        assert answer.stay is None


def test_an_organisation_that_comes_later_is_claimed_when_it_is_to_be_made_ready() -> None:
    stages = [
        {"kind": "step", "at_s": 0, "organisations": 1},
        {"kind": "step", "at_s": 2, "organisations": 2},
        {"kind": "step", "at_s": 40, "organisations": 3},
    ]
    with Run(organisations=3, stages=stages) as run:
        assert run.coordinator.users() == (1, 1.0)
        run.join("a")
        run.take("a", 1)
        assert run.assigned("a", run.claim("a")) is None
        run.start_and_measure()
        assert run.coordinator.users() == (2, 2.0)
        (second,) = [answer.stay for answer in run.nodes.told(Assigned, "a") if answer.ticket == 2]
        assert second == Stay(1, 2 * 10**9, 60 * 10**9)
        last = run.assigned("a", run.claim("a"))
        assert last is not None
        assert last.stay is None
        run.say("a", Left(run="", number=0))
        assert run.coordinator.users() == (1, 1.0)


# The end.


def test_a_whole_run_is_what_its_workers_found() -> None:
    with Run(organisations=3, duration_s=SHORT_S) as run:
        run.join("a", "b")
        run.take("a", 2)
        run.take("b", 1)
        run.start_and_measure()
        run.report("a", 0, is_last=False)
        run.windows.wait(2)
        assert run.coordinator.users() == (3, 3.0)
        run.report("a", 1)
        run.report("b", 2)
        outcome = run.outcome()
        assert (outcome.reason, outcome.workers, outcome.history) == (None, 2, None)
        assert set(outcome.partials.schedule_digests) == {0, 1, 2}
        assert (_text(outcome), run.coordinator.troubles) == ("", [])
        assert run.coordinator.users() is None
        assert run.nodes.told(Halt, "a") == []
        assert [len(run.nodes.told(Leave, worker)) for worker in ("a", "b")] == [1, 1]
        assert run.windows.items == ["begins", "ends"]


def test_who_joins_after_the_end_is_sent_away() -> None:
    with Run(organisations=1, duration_s=SHORT_S) as run:
        run.join("a")
        run.take("a", 1)
        run.start_and_measure()
        run.report("a", 0)
        run.outcome()
        run.join("late")
        assert len(run.nodes.told(Leave, "late")) == 1


def test_kept_histories_of_all_workers_are_one() -> None:
    with Run(organisations=2, duration_s=SHORT_S, keep_history=True) as run:
        run.join("a", "b")
        run.take("a", 1)
        run.take("b", 1)
        run.start_and_measure()
        kept = [history("w1+@0-5", organisation=organisation) for organisation in (0, 1)]
        run.report("b", 1, history=write_histories([kept[1]]))
        run.report("a", 0, history=write_histories([kept[0]]))
        found = run.outcome().history
        assert found is not None
        assert sorted(one.frame.organisation for one in read_histories(found)) == [0, 1]


@pytest.mark.parametrize("begun", [False, True])
def test_a_run_can_be_halted_before_anybody_joined(begun: bool) -> None:
    with Run() as run:
        if begun:
            run.start()
            turn_hub()
        run.coordinator.halt("ended by the user")
        run.coordinator.halt("and again")
        if not begun:
            run.start()
        outcome = run.outcome()
        assert (outcome.reason, outcome.workers) == ("ended by the user", 0)
        assert outcome.partials.load.organisations == 0
        assert run.windows.items == []
        assert run.coordinator.troubles == []


def test_organisations_that_nobody_claims_are_not_waited_for_for_ever() -> None:
    with Run(warmup={"timeout_s": 0.3}) as run:
        run.start()
        run.join("a")
        run.claim("a")
        turn_until(lambda: run.coordinator.phase is Phase.DRAIN)
        run.report("a")
        reason = run.outcome().reason
        assert reason is not None
        assert reason.startswith("only 1 of 2 organisations have a user after 0 s: ")


@pytest.mark.parametrize("in_window", [False, True])
def test_a_halt_ends_every_worker_and_keeps_what_it_had(in_window: bool) -> None:
    with Run(organisations=2) as run:
        run.join("a", "b")
        run.take("a", 1)
        if in_window:
            run.take("b", 1)
            run.start_and_measure()
        else:
            run.start()
            run.nodes.await_told(Pulse, "a")
        run.coordinator.halt("ended by the user")
        for number, worker in enumerate(("a", "b")):
            run.nodes.await_told(Halt, worker)
            run.report(worker, number)
        outcome = run.outcome()
        assert (outcome.reason, _text(outcome)) == ("ended by the user", "")
        assert set(outcome.partials.schedule_digests) == {0, 1}
        assert len(run.nodes.told(Begin, "a")) == in_window


def test_a_worker_may_end_the_run_with_a_reason() -> None:
    with Run(organisations=2) as run:
        run.join("a", "b")
        run.take("a", 1)
        run.take("b", 1)
        run.start_and_measure()
        run.report("a", 0, reason="the target stopped answering: connection refused")
        run.nodes.await_told(Halt, "b")
        run.report("b", 1, reason="the target stopped answering: timed out")
        assert run.outcome().reason == "the target stopped answering: connection refused"


def test_a_failure_in_the_warm_up_ends_the_run() -> None:
    with Run(organisations=1) as run:
        run.join("a")
        run.claim("a")
        run.start()
        run.say("a", Failed(run="", text="organisation 0: its machines could not be read within 60 s"))
        run.nodes.await_told(Halt, "a")
        run.report("a")
        assert run.outcome().reason == "organisation 0: its machines could not be read within 60 s"


def test_a_message_that_nobody_can_read_ends_the_run_as_our_own_fault() -> None:
    with Run(organisations=1) as run:
        run.join("a")
        run.start()
        run.say("a", Running(run="", progress=b"{"))
        run.nodes.await_told(Halt, "a")
        run.report("a")
        assert str(run.outcome().reason).startswith("inside the generator: running: DecodeError: ")


def test_what_is_left_of_an_earlier_run_is_dropped() -> None:
    run = Run(organisations=1)
    run.join("a")
    run.take("a", 1)
    run.run_id = "earlier"
    for message in (
        Failed(run="", text="of before"),
        Left(run="", number=0),
        GivenBack(run="", number=0),
        Running(run="", progress=msgspec.json.encode(Progress(leaks=5))),
    ):
        run.say("a", message)
    run.report("a", 0)
    ticket = run.claim("a")
    assert run.assigned("a", ticket) is None
    assert run.coordinator.troubles == []
    assert run.coordinator.progress.leaks == 0
    assert (run.coordinator.roster.is_of(0, "a"), run.coordinator.users()) == (True, (1, 1.0))


def test_running_figures_add_up_and_say_what_is_saturated() -> None:
    run = Run(organisations=2)
    run.join("a", "b")
    for worker, saturated in (("a", ("saturated: a",)), ("b", ())):
        figures = Progress(leaks=2, workers=1, saturated=saturated)
        run.say(worker, Running(run="", progress=msgspec.json.encode(figures)))
    assert (run.coordinator.progress.leaks, run.coordinator.progress.workers) == (4, 2)
    assert run.coordinator.troubles == [Trouble("saturated", "This run is invalid if it goes on so: saturated: a")]


# Workers that go.


@contextmanager
def _measured(takes_over: bool = False, duration_s: float = LONG_S) -> Iterator[Run]:
    """A run in its window: worker a has organisations 0 and 1, b has 2 and 3."""
    with Run(organisations=4, takes_over=takes_over, duration_s=duration_s) as run:
        run.join("a", "b")
        run.take("a", 2)
        run.take("b", 2)
        run.start_and_measure()
        yield run


def _halted(run: Run, worker: str, *organisations: int) -> Outcome:
    """The outcome, when this worker alone is left."""
    run.coordinator.halt("enough")
    run.nodes.await_told(Halt, worker)
    run.report(worker, *organisations)
    return run.outcome()


def _lost(worker: str) -> Trouble:
    return Trouble("lost", f"This run is invalid: lost worker: {worker}")


def test_without_taking_over_a_lost_workers_organisations_are_missing() -> None:
    with _measured() as run:
        run.report("a", 0, is_last=False)
        run.lose("a")
        assert run.coordinator.troubles == [_lost("a went away, with organisations 0, 1")]
        assert run.coordinator.users() == (2, 2.0)
        answer = run.assigned("b", run.claim("b"))
        assert answer is not None
        assert answer.stay is None
        outcome = _halted(run, "b", 2, 3)
        assert outcome.partials.generator is not None
        assert outcome.partials.generator.lost_organisations == (0, 1)
        assert outcome.partials.generator.gaps == ()
        assert set(outcome.partials.schedule_digests) == {0, 2, 3}


def test_a_lost_worker_alone_makes_the_run_partial_but_does_not_end_it() -> None:
    with _measured(duration_s=SHORT_S) as run:
        run.lose("a")
        run.windows.wait(2)
        run.report("b", 2, 3)
        outcome = run.outcome()
        assert outcome.reason == "a worker was lost with organisations 0, 1"
        assert (outcome.workers, _text(outcome)) == (2, "a went away, with organisations 0, 1")


def test_a_worker_that_has_no_connection_any_more_is_lost() -> None:
    with _measured() as run:
        del run.nodes.clients["a"]
        turn_until(lambda: run.coordinator.users() == (2, 2.0))
        assert run.coordinator.troubles == [_lost("a went away, with organisations 0, 1")]


def test_with_taking_over_the_others_get_them_from_when_they_can_be_ready() -> None:
    with _measured(takes_over=True) as run:
        until_ns = run.coordinator.run_clock_ns
        run.report("a", 0, is_last=False, until_ns=until_ns)
        before = run.coordinator.users()
        lost_after_ns = run.coordinator.run_clock_ns
        run.lose("a")
        after = run.coordinator.users()
        assert before is not None
        assert after is not None
        assert after[0] == before[0]
        assert after != before  # or Locust would start no users for them
        stays = [run.coordinator.roster.stay(number) for number in run.take("b", 2)]
        assert [stay.organisation for stay in stays] == [0, 1]
        assert all(lost_after_ns + LEAD_NS <= stay.from_ns < run.coordinator.run_clock_ns + LEAD_NS for stay in stays)
        assert {stay.until_ns for stay in stays} == {run.plan.window_ns}
        outcome = _halted(run, "b", 0, 1, 2, 3)
        assert outcome.partials.generator is not None
        assert outcome.partials.generator.lost_organisations == ()
        (gap,) = outcome.partials.generator.gaps
        assert (gap.organisations, gap.from_ns, gap.until_ns) == ((0, 1), until_ns, stays[0].from_ns)


def test_where_the_window_is_nearly_over_nothing_is_taken_over() -> None:
    with _measured(takes_over=True, duration_s=1.5) as run:
        run.lose("a")
        assert run.coordinator.users() is not None
        run.windows.wait(2)
        run.report("b", 2, 3)
        outcome = run.outcome()
        assert outcome.reason == "a worker was lost with organisations 0, 1"
        assert outcome.partials.generator is not None
        assert outcome.partials.generator.gaps == ()


@pytest.mark.parametrize("takes_over", [False, True])
def test_a_worker_that_is_lost_in_the_warm_up_does_not_hold_the_others_up(takes_over: bool) -> None:
    with Run(organisations=2, takes_over=takes_over) as run:
        run.join("a", "b")
        run.claim("a")
        run.take("b", 1)
        run.start()
        run.lose("a")
        if takes_over:
            assert run.windows.items == []
            (number,) = run.take("b", 1)
            assert run.coordinator.roster.stay(number) == Stay(0, 0, run.plan.window_ns)
        run.windows.wait(1)
        outcome = _halted(run, "b", 0, 1)
        assert outcome.partials.generator is not None
        assert outcome.partials.generator.lost_organisations == (() if takes_over else (0,))


def test_what_a_lost_worker_still_says_is_not_listened_to() -> None:
    with _measured(takes_over=True) as run:
        run.lose("a")
        ticket = run.claim("a")
        answer = run.assigned("a", ticket)
        assert answer is None or answer.stay is None
        assert len(run.take("b", 2)) == 2
        run.report("a", 5, reason="of before")
        run.say("a", Failed(run="", text="of before"))
        run.say("a", Running(run="", progress=msgspec.json.encode(Progress(leaks=5))))
        assert run.coordinator.progress.leaks == 0
        outcome = _halted(run, "b", 0, 1, 2, 3)
        assert outcome.reason == "enough"
        assert set(outcome.partials.schedule_digests) == {0, 1, 2, 3}


def test_without_any_worker_left_the_run_ends() -> None:
    with _measured() as run:
        run.report("a", 0, is_last=False)
        run.lose("a")
        run.nodes.clients["b"].state = "missing"
        outcome = run.outcome()
        assert outcome.reason == "no worker is left"
        assert set(outcome.partials.schedule_digests) == {0}


@pytest.mark.parametrize("takes_over", [False, True])
def test_a_worker_that_was_ended_has_given_what_it_had_and_is_lost_after_a_moment(takes_over: bool) -> None:
    with _measured(takes_over=takes_over) as run:
        run.report("a", 0, 1, departs=True, until_ns=run.coordinator.run_clock_ns)
        assert run.coordinator.troubles == []
        turn_until(lambda: bool(run.coordinator.troubles))
        said = "a was ended, with organisations 0, 1"
        assert run.coordinator.troubles == ([Trouble("lost", f"Lost worker: {said}")] if takes_over else [_lost(said)])
        if takes_over:
            run.take("b", 2)
        outcome = _halted(run, "b", *((0, 1, 2, 3) if takes_over else (2, 3)))
        assert set(outcome.partials.schedule_digests) == {0, 1, 2, 3}
        assert outcome.partials.generator is not None
        assert outcome.partials.generator.lost_organisations == (() if takes_over else (0, 1))


def test_whoever_ends_the_whole_run_may_end_its_workers_first() -> None:
    with _measured() as run:
        run.report("a", 0, 1, departs=True, reason="the worker was ended")
        run.report("b", 2, 3, departs=True, reason="the worker was ended")
        run.coordinator.halt("ended by the user")
        outcome = run.outcome()
        assert (outcome.reason, _text(outcome)) == ("ended by the user", "")
        assert run.coordinator.troubles == []
