import math
from collections.abc import Mapping
from typing import NamedTuple

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    MetricsData,
    NumberDataPoint,
    Sum,
)

from sim.live.figures.tally import Tally
from sim.live.figures.telemetry import Telemetry

MS = 1_000_000


class Seen(NamedTuple):
    """One instrument, as a backend gets it."""

    unit: str
    points: list[NumberDataPoint | HistogramDataPoint]
    is_rising: bool = False


class Exported:
    """Telemetry whose metrics go nowhere but to the test."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._provider = MeterProvider(metric_readers=[self._reader])
        self.telemetry = Telemetry(self._provider.get_meter("test"))

    def take(self, tally: Tally) -> None:
        self.telemetry.take(tally, tally.take_rows())

    def seen(self) -> Mapping[str, Seen]:
        data = self._reader.get_metrics_data()
        assert isinstance(data, MetricsData)
        metrics = [m for r in data.resource_metrics for scope in r.scope_metrics for m in scope.metrics]
        return {
            metric.name: Seen(
                metric.unit or "",
                [point for point in metric.data.data_points if isinstance(point, NumberDataPoint | HistogramDataPoint)],
                isinstance(metric.data, Sum) and metric.data.is_monotonic,
            )
            for metric in metrics
        }

    def values(self) -> dict[str, float]:
        """Of counters and gauges."""
        return {
            name: point.value
            for name, seen in self.seen().items()
            for point in seen.points
            if isinstance(point, NumberDataPoint)
        }


def _tally(deliveries: int, refetches: int) -> Tally:
    tally = Tally()
    tally.measuring = True
    for _ in range(deliveries):
        tally.delivered(4 * MS)
    for _ in range(refetches):
        tally.refetch_caused()
        tally.shown(4 * MS, 500 * MS, 8 * MS)
    return tally


def test_the_three_measures_are_told_with_their_units() -> None:
    exported = Exported()
    tally = _tally(6, 2)
    tally.leaked(3)
    exported.take(tally)
    assert exported.values() == {
        "ztna.deliveries": 6, "ztna.refetches": 2, "ztna.leaks": 3, "ztna.collapse_ratio": 3.0,
    }  # fmt: skip
    seen = exported.seen()
    assert {name: one.unit for name, one in seen.items()} == {
        "ztna.event_to_refetch.duration": "s", "ztna.delivery.duration": "s", "ztna.deliveries": "{delivery}",
        "ztna.refetches": "{refetch}", "ztna.leaks": "{leak}", "ztna.collapse_ratio": "1",
    }  # fmt: skip
    assert {name for name, one in seen.items() if one.is_rising} == {"ztna.deliveries", "ztna.refetches", "ztna.leaks"}


@pytest.mark.parametrize(
    ("name", "count", "seconds"), [("ztna.event_to_refetch.duration", 2, 1.024), ("ztna.delivery.duration", 6, 0.024)]
)
def test_durations_are_seconds(name: str, count: int, seconds: float) -> None:
    exported = Exported()
    exported.take(_tally(6, 2))
    (point,) = exported.seen()[name].points
    assert isinstance(point, HistogramDataPoint)
    assert point.count == count
    assert math.isclose(point.sum, seconds)
    assert max(point.explicit_bounds) > 10 > 0.5 > min(point.explicit_bounds)


def test_counters_go_on_rising_over_parts_of_a_run_and_over_runs() -> None:
    exported = Exported()
    tally = _tally(5, 1)
    exported.take(tally)
    exported.take(tally)
    assert exported.values()["ztna.deliveries"] == 5
    tally.delivered(0)
    exported.take(tally)
    assert exported.values()["ztna.deliveries"] == 6
    exported.take(_tally(8, 4))
    assert exported.values() == {
        "ztna.deliveries": 14, "ztna.refetches": 5, "ztna.leaks": 0, "ztna.collapse_ratio": 2.0,
    }  # fmt: skip


def test_without_a_refetch_there_is_no_ratio() -> None:
    exported = Exported()
    exported.take(_tally(3, 0))
    assert "ztna.collapse_ratio" not in exported.values()


def test_warm_up_is_in_no_figure_but_leaks() -> None:
    exported = Exported()
    tally = Tally()
    tally.delivered(4 * MS)
    tally.refetch_caused()
    tally.leaked(1)
    exported.take(tally)
    assert exported.values() == {"ztna.deliveries": 0, "ztna.refetches": 0, "ztna.leaks": 1}
