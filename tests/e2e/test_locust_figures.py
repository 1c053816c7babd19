"""What Locust's own outputs say of a run is what our summary says of it, in one process and in several."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.commands import Ended, ended, run_folder, scenario, section, together

LOCUSTFILE: Final = Path(__file__).parents[2] / "locustfiles" / "dashboard.py"
RUNS: Final = {"one process": (), "two workers": ("--processes", "2")}


@dataclass(frozen=True)
class Told:
    """What one run left."""

    summary: Mapping[str, object]
    rows: Mapping[str, Mapping[str, str]]
    """`--csv`, by name."""
    exported: Mapping[str, float]
    """OpenTelemetry's counters, added up over the processes, and its gauges."""


def _told(more: tuple[str, ...], folder: Path) -> Told:
    done = _locust(folder, "--csv", "stats", "--otel", "--scenario", scenario(folder), *more)
    assert done.code in (0, 1), done.err
    with (folder / "stats_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    summary = json.loads((run_folder(folder / "results") / "summary.json").read_text())
    return Told(summary, rows, _exported(done.out))


def _locust(folder: Path, *arguments: str) -> Ended:
    only_metrics = {"OTEL_METRICS_EXPORTER": "console", "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    with subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", *arguments],
        cwd=folder, env=os.environ | only_metrics | {"OTEL_METRIC_EXPORT_INTERVAL": "600000"}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            return ended(process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _exported(text: str) -> dict[str, float]:
    """Of each process the last that it exported: all are since its start."""
    latest: dict[str, dict[str, float]] = {}
    place = text.find("{")
    while place >= 0:
        document, end = json.JSONDecoder().raw_decode(text, place)
        for resource in document["resource_metrics"]:
            process = latest.setdefault(resource["resource"]["attributes"]["service.instance.id"], {})
            for metric in (metric for scope in resource["scope_metrics"] for metric in scope["metrics"]):
                points = metric["data"]["data_points"]
                if metric["name"].startswith("ztna.") and points:
                    process[metric["name"]] = points[0].get("value", points[0].get("count"))
        place = text.find("{", end)
    names = {name for process in latest.values() for name in process}
    return {name: sum(process.get(name, 0) for process in latest.values()) for name in names}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Told]]:
    with together({name: partial(_told, more) for name, more in RUNS.items()}, tmp_path_factory) as results:
        yield results


@pytest.mark.parametrize("name", RUNS)
def test_the_rows_are_requests_by_kind_and_what_events_stand_for_and_never_a_ratio(
    runs: Callable[[str], Told], name: str
) -> None:
    rows = runs(name).rows
    assert {"heartbeat", "refetch", "delivery", "event-to-refetch", "Aggregated"} == set(rows) - {"poll", "first load"}
    assert {row["Type"] for row in rows.values()} == {"HTTP", "WS", ""}


@pytest.mark.parametrize("name", RUNS)
def test_counts_are_the_summarys(runs: Callable[[str], Told], name: str) -> None:
    told = runs(name)
    metrics, collapse = section(told.summary, "metrics"), section(told.summary, "collapse")
    assert _count(told, "heartbeat") == _metric(metrics, "write", "count")
    assert _count(told, "refetch") == pytest.approx(collapse["refetches"], rel=0.1)  # some are cancelled, or retries
    shown = _metric(metrics, "event_to_refetch", "count")
    assert 0.9 * shown <= _count(told, "event-to-refetch") <= shown  # but for what came after the next heartbeat


@pytest.mark.parametrize("name", RUNS)
def test_percentiles_are_the_summarys(runs: Callable[[str], Told], name: str) -> None:
    told = runs(name)
    median_ms = _metric(section(told.summary, "metrics"), "event_to_refetch", "p50")
    assert float(told.rows["event-to-refetch"]["50%"]) == pytest.approx(median_ms, rel=0.05)


@pytest.mark.parametrize("name", RUNS)
def test_telemetry_is_the_summarys(runs: Callable[[str], Told], name: str) -> None:
    told = runs(name)
    collapse = section(told.summary, "collapse")
    assert told.exported["ztna.deliveries"] == collapse["deliveries"]
    assert told.exported["ztna.refetches"] == collapse["refetches"]
    assert told.exported["ztna.leaks"] == 0
    assert told.exported["ztna.event_to_refetch.duration"] == _count(told, "event-to-refetch")
    assert told.exported["ztna.delivery.duration"] == _count(told, "delivery")


def _count(told: Told, row: str) -> int:
    return int(told.rows[row]["Request Count"])


def _metric(metrics: Mapping[str, object], name: str, figure: str) -> float:
    found = metrics[name]
    assert isinstance(found, dict)
    return float(found[figure])
