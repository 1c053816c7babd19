from functools import reduce

import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.protocol import FATAL_CLOSE_CODES, Protocol, conclude, merge, observe
from sim.history import History
from tests.checks.laws import assert_merges
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


def test_an_event_for_a_heartbeat_that_changed_nothing_is_a_breach() -> None:
    finding = conclude(observe(history(f"{CLEAN} w1=+@2000-2004 e0.1+@2003 e1.1+@2003")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 2.0, 5)
    assert str(finding.witnesses.first) == (
        "2.003 s, organisation 0, dashboard 0: an event for a heartbeat of machine 1 without a change"
    )


@pytest.mark.parametrize(
    "words",
    [
        f"{CLEAN} w1=+@2000-2004",  # not announced
        f"{CLEAN} w1?+@2000-2004 e0.1+@2003",  # it may have changed something
        f"{CLEAN} w1=+@150-154 e0.1+@160~101",  # the transition's event, at the dashboard after the next heartbeat
        f"{CLEAN} e0.1-@2000~",  # the cleanup job's
        "w2+@50-52 w2=+@700-704 e0.2+@800~0",  # a clock that counts whole seconds cannot say which: the change
        "w2+@50-52 w2=+@700-704 e0.2+@800~",  # nor can an event without `last_seen`
    ],
)
def test_other_events_are_no_breach(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value) == (Verdict.HELD, 0.0)


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
