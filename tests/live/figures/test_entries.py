import math
import random
from collections import Counter

import locust.stats
import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust.env import Environment
from locust.stats import RequestStats, StatsEntry

from sim.dashboard import Cause
from sim.live.figures.entries import fire_entries, to_three_digits, use_fine_buckets
from sim.live.figures.tally import Tally

MS = 1_000_000
FIELDS = (
    "num_requests", "num_failures", "min_response_time", "max_response_time", "avg_response_time", "fail_ratio",
    "median_response_time",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _fine_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locust.stats, "bucket_response_time", locust.stats.bucket_response_time)
    use_fine_buckets()


@pytest.fixture
def environment() -> Environment:
    made = Environment(user_classes=[])
    made.create_local_runner()
    return made


def _filled(seed: int = 1, events: int = 700) -> Tally:
    """A tally with all kinds of rows, failures among them."""
    chance = random.Random(seed)
    tally = Tally()
    tally.measuring = True
    for number in range(events):
        tally.delivered(round(chance.lognormvariate(14, 2)))
        tally.shown(3 * MS, round(chance.gauss(505, 6) * MS), round(chance.lognormvariate(14, 1)))
        tally.refetched(Cause.EVENT, round(chance.lognormvariate(14, 1)), 500 if number % 100 == 0 else 200, "")
        tally.written(round(chance.lognormvariate(13, 3)), 0, 200, "")
    tally.written(2 * MS, 0, 0, "connection refused")
    tally.refetched(Cause.LOAD, MS, 200, "")
    return tally


def _listened(environment: Environment) -> list[tuple[str, str, float, str]]:
    """What a listener of a user's own is told."""
    told: list[tuple[str, str, float, str]] = []

    def listen(request_type: str, name: str, response_time: float, exception: Exception | None, **_: object) -> None:
        told.append((request_type, name, response_time, str(exception or "")))

    environment.events.request.add_listener(listen)
    return told


def _assert_same(one: StatsEntry, other: StatsEntry) -> None:
    assert one.response_times == other.response_times
    for field in FIELDS:
        assert math.isclose(getattr(one, field), getattr(other, field)), field
    assert sum(one.num_reqs_per_sec.values()) == sum(other.num_reqs_per_sec.values())
    for q in (0.5, 0.95, 0.99, 1.0):
        assert one.get_response_time_percentile(q) == other.get_response_time_percentile(q)


def test_statistics_are_the_same_whether_rows_are_added_or_fired(environment: Environment) -> None:
    fire_entries(environment, _filled())
    listened = Environment(user_classes=[])
    listened.create_local_runner()
    told = _listened(listened)
    fire_entries(listened, _filled())
    added, fired = environment.stats, listened.stats
    assert added.entries.keys() == fired.entries.keys()
    assert len(told) == added.total.num_requests == fired.total.num_requests
    for key in added.entries:
        _assert_same(added.entries[key], fired.entries[key])
    _assert_same(added.total, fired.total)
    assert _errors(added) == _errors(fired)


def _errors(stats: RequestStats) -> Counter[tuple[str, str, str]]:
    return Counter({(e.method, e.name, str(e.error)): e.occurrences for e in stats.errors.values()})


def test_a_listener_is_told_each_one_with_its_own_time_and_reason(environment: Environment) -> None:
    told = _listened(environment)
    tally = Tally()
    tally.measuring = True
    tally.delivered(1_234_567)
    tally.refetched(Cause.EVENT, 2_500_000, 502, "")
    tally.written(3 * MS, 0, 0, "connection refused")
    fire_entries(environment, tally)
    assert told == [
        ("HTTP", "heartbeat", 3.0, "connection refused"),
        ("HTTP", "refetch", 2.5, "answered 502"),
        ("WS", "delivery", 1.234567, ""),
    ]
    fire_entries(environment, tally)
    assert len(told) == 3


def test_failures_are_requests_and_stand_in_locusts_list_with_their_reason(environment: Environment) -> None:
    fire_entries(environment, _filled())
    entry = environment.stats.get("refetch", "HTTP")
    assert (entry.num_requests, entry.num_failures) == (700, 7)
    assert {(e.name, e.occurrences, str(e.error)) for e in environment.stats.errors.values()} == {
        ("refetch", 7, "answered 500"), ("heartbeat", 1, "connection refused"),
    }  # fmt: skip


def test_rows_add_up_over_many_times(environment: Environment) -> None:
    for seed in range(3):
        fire_entries(environment, _filled(seed, events=50))
    assert environment.stats.get("delivery", "WS").num_requests == 150
    assert environment.stats.total.num_requests == 3 * (4 * 50 + 2)
    assert sum(environment.stats.total.response_times.values()) == environment.stats.total.num_requests


def test_percentiles_are_right_to_three_digits(environment: Environment) -> None:
    tally = Tally()
    tally.measuring = True
    for microseconds in range(500_000, 520_000, 10):
        tally.shown(0, microseconds * 1000, 0)
    fire_entries(environment, tally)
    entry = environment.stats.get("event-to-refetch", "WS")
    assert [entry.get_response_time_percentile(q) for q in (0.5, 0.95, 0.99)] == [510, 519, 520]


@pytest.mark.parametrize(
    ("milliseconds", "rounded"),
    [(0, 0), (0.0004, 0), (0.012345, 0.0123), (1.2345, 1.23), (9.996, 10), (42.06, 42.1), (99.96, 100), (512.4, 512),
     (999.6, 1000), (1234, 1230), (98765.4, 98800)],
)  # fmt: skip
def test_three_digits(milliseconds: float, rounded: float) -> None:
    assert to_three_digits(milliseconds) == rounded


@given(st.integers(1_000, 10**15))
def test_rounding_is_by_less_than_a_half_percent_and_final(time_ns: int) -> None:
    milliseconds = time_ns / 1e6
    rounded = to_three_digits(milliseconds)
    assert abs(rounded - milliseconds) <= 0.005 * milliseconds * (1 + 1e-9)
    assert to_three_digits(rounded) == rounded
    assert len(f"{rounded:.12g}".replace(".", "").strip("0")) <= 3 or "e" in f"{rounded:.12g}"


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=200))
def test_whatever_the_times_adding_counts_them_as_firing_does(times_ns: list[int]) -> None:
    environment = Environment(user_classes=[])
    environment.create_local_runner()
    tally = Tally()
    tally.measuring = True
    for time_ns in times_ns:
        tally.written(time_ns, 0, 200, "")
    fire_entries(environment, tally)
    expected = Counter(to_three_digits(time_ns / 1e6) for time_ns in times_ns)
    assert environment.stats.get("heartbeat", "HTTP").response_times == expected
