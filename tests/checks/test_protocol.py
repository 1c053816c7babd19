from functools import reduce

import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.protocol import FATAL_CLOSE_CODES, Protocol, conclude, merge, observe
from sim.history import History
from tests.checks.laws import assert_merges
from tests.checks.probing import seen_by_a_probe
from tests.checks.worlds import worlds
from tests.histories import history

CLEAN = "s0@-500.. w1+@100-104 e0.1+@103 a0@610:10 a0@700:10"


def test_messages_of_the_contract_hold() -> None:
    finding = conclude(observe(history(CLEAN)))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 3)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("b0@300f", "a frame that is not of the contract"),
        ("b0@300a", "an answer that is not of the contract"),
        *(
            (f"s0@-400..300!{code}", f"a frame for which the socket was closed with {code}")
            for code in FATAL_CLOSE_CODES
        ),
    ],
)
def test_each_breach_is_counted_and_named(words: str, text: str) -> None:
    finding = conclude(observe(history(f"{CLEAN} {words}")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 4)
    assert str(finding.witnesses.first) == f"0.300 s, organisation 0, dashboard 0: {text}"


def test_an_ordinary_close_is_no_breach() -> None:
    assert conclude(observe(history(f"{CLEAN} s0@-900..-600!4000 s1@1!1006"))).verdict is Verdict.HELD


def test_an_ordinary_event_is_no_breach_whatever_it_announces() -> None:
    assert conclude(observe(history(f"{CLEAN} w1=+@2000-2004 e0.1+@2003 e0.1+@2004"))).verdict is Verdict.HELD


@pytest.mark.parametrize(
    ("socket", "ended_ms", "without_pong"),
    [
        ("s0@-500..^1000?", 6_000, 0),  # exactly as old as the deadline
        ("s0@-500..^1000?", 6_001, 1),
        ("s0@-500..^1000", 20_000, 0),
        ("s0@-500..", 20_000, 0),  # it never pinged
        ("s0@-500..6000^1000?", 20_000, 0),  # closed before the deadline
        ("s0@-500..6001^1000?", 20_000, 1),
        ("s0@-500..6001!4000^1000?", 20_000, 1),
    ],
)
def test_a_ping_without_a_pong_counts_once_it_is_older_than_the_deadline(
    socket: str, ended_ms: float, without_pong: int
) -> None:
    partial = observe(history(f"e0.1+@103 {socket}", ended_ms=ended_ms))
    assert partial.without_pong == without_pong
    finding = conclude(partial)
    assert (finding.verdict is Verdict.FAILED, finding.value) == (without_pong > 0, without_pong)
    if without_pong:
        assert str(finding.witnesses.first) == "1.000 s, organisation 0, dashboard 0: a ping that had no pong"


def test_a_socket_without_a_pong_counts_in_the_part_in_which_it_ends() -> None:
    lasting = history("s0@-500..^1000?", ended_ms=9_000, frame={"is_last": False})
    assert observe(lasting).without_pong == 0
    assert observe(history("s0@-500..^1000?", frame={"from_ns": 9_000_000_000})).without_pong == 1
    closed = history("s0@-500..8000!4000^1000?", ended_ms=9_000, frame={"is_last": False})
    assert observe(closed).without_pong == 1


def test_a_target_that_only_keeps_silent_fails() -> None:
    finding = conclude(observe(history("s0@-500..^1000?")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 0)


def test_what_a_probe_received_is_not_counted() -> None:
    assert observe(seen_by_a_probe(history(CLEAN), 0)).messages == 2


def test_without_a_message_it_is_unknown() -> None:
    finding = conclude(observe(history("s0@-500.. w1+@100-104")))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)
    assert conclude(Protocol()).verdict is Verdict.UNKNOWN


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Protocol())
    merged = reduce(merge, parts)
    assert merged.breaches == sum(part.breaches for part in parts) <= merged.messages
    assert merged.without_pong == sum(part.without_pong for part in parts)
