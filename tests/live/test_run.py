"""Whole runs in this process: Locust's local runner, its users, a coordinator and a share, at a real target."""

from collections.abc import Callable
from datetime import UTC, datetime

import gevent
from gevent.event import Event

from sim.checks import encode_partials, observe
from sim.checks.partials import merge_all
from sim.history import read_histories
from sim.live.engine import coordinator_of
from sim.live.prepare import Request
from sim.live.run import executed_of
from sim.live.sharing.coordinator import Coordinator, Outcome, Phase
from sim.live.sharing.plan import Plan
from sim.results.summary import RunVerdict
from tests.live.peers import LONGEST_WAIT_S
from tests.live.plans import organisations_of, plan_of, scenario
from tests.target.servers import served


def _run(plan: Plan, meanwhile: Callable[[Coordinator], None] = lambda _: None) -> Outcome:
    """Run it; `meanwhile` is called when its window begins."""
    with coordinator_of(plan, processes=1, takes_over=False) as coordinator:
        window = Event()
        coordinator.on_window = window.set

        def wait() -> None:
            assert window.wait(LONGEST_WAIT_S)
            meanwhile(coordinator)

        watching = gevent.spawn(wait)
        outcome = coordinator.run()
        watching.get(timeout=LONGEST_WAIT_S)
        assert coordinator.phase is Phase.OVER
        return outcome


def test_a_run_finds_what_its_histories_say_and_judges_it() -> None:
    with served(machines=(3, 3, 3)) as server:
        asked = scenario(3, 2.0, probes={"per_s": 5.0})
        plan = plan_of(asked, server.running.url, organisations_of(server), keep_history=True)
        outcome = _run(plan)
    assert (outcome.reason, outcome.workers) == (None, 1)
    assert outcome.history is not None
    histories = list(read_histories(outcome.history))
    assert sorted(history.frame.organisation for history in histories) == [0, 1, 2]
    digests = outcome.partials.schedule_digests
    again = merge_all(
        (observe(history, digests[history.frame.organisation]) for history in histories),
        plan.window_ns,
        plan.bucket_ns,
    )
    found = outcome.partials
    for name in ("load", "latency", "collapse", "loss", "leakage", "refusals", "blind"):
        assert getattr(again, name) == getattr(found, name), name
    executed = executed_of(outcome, datetime.now(UTC), Request(scenario=asked), plan, None)
    summary = executed.summary()
    assert (summary.verdict, summary.leakage.leaks, summary.loss.lost) == (RunVerdict.HELD, 0, 0)
    assert 0 < summary.loss.expected <= summary.load.deliveries  # besides, there are the probes' PATCHes
    assert executed.environment["workers"] == 1
    assert encode_partials(executed.partials) == encode_partials(outcome.partials)


def test_organisations_come_and_go_with_their_stages() -> None:
    stages = [
        {"kind": "step", "at_s": 0, "organisations": 1},
        {"kind": "step", "at_s": 1, "organisations": 2},
        {"kind": "step", "at_s": 2.5, "organisations": 1},
    ]
    users: list[tuple[int, float] | None] = []
    with served(machines=(3, 3)) as server:
        plan = plan_of(scenario(2, 4.0, stages=stages), server.running.url, organisations_of(server))
        outcome = _run(plan, lambda coordinator: users.append(coordinator.users()))
    assert users == [(2, 2.0)]  # one that is there, and one that is to be made ready
    assert outcome.reason is None
    assert set(outcome.partials.schedule_digests) == {0, 1}
    assert outcome.partials.load.organisations == 2
    assert outcome.partials.generator is not None
    assert outcome.partials.generator.error_count == 0


def test_a_run_that_is_halted_has_what_it_had_until_then() -> None:
    with served(machines=(3, 3)) as server:
        plan = plan_of(scenario(2, 600.0), server.running.url, organisations_of(server))
        outcome = _run(plan, lambda coordinator: coordinator.halt("ended by the user"))
    assert outcome.reason == "ended by the user"
    assert set(outcome.partials.schedule_digests) == {0, 1}
