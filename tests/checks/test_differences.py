import random
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.checks.differences import Stretch, join, pieces_of, records_of, stretches_of, told_until_ns, total_ns
from sim.checks.pages import pages
from sim.history import History, certainties
from tests.checks.instants import Instants
from tests.checks.worlds import Ground, grounds, world
from tests.histories import history, ns

OPEN = "p0@-600.. s0@-500.."


def _stretches(each: History) -> list[Stretch]:
    known, told_ns = certainties(each), told_until_ns(each)
    found = []
    for page in pages(each):
        stretches = stretches_of(page, pieces_of(page, known).differing(), each.frame, told_ns)
        found += records_of(each.frame, page, stretches, np.zeros(len(stretches), np.bool_))
    return found


def _told(words: str, **frame: int | bool) -> list[str]:
    """Each stretch as `0.1:104-610`: dashboard, machine, from, until; `!` if it ought to have ended."""
    return [
        f"{each.dashboard}.{each.machine}:{each.from_ns / 1e6:g}-{each.until_ns / 1e6:g}{'!' * each.ought}"
        for each in _stretches(history(words, frame=frame))
    ]


def test_what_is_shown_is_stale_from_the_certain_change_until_it_is_shown() -> None:
    assert _told(f"{OPEN} m1-@-900 v0.1-@-400 w1+@100-104 v0.1+@610") == ["0.1:104-610!"]
    assert _told(f"{OPEN} m1-@-900 v0.1-@-400 w1+@100-104 e0.1+@102 v0.1+@610") == ["0.1:102-610!"]


@pytest.mark.parametrize(
    "words",
    [
        f"{OPEN} m1-@-900 v0.1-@-400",
        f"{OPEN} m1-@-900 v0.1-@-400 w1+@100-104 v0.1+@103",
        f"{OPEN} m1-@-900 w1+@100-104",  # nothing is shown
        f"{OPEN} m1-@-900 v0.1?@-400 w1+@100-104",  # the answer may have left it out
        f"{OPEN} m1?@-900 v0.1-@-400",  # nothing is certain
        "m1-@-900 v0.1+@-400",  # no page is open
        "p0@-600..100 m1-@-900 v0.1-@-400 w1+@100-104",
    ],
)
def test_nothing_is_stale_where_nothing_differs_or_nothing_is_known(words: str) -> None:
    assert _told(words) == []


def test_a_machine_that_is_missing_in_the_answer_is_shown_otherwise() -> None:
    assert _told(f"{OPEN} m1-@-900 v0.1x@100 v0.1-@200") == ["0.1:100-200"]


def test_wrong_in_two_ways_is_one_stretch_and_a_change_begins_another() -> None:
    assert _told(f"{OPEN} m1-@-900 v0.1x@100 v0.1+@150 v0.1-@200") == ["0.1:100-200"]
    words = f"{OPEN} m1-@-900 v0.1x@50 w1+@100-104 w1-@200-204"
    assert _told(words) == ["0.1:50-100", "0.1:104-200!", "0.1:204-20000!"]


def test_each_visit_has_its_own() -> None:
    words = "s0@-500.. p0@-600..200 p0@300.. m1-@-900 v0.1-@-400 w1+@100-104 v0.1+@610"
    assert _told(words) == ["0.1:104-200!", "0.1:300-610"]


def test_each_dashboard_and_machine_has_its_own() -> None:
    words = "p0@-600.. p1@-600.. m1-@-900 m2-@-900 v0.1-@-400 v1.1-@-400 v0.2-@-400 w1+@100-104 w2+@100-105 v0.1+@610"
    assert _told(words) == ["0.1:104-610", "0.2:105-20000", "1.1:104-20000"]


@pytest.mark.parametrize(
    ("socket", "ought"),
    [
        ("s0@-500..", True),
        ("s0@99..", True),
        ("s0@101..", False),  # after the write was sent: the event may have been missed
        ("s0@-500..5000!4000", False),  # the event may come until 5,104
        ("s0@-500..5104!4000", True),
        ("s0@-500..50!4000 s0@60..", True),
        ("s0@-500..102!4000 s0@103..", False),
        ("", False),
    ],
)
def test_it_ought_to_end_if_one_socket_was_there_to_tell(socket: str, ought: bool) -> None:
    words = f"p0@-600.. m1-@-900 v0.1-@-400 w1+@100-104 {socket}"
    assert [each.ought for each in _stretches(history(words))] == [ought]


@pytest.mark.parametrize(
    ("refetch", "ought"),
    [
        ("r0@103-110", False),  # asked for before the change was certain
        ("r0@104-110", True),
        ("r0@104x110", False),
        ("r0@50-300*2@200", True),  # its last attempt was sent at 200
        ("r0@650-700", False),  # shown when it was over
    ],
)
def test_or_if_an_answer_was_shown_that_was_asked_for_after_the_change(refetch: str, ought: bool) -> None:
    words = f"p0@-600.. m1-@-900 v0.1-@-400 w1+@100-104 v0.1+@610 {refetch}"
    assert [each.ought for each in _stretches(history(words))] == [ought]


def test_what_was_never_announced_for_sure_nobody_ought_to_show() -> None:
    assert _told(f"{OPEN} m1-@-900 v0.1-@-400 w1+@100-104!500 w1?+@200-204") == ["0.1:204-20000"]
    assert _told(f"{OPEN} m1-@-900 v0.1+@-400") == ["0.1:-400-20000"]


def test_the_cleanup_jobs_change_was_announced_since_it_was_possible() -> None:
    words = "p0@-600.. v0.1+@200 w1?+@100-104 e1.1-@190000~"
    ended = {"ended_ns": ns(300_000)}
    assert _told(f"{words} s0@178599..", **ended) == ["0.1:190000-300000!"]
    assert _told(f"{words} s0@178601..", **ended) == ["0.1:190000-300000"]


def test_a_part_has_what_lies_in_it() -> None:
    words = f"{OPEN} m1-@-900 v0.1-@-400 w1+@100-104"
    (first,) = _stretches(history(words, ended_ms=300, frame={"is_last": False}))
    assert (first.from_ns, first.until_ns, first.from_before, first.goes_on) == (ns(104), ns(300), False, True)
    (later,) = _stretches(history("p0@-600.. m1+@104 v0.1-@-400 v0.1+@500", frame={"from_ns": ns(300)}))
    assert (later.from_ns, later.until_ns, later.from_before, later.goes_on) == (ns(300), ns(500), True, False)
    assert (first.ought, later.ought) == (True, False)
    assert join([later, first]) == ([Stretch(0, 0, 1, ns(104), ns(500), True, False, False, False)], ())


def test_a_part_that_tells_a_little_more_than_it_lasts_tells_that_a_stretch_was_over() -> None:
    words = f"{OPEN} m1-@-900 v0.1-@-400 w1+@100-104 v0.1+@301 m2-@-900 v0.2x@200"
    (over, goes_on) = _stretches(history(words, ended_ms=300, frame={"is_last": False}))
    assert (over.until_ns, over.goes_on) == (ns(301), False)
    assert (goes_on.until_ns, goes_on.goes_on) == (ns(300), True)


@settings(max_examples=50)
@given(grounds)
def test_the_stretches_are_those_of_looking_at_each_instant(ground: Ground) -> None:
    for each in world(ground):
        instants = Instants(each)
        expected = [
            (stale.dashboard, stale.machine, stale.from_ns, stale.until_ns, stale.ought)
            for dashboard in instants.dashboards
            for machine in instants.machines
            for stale in instants.stretches(dashboard, machine)
        ]
        found = [(s.dashboard, s.machine, s.from_ns, s.until_ns, s.ought) for s in _stretches(each)]
        assert sorted(found) == sorted(expected)


@given(st.lists(st.integers(1, 30), unique=True, min_size=2), st.randoms(use_true_random=False))
def test_stretches_are_joined_in_any_order(times: list[int], chance: random.Random) -> None:
    times.sort()
    last = len(times) - 2
    pieces = [
        Stretch(0, 0, 0, from_ns, until_ns, number == 0, number > 0, number < last, False)
        for number, (from_ns, until_ns) in enumerate(pairwise(times))
    ]
    chance.shuffle(pieces)
    middle = chance.randint(0, len(pieces))
    (one, loose), (two, other_loose) = join(pieces[:middle]), join(pieces[middle:])
    whole, rest = join((*loose, *other_loose))
    assert [*one, *two, *whole] == [Stretch(0, 0, 0, times[0], times[-1], True, False, False, False)]
    assert rest == ()


def test_what_does_not_meet_is_not_joined() -> None:
    first = Stretch(0, 0, 1, 0, 10, True, False, True, False)
    for later in (
        Stretch(0, 0, 2, 10, 20, False, True, False, False),
        Stretch(0, 1, 1, 10, 20, False, True, False, False),
        Stretch(1, 0, 1, 10, 20, False, True, False, False),
        Stretch(0, 0, 1, 11, 20, False, True, False, False),
    ):
        assert join([later, first]) == ([], tuple(sorted([first, later])))
    begins = Stretch(0, 0, 1, 10, 20, False, False, False, False)
    assert join([first, begins]) == ([begins], (first,))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_the_total_is_the_number_of_instants_covered(spans: list[tuple[int, int]]) -> None:
    spans = [(min(span), max(span)) for span in spans]
    from_ns, until_ns = (np.array([span[k] for span in spans], np.int64) for k in range(2))
    assert total_ns(from_ns, until_ns) == len({at for since, until in spans for at in range(since, until)})


def test_stretches_go_through_json() -> None:
    each = Stretch(0, 0, 1, 0, 10, True, False, True, False)
    assert msgspec.json.decode(msgspec.json.encode(each), type=Stretch) == each
