"""Who takes part, what each has reported, and what is missing of those that are lost."""

import msgspec
import pytest

from sim.checks import Partials, encode_partials, merge, observe
from sim.checks.generator import Gap
from sim.checks.partials import merge_all
from sim.live.figures.progress import Progress
from sim.live.sharing.attendance import Attendance
from sim.schedule import Stay
from tests.checks.words import CLEAN
from tests.histories import history, ns

S = 1_000_000_000
WINDOW_NS, BUCKET_NS = ns(10_000), ns(1_000)


def _part(organisation: int) -> Partials:
    return observe(history(CLEAN, organisation=organisation), bytes([organisation] * 32))


def _attendance(*workers: str) -> Attendance:
    made = Attendance(WINDOW_NS, BUCKET_NS)
    for worker in workers:
        made.join(worker)
    return made


def _stays(*organisations: int, from_ns: int = 0) -> list[Stay]:
    return [Stay(organisation, from_ns, WINDOW_NS) for organisation in organisations]


def test_those_are_missing_whose_last_part_is_still_to_come() -> None:
    attendance = _attendance("a", "b", "c")
    assert (attendance.workers, attendance.count, attendance.missing) == (["a", "b", "c"], 3, ["a", "b", "c"])
    attendance.report("a", _part(0), S, b"", is_last=False)
    assert attendance.missing == ["a", "b", "c"]
    attendance.report("a", _part(1), 2 * S, b"", is_last=True)
    attendance.lose("b", "went away", [2], _stays(2), ())
    assert attendance.missing == ["c"]
    assert attendance.workers == ["a", "b", "c"]


def test_what_all_reported_is_merged_and_a_lost_worker_keeps_its_parts() -> None:
    attendance = _attendance("a", "b")
    parts = [_part(number) for number in range(4)]
    attendance.report("a", parts[0], S, b"", is_last=False)
    attendance.report("b", parts[1], S, b"", is_last=False)
    attendance.report("a", parts[2], 2 * S, b"", is_last=False)
    attendance.lose("a", "went away", [0, 2], _stays(0, 2), ())
    attendance.report("b", parts[3], 3 * S, b"", is_last=True)
    whole = merge_all(parts, WINDOW_NS, BUCKET_NS)
    assert encode_partials(attendance.merged()) == encode_partials(whole)
    assert set(attendance.merged().schedule_digests) == {0, 1, 2, 3}


def test_without_a_report_there_is_an_empty_result_of_the_run() -> None:
    merged = _attendance().merged()
    assert (merged.window_ns, merged.bucket_ns, merged.load.organisations) == (WINDOW_NS, BUCKET_NS, 0)
    assert encode_partials(merge(merged, _part(0))) == encode_partials(_part(0))


def test_histories_are_kept_in_the_order_in_which_they_come() -> None:
    attendance = _attendance("a", "b")
    attendance.report("b", _part(0), S, b"of b", is_last=True)
    attendance.report("a", _part(1), S, b"", is_last=False)
    attendance.report("a", _part(2), S, b"of a", is_last=True)
    assert attendance.histories == [b"of b", b"of a"]


def test_a_lost_worker_is_not_listened_to_any_more() -> None:
    attendance = _attendance("a", "b")
    attendance.progressed("a", Progress(deliveries=5, workers=1))
    attendance.progressed("b", Progress(deliveries=7, workers=1))
    attendance.progressed("stranger", Progress(deliveries=100, workers=1))
    attendance.lose("a", "went away", [0], _stays(0), ())
    attendance.progressed("a", Progress(deliveries=50, workers=1))
    attendance.progressed("b", Progress(deliveries=8, workers=1))
    assert attendance.progress == Progress(deliveries=13, workers=2)
    assert [attendance.takes_part(worker) for worker in ("a", "b", "stranger")] == [False, True, False]


def test_nothing_is_missing_while_nobody_is_lost() -> None:
    attendance = _attendance("a")
    assert (attendance.loss, attendance.lost_workers, attendance.lost_organisations) == (None, [], [])
    assert _attendance().is_deserted is False


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_the_text_of_a_loss_names_the_organisations_of_all_lost_ones_in_order(order: str) -> None:
    attendance = _attendance("a", "b")
    stays = {"a": _stays(7, 3), "b": _stays(5)}
    for worker in order:
        assert not attendance.is_deserted
        attendance.lose(worker, "went away", [s.organisation for s in stays[worker]], stays[worker], ())
    assert attendance.loss == "a worker was lost with organisations 3, 5, 7"
    assert attendance.lost_organisations == [3, 5, 7]
    assert attendance.is_deserted
    assert sorted(attendance.lost_workers) == [
        "a went away, with organisations 7, 3",
        "b went away, with organisation 5",
    ]


def test_a_worker_that_had_nothing_is_lost_without_a_loss() -> None:
    attendance = _attendance("a", "b")
    attendance.lose("a", "went away", [], (), ())
    assert attendance.loss is None
    assert attendance.lost_workers == ["a went away, with no organisations"]


def test_a_stay_that_was_over_is_no_loss() -> None:
    attendance = _attendance("a", "b")
    attendance.lose("a", "went away", [0, 1], _stays(1), ())
    assert attendance.lost_organisations == [1]
    assert attendance.lost_workers == ["a went away, with organisations 0, 1"]


def test_what_others_take_over_is_a_gap_from_the_last_report_to_the_new_beginning() -> None:
    attendance = _attendance("a", "b")
    attendance.report("a", _part(4), 3 * S, b"", is_last=False)
    attendance.report("a", _part(5), 2 * S, b"", is_last=False)
    attendance.lose("a", "went away", [4, 5, 6], _stays(5, 4, 6), _stays(5, 4, from_ns=7 * S))
    assert attendance.gaps == [Gap((4, 5), 3 * S, 7 * S)]
    assert attendance.lost_organisations == [6]
    assert attendance.loss == "a worker was lost with organisation 6"


def test_one_that_never_reported_leaves_a_gap_from_the_start() -> None:
    attendance = _attendance("a", "b")
    attendance.lose("a", "went away", [0], _stays(0), _stays(0, from_ns=4 * S))
    assert attendance.gaps == [Gap((0,), 0, 4 * S)]
    assert attendance.loss is None


def test_a_departure_counts_only_after_a_moment_of_grace() -> None:
    attendance = _attendance("a", "b")
    attendance.report("a", _part(0), S, b"", is_last=True)
    attendance.depart("a", 10 * S)
    assert attendance.departed(10 * S) == attendance.departed(11 * S) == []
    assert attendance.departed(11 * S + 1) == ["a"]
    attendance.lose("a", "was ended", [0], _stays(0), ())
    assert attendance.departed(20 * S) == []


def test_of_many_lost_organisations_the_text_names_the_first() -> None:
    attendance = _attendance("a")
    many = range(2_000)
    attendance.lose("a", "went away", many, _stays(*many), ())
    assert attendance.loss is not None
    assert attendance.loss.endswith("18, 19 and 1,980 more")
    assert msgspec.json.encode(attendance.lost_organisations) == msgspec.json.encode(list(many))
