from dataclasses import replace
from functools import reduce

import msgspec
import numpy as np
import pytest
from hypothesis import given

from sim.checks import Verdict
from sim.checks.availability import Availability, conclude, merge, observe
from sim.history import NEVER_NS, History, Sessions, WriteKind
from sim.schedule import ProbeKind
from tests.checks.laws import assert_merges
from tests.checks.worlds import worlds
from tests.histories import history

OWN_RPC, OWN_SOCKET = int(ProbeKind.OWN_RPC), int(ProbeKind.OWN_SOCKET)


def test_requests_that_were_answered_hold() -> None:
    finding = conclude(observe(history("w1+@100-104 r0@603-610 r0@700x800 r0@800-900 s0@-500..400!4000 s0@500..")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 6)


@pytest.mark.parametrize(
    ("words", "kind", "dashboard"),
    [
        ("w1+@100-104!503", "heartbeat: answered 503", -1),
        ("w1+@100-104!0", "heartbeat: no answer", -1),
        ("r1@100!9000", "refetch: the last retry failed", 1),
        ("s1@100!403", "upgrade: refused with 403", 1),
        ("s1@100!1006", "upgrade: closed with 1006 before it was subscribed", 1),
        ("s1@100!4003", "upgrade: closed with 4003 before it was subscribed", 1),
        (f"q{OWN_RPC}@100-104r:403", "probe OWN_RPC: refused with 403", -1),
        (f"q{OWN_SOCKET}@100-5100u", "probe OWN_SOCKET: no answer", -1),
    ],
)
def test_each_failure_is_counted_by_kind_and_named(words: str, kind: str, dashboard: int) -> None:
    finding = conclude(observe(history(f"{words} w2+@200-204")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.FAILED, 1.0, 2)
    assert finding.text == f"1 of 2 requests failed: 1 x {kind}"
    witness = finding.witnesses.first
    assert witness is not None
    assert (witness.text, witness.dashboard) == (kind, dashboard)


def test_only_what_must_be_granted_is_asked_of_probes() -> None:
    granted = f"q{OWN_RPC}@100-104g:200 q{int(ProbeKind.OWN_PATCH)}@100-104g:200"
    refused = f"q{int(ProbeKind.FOREIGN_RPC)}@100-104r:403o1 q{int(ProbeKind.UNSIGNED_ROWS)}@100-104u"
    finding = conclude(observe(history(f"{granted} {refused}")))
    assert (finding.verdict, finding.count) == (Verdict.HELD, 2)


def test_a_patch_is_a_probe_and_no_heartbeat() -> None:
    words = f"patch1@100-104!500~77 q{int(ProbeKind.OWN_PATCH)}@100-104r:500"
    partial = observe(history(words))
    assert (partial.requests, partial.failures) == (1, {"probe OWN_PATCH: refused with 500": 1})


def test_probes_under_way_at_the_end_are_as_other_requests() -> None:
    assert observe(history(f"q{OWN_RPC}@16000u")).under_way == 1
    assert observe(history(f"q{OWN_RPC}@100u")).failures == {"probe OWN_RPC: no answer when the run ended": 1}


def test_a_socket_counts_in_the_part_in_which_it_was_opened_alone() -> None:
    lasting, refused = "s0@-500..", "s1@6000!403"
    one = observe(history(lasting, ended_ms=5_000, frame={"is_last": False, "unsent_writes": 3}))
    other = observe(history(f"{lasting} {refused}", frame={"from_ns": 5_000_000_000, "unsent_writes": 3}))
    assert merge(one, other) == observe(history(f"{lasting} {refused}", frame={"unsent_writes": 3}))
    assert merge(one, other).requests == 5


def test_kinds_are_added_up() -> None:
    partial = observe(history("w1+@100-104!503 w2+@200-204!503 w3+@300-304!500 r0@400!900"))
    assert partial.failures == {
        "heartbeat: answered 503": 2,
        "heartbeat: answered 500": 1,
        "refetch: the last retry failed": 1,
    }


def test_each_failed_attempt_counts_also_where_a_retry_hid_it() -> None:
    partial = observe(history("r0@800-900*3 r0@1000!9000*4"))
    assert partial.requests == 7
    assert partial.failures == {
        "refetch: an attempt failed and was retried": 5,
        "refetch: the last retry failed": 1,
    }


def test_a_socket_that_we_closed_before_it_was_subscribed_is_no_failure() -> None:
    assert conclude(observe(history("w1+@100-104 s0@-500..400!4000 s0@450!"))).verdict is Verdict.HELD


def test_what_was_under_way_at_the_end_is_neither_answered_nor_failed() -> None:
    finding = conclude(observe(history("w1+@100-104 w2+@16000 r0@19000", ended_ms=20_000)))
    assert (finding.verdict, finding.count) == (Verdict.HELD, 1)
    assert finding.text.endswith("; 2 had no answer yet when the run ended")


def test_a_target_that_stops_answering_fails_and_says_what_waited() -> None:
    opening = Sessions.from_rows(np.array([0, 100, NEVER_NS, NEVER_NS, 0, 0, 100, NEVER_NS]))
    partial = observe(replace(history("w1+@100 w2+@200 r0@300", ended_ms=20_000), sessions=opening))
    assert conclude(partial).verdict is Verdict.FAILED
    assert partial.failures == {
        "heartbeat: no answer when the run ended": 2,
        "refetch: no answer when the run ended": 1,
        "upgrade: not subscribed when the run ended": 1,
    }


def test_a_target_that_has_had_no_time_to_answer_is_unknown() -> None:
    finding = conclude(observe(history("w1+@100 w2+@200 r0@300", ended_ms=400)))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.UNKNOWN, None, 0)


def test_without_data_it_is_unknown() -> None:
    assert conclude(observe(history())).verdict is Verdict.UNKNOWN
    assert conclude(Availability()).verdict is Verdict.UNKNOWN


@given(worlds)
def test_merging_is_associative_and_commutative_and_adds_up(organisations: list[History]) -> None:
    parts = [observe(each) for each in organisations]
    assert_merges(parts, merge, Availability())
    merged = reduce(merge, parts)
    assert merged.requests + merged.under_way == sum(map(_asked, organisations))
    assert sum(merged.failures.values()) == sum(sum(part.failures.values()) for part in parts)


def _asked(each: History) -> int:
    heartbeats = int(np.count_nonzero(each.writes.kind == WriteKind.HEARTBEAT))
    controls = sum(ProbeKind(kind).is_control for kind in each.probes.kind)
    others = int(each.fetches.attempts.sum()) + len(each.sessions) + each.frame.unsent_writes
    return heartbeats + controls + others


def test_a_heartbeat_that_could_never_be_sent_is_a_failure() -> None:
    clean = history("s0@-500.. w1+@100-104 r0@603-610")
    frame = msgspec.structs.replace(clean.frame, unsent_writes=3)
    finding = conclude(observe(replace(clean, frame=frame)))
    assert finding.verdict is Verdict.FAILED
    assert finding.value == 3
    assert "never sent" in finding.text
