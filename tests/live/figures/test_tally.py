import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.checks import Partials
from sim.dashboard import Cause
from sim.live.figures.tally import Row, Tally, Times
from sim.stats import Histogram
from sim.virtual import presence
from tests.virtual.runs import virtual

MS = 1_000_000
TIMES = ("event_to_refetch", "delivery", "debounce", "refetch", "write", "lateness")


def _measuring() -> Tally:
    tally = Tally()
    tally.measuring = True
    return tally


def _told(rows: list[Row]) -> list[tuple[str, str, list[int], list[tuple[int, str]]]]:
    return [(row.kind, row.name, row.took_ns.tolist(), [(*failure,) for failure in row.failures]) for row in rows]


def test_times_count_from_the_window_on() -> None:
    tally = Tally()
    for measuring in (False, True):
        tally.measuring = measuring
        tally.written(2 * MS, 5_000, 200, "")
        tally.refetch_caused()
        tally.refetched(Cause.EVENT, 3 * MS, 200, "")
        tally.delivered(4 * MS)
        tally.shown(4 * MS, 500 * MS, 3 * MS)
    assert (tally.writes, tally.refetches, tally.deliveries, tally.answers) == (2, 2, 2, 4)
    assert (tally.collapsed, tally.caused) == (1, 1)
    assert [getattr(tally, name).histogram.total for name in TIMES] == [
        507 * MS, 4 * MS, 500 * MS, 3 * MS, 2 * MS, 5_000,
    ]  # fmt: skip
    assert _told(tally.take_rows()) == [
        ("HTTP", "heartbeat", [2 * MS], []),
        ("HTTP", "refetch", [3 * MS], []),
        ("WS", "delivery", [4 * MS], []),
        ("WS", "event-to-refetch", [507 * MS], []),
    ]


def test_rows_are_told_once_and_their_times_stay_in_the_histograms() -> None:
    tally = _measuring()
    tally.written(MS, 0, 200, "")
    tally.take_rows()
    tally.written(2 * MS, 0, 200, "")
    assert _told(tally.take_rows()) == [("HTTP", "heartbeat", [2 * MS], [])]
    assert tally.take_rows() == []
    assert tally.write.histogram == Histogram.of([MS, 2 * MS])


def test_a_failure_is_told_with_its_reason_and_is_no_answers_time() -> None:
    tally = _measuring()
    tally.written(MS, 7, 503, "")
    tally.written(MS, 7, 0, "connection refused")
    tally.refetched(Cause.EVENT, 2 * MS, 0, "no answer in time")
    assert _told(tally.take_rows()) == [
        ("HTTP", "heartbeat", [], [(MS, "answered 503"), (MS, "connection refused")]),
        ("HTTP", "refetch", [], [(2 * MS, "no answer in time")]),
    ]
    assert (tally.write.histogram.count, tally.lateness.histogram.count) == (0, 2)
    assert tally.take_rows() == []


def test_what_a_page_fetches_is_told_apart_by_its_cause() -> None:
    tally = _measuring()
    for number, cause in enumerate(Cause):
        tally.refetched(cause, number, 200, "")
    assert _told(tally.take_rows()) == [
        ("HTTP", "refetch", [Cause.EVENT, Cause.REGAINED], []),
        ("HTTP", "first load", [Cause.LOAD], []),
        ("HTTP", "poll", [Cause.POLL], []),
    ]


def test_an_event_of_nobodys_write_is_a_delivery_without_a_time() -> None:
    tally = _measuring()
    tally.delivered(0)
    assert (tally.deliveries, tally.collapsed, tally.take_rows()) == (1, 1, [])


@given(st.lists(st.tuples(st.integers(-5, 10**12), st.sampled_from(["", "look", "take"]))))
def test_however_often_one_looks_nothing_is_lost_or_counted_twice(steps: list[tuple[int, str]]) -> None:
    times = Times()
    taken: list[int] = []
    for time_ns, then in steps:
        times.note(time_ns)
        if then == "look":
            assert times.histogram.count > 0
        elif then == "take":
            taken += times.take().tolist()
    taken += times.take().tolist()
    expected = [max(0, time_ns) for time_ns, _ in steps]
    assert taken == expected
    assert times.histogram == Histogram.of(np.array(expected, np.int64))


def test_a_target_fails_from_its_first_failure_until_its_next_answer() -> None:
    tally = Tally()
    assert tally.failing_since_ns == 0
    tally.answered(0, "connection refused")
    since_ns = tally.failing_since_ns
    assert since_ns > 0
    tally.answered(0, "no answer in time")
    assert (tally.failing_since_ns, tally.last_failure) == (since_ns, "no answer in time")
    tally.answered(500, "")
    assert (tally.failing_since_ns, tally.answers, tally.last_failure) == (0, 1, "answered 500")


def _run(monkeypatch: pytest.MonkeyPatch, scenario: str, *faults: str) -> tuple[Tally, Partials]:
    """A virtual run whose actors tell a tally; before its window nothing happens that a tally would count."""
    tally = _measuring()
    monkeypatch.setattr(presence, "NoMeter", lambda: tally)
    return tally, virtual(scenario, "duration_s=20", faults=faults).partials


@pytest.mark.parametrize(
    ("scenario", "fault"),
    [("quick", "slow_rpc:700"), ("busy-tenant", "late_transition:200"), ("flapping", "leak_event:50"),
     ("morning", "echo_heartbeat:10"), ("mass-reconnect", "error_rpc:50"), ("rolling-restart", "drop_event:50")],
)  # fmt: skip
def test_its_figures_are_the_summarys_to_the_last_bucket(
    monkeypatch: pytest.MonkeyPatch, scenario: str, fault: str
) -> None:
    tally, partials = _run(monkeypatch, scenario, fault)
    assert (tally.collapsed, tally.caused) == (partials.collapse.deliveries, partials.collapse.refetches)
    assert tally.leaks == partials.leakage.leaks
    assert partials.latency.histograms["event_to_refetch"].count > 0
    for name in TIMES:
        assert getattr(tally, name).histogram == partials.latency.histograms[name], name


@pytest.mark.parametrize("fault", ["duplicate_event:20", "delay_event:800", "reorder_event:10", "cut_sockets:10"])
def test_the_counts_are_the_summarys_whatever_the_target_does(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Times may differ: an event that comes twice, or after its machine's next heartbeat, says not whose it is."""
    tally, partials = _run(monkeypatch, "quick", fault)
    assert (tally.collapsed, tally.caused) == (partials.collapse.deliveries, partials.collapse.refetches)
