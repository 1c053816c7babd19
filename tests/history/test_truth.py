from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.contract import StatusCode
from sim.history import NEVER_NS, UNEXPLAINED, History, Machines, States, certainties
from sim.history.truth import CLOCK_TOLERANCE_NS, machines_at, states_at
from tests.histories import history, ns
from tests.history.targets import Told, told

ONLINE, OFFLINE, QUARANTINED, UNKNOWN = (
    int(code) for code in (StatusCode.ONLINE, StatusCode.OFFLINE, StatusCode.QUARANTINED, StatusCode.UNKNOWN)
)
_SIGNS = {ONLINE: "+", OFFLINE: "-", QUARANTINED: "q"}
_PATIENCE_MS = 180_000 - CLOCK_TOLERANCE_NS // 1_000_000
SILENT = f"..{_PATIENCE_MS}"


def _certain(words: str) -> str:
    """What is certain of machine 1: `+100..300` is online from 100 ms to 300 ms."""
    return _spelt(history(words))


def _spelt(each: History) -> str:
    rows = certainties(each)
    rows = rows.where(rows.machine == 1)
    spans = zip(rows.status.tolist(), rows.from_ns.tolist(), rows.until_ns.tolist(), strict=True)
    return " ".join(f"{_SIGNS[status]}{_ms(since)}..{_ms(until)}" for status, since, until in spans)


def _ms(time_ns: int) -> str:
    return "" if abs(time_ns) == NEVER_NS else f"{time_ns / 1e6:g}"


def _online_until(sent_ms: int) -> str:
    return f"{sent_ms + _PATIENCE_MS:g}"


def test_a_write_is_certain_from_its_answer_on_and_in_doubt_while_it_is_under_way() -> None:
    assert _certain("m1-@-900 w1+@100-104") == f"--900..100 +104..{_online_until(100)}"


def test_or_from_the_first_arrival_of_its_event() -> None:
    assert _certain("m1-@-900 w1+@100-104 e0.1+@103 e1.1+@102") == f"--900..100 +102..{_online_until(100)}"
    assert _certain("m1+@-900 w1-@100-104 e0.1-@107") == "+-900..100 -104.."


def test_what_is_said_again_is_certain_without_a_break() -> None:
    words = "m1-@-900 w1+@100-104 w1=+@60000-60004 w1=+@120000-120004 w1-@150000-150004"
    assert _certain(words) == "--900..100 +104..150000 -150004.."
    rows = certainties(history(words))
    assert rows.contact_ns.tolist()[1] == ns(120_000)


def test_one_that_is_silent_may_be_offline() -> None:
    assert _certain("w1?+@0-4") == f"+4{SILENT}"
    assert _certain("w1?-@0-4") == "-4.."


def test_what_the_cleanup_job_says_of_a_silent_one_is_certain() -> None:
    assert _certain("w1?+@0-4 e0.1-@190000~ e1.1-@190003~") == f"+4{SILENT} -190000.."
    assert _certain("w1?+@0-4 e0.1-@190000~ w1+@200000-200004") == (
        f"+4{SILENT} -190000..200000 +200004..{_online_until(200_000)}"
    )


def test_what_it_says_too_early_is_in_doubt_whoever_hears_it() -> None:
    assert _certain("w1?+@0-4 e0.1-@100000~") == "+4..100000"
    # Marked offline at 190,000 and online again at once; the event comes late, and twice.
    words = "w1?+@0-4 w1?+@190000-190004 e0.1-@190002~ e1.1-@190050~ e2.1-@190060~"
    assert _certain(words) == f"+4{SILENT}"


def test_a_failed_write_leaves_both_possible_until_one_succeeds() -> None:
    assert _certain("m1+@-900 w1-@100-104!500 w1?-@200-204!0 w1?-@300-304") == "+-900..100 -304.."
    assert _certain("m1+@-900 w1-@100") == "+-900..100"


def test_a_failed_write_that_was_announced_is_certain() -> None:
    assert _certain("m1+@-900 w1-@100-104!500 e0.1-@103") == "+-900..100 -103.."


def test_a_failed_write_that_says_what_is_certain_anyway_changes_nothing() -> None:
    assert _certain("m1-@-900 w1=-@100-104!500 w1=-@200-204!0 w1+@300-304!500 w1?-@400-404!500") == "--900..300"
    assert _certain("w1?+@0-4 w1=+@100-104!500") == f"+4{SILENT}"


def test_but_not_once_it_has_been_silent_for_too_long() -> None:
    words = "w1?+@0-4 w1?+@190000-190004!500 e0.1-@190010~"
    assert _certain(words) == f"+4{SILENT}"


def test_an_unanswered_write_that_is_announced_after_the_next_was_sent_leaves_both_in_doubt() -> None:
    words = "m1+@-900 w1-@100-30100!0 w1?+@30200-30204 e0.1-@30208~100 w1?+@90000-90004"
    assert _certain(words) == f"+-900..100 +90004..{_online_until(90_000)}"


def test_a_patch_is_no_fact() -> None:
    assert _certain("m1-@-900 patch1@100-104~77 e0.1-@103~77") == "--900.."


def test_nor_is_a_failed_write_of_a_machine_that_nothing_is_known_of() -> None:
    assert _certain("w1?+@0-4!500 e0.1-@100000~") == ""  # it may be online again
    assert _certain("w1?+@0-4!500 e0.1-@190000~") == "-190000.."


def test_other_events_leave_in_doubt_what_they_say() -> None:
    assert _certain("m1-@-900 e0.1+@100") == "--900..100"
    assert _certain("m1-@-900 e0.1*@100~") == "--900..100"
    assert _certain("m1-@-900 e0.1-@100") == "--900.."  # says what is certain anyway
    assert _certain("m1-@-900 e0.1+@100o7 e0.1+@100o?") == "--900.."
    assert _certain("m1-@-900 e0.1+@100 w1?-@200-204") == "--900..100 -204.."


def test_a_machine_that_is_not_known_is_not_certain_until_it_is_written() -> None:
    assert _certain("m1?@-900") == ""
    assert _certain("m1?@-900 w1?-@100-104") == "-104.."
    assert _certain("") == ""


def test_heartbeats_of_a_quarantined_machine_change_nothing_unless_they_are_announced() -> None:
    assert _quarantined("w1?+@100-104 w1?-@200-204!500") == "q-900.."
    assert _quarantined("w1?-@100-104 e0.1-@102") == "q-900..100 -102.."


def test_what_was_announced_was_carried_out_before_the_machine_was_quarantined() -> None:
    each = history("m1-@-900 w1+@100-30100!0 e0.1-@20000~ e0.1+@20001~100 w1?+@60000-60004")
    status = np.where(each.deliveries.write == UNEXPLAINED, QUARANTINED, each.deliveries.status)
    assert _spelt(replace(each, deliveries=replace(each.deliveries, status=status))) == "--900..100 q20000.."


def _quarantined(words: str) -> str:
    told_of = history("m1-@-900 " + words)
    machines = replace(told_of.machines, status=np.full(1, QUARANTINED))
    return _spelt(replace(told_of, machines=machines))


@pytest.mark.parametrize(
    ("words", "possible_ms"),
    [
        ("m1-@-900 w1+@100-104", ["", "100"]),
        ("w1?+@0-4 e0.1-@190000~", ["", f"{_PATIENCE_MS}"]),  # may have been marked from then on
        ("m1-@-900 w1+@100-104!500 w1?+@200-204", ["", ""]),  # announced, or not, at any time
        ("w1?+@0-4 w1?+@190000-190004", ["", ""]),
    ],
)
def test_when_a_change_was_possible_is_known_where_it_was_certainly_otherwise_before(
    words: str, possible_ms: list[str]
) -> None:
    assert [_ms(possible_ns) for possible_ns in certainties(history(words)).possible_ns.tolist()] == possible_ms


@given(told())
def test_what_is_certain_is_true(world: Told) -> None:
    rows = certainties(world.history)
    spans = zip(rows.machine.tolist(), rows.from_ns.tolist(), rows.until_ns.tolist(), rows.status.tolist(), strict=True)
    for machine, from_ns, until_ns, status in spans:
        assert world.statuses(machine, from_ns, until_ns) == {status}, f"machine {machine} from {from_ns} to {until_ns}"


@given(told())
def test_certain_times_do_not_overlap_and_are_sorted(world: Told) -> None:
    rows = certainties(world.history)
    assert (rows.from_ns < rows.until_ns).all()
    assert (rows.possible_ns <= rows.from_ns).all()
    same = rows.machine[1:] == rows.machine[:-1]
    assert (rows.machine[1:] >= rows.machine[:-1]).all()
    assert (rows.until_ns[:-1][same] <= rows.from_ns[1:][same]).all()


@given(told(faults=False))
def test_where_nothing_fails_all_is_certain_but_for_writes_under_way_and_silence(world: Told) -> None:
    each, rows = world.history, certainties(world.history)
    for machine in range(each.frame.machines):
        of = rows.where(rows.machine == machine)
        certain = list(zip(of.from_ns.tolist(), of.until_ns.tolist(), strict=True))
        for at_ns in world.instants():
            expected = world.is_settled(machine, at_ns)
            assert any(since <= at_ns < until for since, until in certain) >= expected, f"machine {machine} at {at_ns}"


@given(told(), st.data())
def test_parts_know_what_the_whole_knows(world: Told, data: st.DataObject) -> None:
    quiet_ns = world.quiet_ns()
    cuts_ns = data.draw(st.lists(st.sampled_from(quiet_ns), unique=True, max_size=4)) if quiet_ns else []
    cut = world.in_parts(sorted(cuts_ns))
    assert _spans(cut) == _spans([world.history])


def _spans(parts: list[History]) -> list[tuple[int, ...]]:
    """All that is certain in these parts of a run, as (machine, from, until, status, since), joined at the cuts."""
    spans = []
    for part in parts:
        rows = certainties(part)
        begin_ns, end_ns = part.frame.from_ns, part.frame.ended_ns
        columns = (rows.machine, rows.from_ns, rows.until_ns, rows.status)
        for machine, from_ns, until_ns, status in zip(*(column.tolist() for column in columns), strict=True):
            if max(from_ns, begin_ns) < min(until_ns, end_ns):
                spans.append((machine, max(from_ns, begin_ns), min(until_ns, end_ns), status, from_ns))
    joined: list[tuple[int, ...]] = []
    for span in sorted(spans):
        before = joined[-1] if joined else (-1, 0, 0, 0, 0)
        if (before[0], before[2], *before[3:]) == (span[0], span[1], *span[3:]):
            joined[-1] = (*before[:2], *span[2:])
        else:
            joined.append(span)
    return joined


def test_what_carries_over_of_the_machines() -> None:
    words = "m1-@-900 m2-@-900 m3+@-900 m4?@-900 w1+@100-104 w1=+@200-204 w3-@300-304!500 w5?+@400-404"
    assert _rows(machines_at(history(words))) == [
        [1, ns(104), ONLINE, ns(200)],
        [2, ns(-900), OFFLINE, ns(-900)],
        [3, ns(300), UNKNOWN, ns(-900)],
        [4, ns(-900), UNKNOWN, ns(-900)],
        [5, ns(404), ONLINE, ns(400)],
    ]


def test_one_that_is_silent_carries_over_with_what_tells_so() -> None:
    assert _rows(machines_at(history("w1?+@0-4", ended_ms=200_000))) == [[1, ns(4), ONLINE, 0]]


def test_an_answer_that_came_when_it_may_have_been_offline_again_carries_over() -> None:
    each = history("m1-@-900 w1+@100-190000", ended_ms=200_000)
    assert _spelt(each) == "--900..100"
    assert _rows(machines_at(each)) == [[1, ns(190_000), ONLINE, ns(100)]]


def test_what_carries_over_of_the_pages() -> None:
    words = "v0.1+@100 v0.2-@100 v1.1-@150 v0.1-@200 v0.1x@300 v1.2?@300"
    states = states_at(history(words))
    assert sorted(_rows(states)) == [
        [0, ns(100), 2, OFFLINE],
        [0, ns(300), 1, int(StatusCode.ABSENT)],
        [1, ns(150), 1, OFFLINE],
        [1, ns(300), 2, UNKNOWN],
    ]
    assert (states.at_ns[1:] >= states.at_ns[:-1]).all()


def test_nothing_carries_over_of_nothing() -> None:
    assert len(machines_at(history(""))) == len(states_at(history(""))) == 0


def _rows(table: Machines | States) -> list[list[int]]:
    rows: list[list[int]] = table.rows().tolist()
    return rows
