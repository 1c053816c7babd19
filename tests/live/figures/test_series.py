"""A run's figures over time: each interval by itself, and never more points than a chart can show."""

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.live.figures.progress import Progress, SparseHistogram
from sim.live.figures.series import Series
from sim.stats import Histogram

MOST = 600
latencies_ns = st.lists(st.lists(st.integers(0, 10**11), max_size=8), min_size=1, max_size=12)


def _progress(values_ns: list[int], deliveries: int = 0, refetches: int = 0, leaks: int = 0) -> Progress:
    times = SparseHistogram.of(Histogram.of(values_ns))
    return Progress(event_to_refetch=times, deliveries=deliveries, refetches=refetches, leaks=leaks)


def _series(*figures: tuple[float, Progress]) -> Series:
    series = Series()
    for at_s, progress in figures:
        series.add(at_s, progress)
    return series


def test_the_first_figures_are_only_what_the_others_start_from() -> None:
    series = _series((0.2, _progress([10**9], deliveries=50, refetches=20, leaks=3)))
    assert series.points == []
    series.add(1.2, _progress([10**9, 10**6], deliveries=50, refetches=24, leaks=3))
    (point,) = series.points
    assert (point.at_s, point.deliveries_per_s, point.refetches_per_s, point.leaks) == (1.2, 0.0, 4.0, 3)
    assert point.p50_ms == point.p99_ms == pytest.approx(1.0, rel=1 / 512)


@given(latencies_ns)
def test_percentiles_are_those_of_the_interval_to_the_histograms_resolution(intervals: list[list[int]]) -> None:
    so_far = accumulate(intervals, initial=list[int]())
    series = _series(*((float(second), _progress(values_ns)) for second, values_ns in enumerate(so_far)))
    assert len(series.points) == len(intervals)
    for values_ns, point in zip(intervals, series.points, strict=True):
        for q, found_ms in ((50, point.p50_ms), (95, point.p95_ms), (99, point.p99_ms)):
            value_ns = Histogram.of(values_ns).percentile(q)
            assert found_ms == (None if value_ns is None else value_ns / 1e6)
        if values_ns:
            exact_ms = float(np.max(values_ns)) / 1e6
            assert point.p99_ms == pytest.approx(exact_ms, rel=1 / 512, abs=1e-6)


@given(st.lists(st.tuples(st.integers(1, 1_000), st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_rates_times_their_intervals_are_the_counts(steps: list[tuple[int, int, int]]) -> None:
    deliveries = refetches = 0
    at_s, series = 0.0, _series((0.0, Progress()))
    for milliseconds, more, others in steps:
        at_s, deliveries, refetches = at_s + milliseconds / 1_000, deliveries + more, refetches + others
        series.add(at_s, Progress(deliveries=deliveries, refetches=refetches))
    seconds = [after - before for before, after in pairwise([0.0, *(point.at_s for point in series.points)])]
    rates = [(point.deliveries_per_s, point.refetches_per_s) for point in series.points]
    sums = [sum(rate[k] * length for rate, length in zip(rates, seconds, strict=True)) for k in (0, 1)]
    assert sums == pytest.approx([deliveries, refetches])


def test_the_collapse_ratio_is_of_the_run_so_far_and_none_without_a_refetch() -> None:
    series = _series((0, Progress()), (1, Progress(collapsed=3)), (2, Progress(collapsed=9, caused=2, subscribed=40)))
    assert [point.collapse_ratio for point in series.points] == [None, 4.5]
    assert [point.sockets for point in series.points] == [0, 40]


def test_a_time_that_does_not_rise_is_left_out_and_its_figures_go_into_the_next() -> None:
    series = _series((1, Progress()), (1, Progress(deliveries=5)), (0.5, Progress(deliveries=6)))
    assert series.points == []
    series.add(3, Progress(deliveries=8))
    assert [(point.at_s, point.deliveries_per_s) for point in series.points] == [(3, 4.0)]


@pytest.mark.parametrize("count", [1, MOST - 1, MOST, MOST + 1, 2 * MOST, 5_000, 86_400 // 4])
def test_however_long_it_runs_there_are_never_too_many_points_and_the_last_is_recent(count: int) -> None:
    series = Series()
    most = 0
    for second in range(count + 1):
        series.add(float(second), Progress(leaks=second))
        most = max(most, len(series.points))
    assert most <= MOST
    times_s = [point.at_s for point in series.points]
    assert times_s == sorted(set(times_s))
    assert [point.leaks for point in series.points] == times_s
    widest_s = max(after - before for before, after in pairwise([0.0, *times_s]))
    assert count - times_s[-1] <= widest_s <= max(1, 2 * 2 * count / MOST)
    assert len(times_s) >= min(count, MOST // 2 - 1)


@pytest.mark.parametrize("count", [MOST - 1, MOST, MOST + 2, 2 * MOST])
def test_where_two_points_become_one_nothing_that_happened_is_lost(count: int) -> None:
    series, deliveries = Series(), 0
    for second in range(count + 1):
        deliveries += 600 if second % 4 == 3 else 0  # in seconds that are left out when points are halved
        series.add(float(second), Progress(deliveries=deliveries))
    times_s = [0.0, *(point.at_s for point in series.points)]
    total = sum(
        point.deliveries_per_s * (after - before)
        for point, (before, after) in zip(series.points, pairwise(times_s), strict=True)
    )
    assert total == pytest.approx(600 * ((times_s[-1] + 1) // 4))
