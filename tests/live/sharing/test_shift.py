"""One worker from the plan to its last part; its target is real."""

from collections.abc import Iterator
from time import monotonic_ns
from typing import TypeVar

import gevent
import pytest
from locust.env import Environment

from sim.checks import decode_partials, encode_partials
from sim.checks.partials import merge_all
from sim.history import read_histories
from sim.live.sharing.post import Failed, Left, Message, Part, Running
from sim.live.sharing.shift import Shift
from sim.schedule import Stay
from tests.live.peers import LONGEST_WAIT_S
from tests.live.plans import organisations_of, plan_of, scenario
from tests.live.waiting import Inbox
from tests.target.servers import Server, served

S = 1_000_000_000
RUN = "run-1"

Kind = TypeVar("Kind", bound=Message)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(machines=(3, 3)) as found:
        yield found


class Sent:
    """A shift, and what it said; the first message of the kind `refuses` cannot be sent."""

    def __init__(self, server: Server, duration_s: float, refuses: type[Message] | None = None) -> None:
        plan = plan_of(scenario(2, duration_s), server.running.url, organisations_of(server), keep_history=True)
        self._refuses = refuses
        self.sent: Inbox[Message] = Inbox()
        self.environment = Environment()
        self.shift = Shift(RUN, plan, self.environment, self._send)

    def _send(self, message: Message) -> None:
        if self._refuses is not None and isinstance(message, self._refuses):
            self._refuses = None
            raise ValueError("no connection")
        self.sent.add(message)

    def told(self, kind: type[Kind]) -> list[Kind]:
        return [message for message in self.sent.items if isinstance(message, kind)]

    def await_told(self, kind: type[Kind], count: int = 1) -> list[Kind]:
        self.sent.wait_until(lambda: len(self.told(kind)) >= count)
        return self.told(kind)

    def prepare(self, number: int, stay: Stay) -> None:
        gevent.spawn(self.shift.worker.prepare, number, stay).get(timeout=LONGEST_WAIT_S)

    def end(self) -> list[Part]:
        """Wait for its end; all parts."""
        assert self.shift.over.wait(LONGEST_WAIT_S)
        return self.told(Part)


def test_it_ends_by_itself_and_keeps_what_it_sent(server: Server) -> None:
    run = Sent(server, duration_s=0.5)
    for number in (0, 1):
        run.prepare(number, Stay(number, 0, S // 2))
    run.shift.begin(monotonic_ns())
    (part,) = run.end()
    assert (part.run, part.reason, part.is_last, part.is_departure) == (RUN, "", True, False)
    partials, history = run.shift.results
    assert (encode_partials(partials), history) == (part.partials, part.history)
    assert sorted(one.frame.organisation for one in read_histories(history)) == [0, 1]
    assert run.shift.begun.is_set()
    assert run.shift.worker.health.error_count == 0


def test_what_ends_before_the_run_is_sent_before_its_end_and_together_it_is_the_whole(server: Server) -> None:
    run = Sent(server, duration_s=60)
    run.prepare(0, Stay(0, 0, S // 10))
    run.prepare(1, Stay(1, 0, 60 * S))
    run.shift.begin(monotonic_ns())
    assert run.await_told(Left) == [Left(run=RUN, number=0)]
    early = run.await_told(Part)[0]
    assert (early.is_last, early.history, early.reason) == (False, b"", "")
    assert set(decode_partials(early.partials).schedule_digests) == {0}
    run.shift.halt()
    parts = run.end()
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]
    whole = merge_all((decode_partials(p.partials) for p in parts), run.shift.worker.plan.window_ns, S)
    assert encode_partials(run.shift.results[0]) == encode_partials(whole)
    assert set(whole.schedule_digests) == {0, 1}
    assert sorted(one.frame.organisation for one in read_histories(parts[-1].history)) == [0, 1]
    assert [part.until_ns for part in parts] == sorted(part.until_ns for part in parts)


def test_a_halt_before_the_window_ends_it_and_it_does_not_begin_afterwards(server: Server) -> None:
    run = Sent(server, duration_s=60)
    run.prepare(0, Stay(0, 0, 60 * S))
    run.shift.halt()
    run.shift.halt()
    (part,) = run.end()
    assert (part.until_ns, part.reason, decode_partials(part.partials).load.organisations) == (0, "", 0)
    run.shift.begin(monotonic_ns())
    assert run.shift.worker.origin_ns == 0
    assert not run.shift.begun.is_set()


def test_the_first_reason_stays(server: Server) -> None:
    run = Sent(server, duration_s=60)
    run.prepare(0, Stay(0, 0, 60 * S))
    run.shift.begin(monotonic_ns())
    run.await_told(Running)
    run.shift.halt("the coordinator went away")
    run.shift.depart("the worker was ended")
    (part,) = run.end()
    assert (part.reason, part.is_departure) == ("the coordinator went away", True)


def test_a_window_begins_once(server: Server) -> None:
    run = Sent(server, duration_s=60)
    origin_ns = monotonic_ns()
    run.shift.begin(origin_ns)
    assert run.shift.begun.wait(LONGEST_WAIT_S)
    run.shift.begin(origin_ns + S)
    run.shift.halt()
    run.end()
    assert run.shift.worker.origin_ns == origin_ns


def test_a_part_of_ours_that_fails_makes_the_run_invalid_and_is_told(server: Server) -> None:
    run = Sent(server, duration_s=60, refuses=Running)
    run.shift.begin(monotonic_ns())
    (failed,) = run.await_told(Failed)
    assert (failed.run, failed.text) == (RUN, "inside the generator: report: ValueError: no connection")
    run.shift.halt()
    (part,) = run.end()
    generator = decode_partials(part.partials).generator
    assert generator is not None
    assert "report: ValueError: no connection" in generator.errors
