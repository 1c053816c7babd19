import math

import msgspec
import numpy as np
from hypothesis import given, settings

from sim.checks import Partials, observe
from sim.checks.partials import merge_all
from sim.history import History
from sim.results.conclude import RunFacts, summarise
from sim.results.draw import figures_of
from sim.results.figures import HISTOGRAM_NAMES, Figures
from tests.checks.worlds import BUCKET_NS, WINDOW_MS, partials, worlds
from tests.histories import history, ns

FACTS = RunFacts(scenario="", question="", seed=0, started_utc="", executor="live", target="embedded")


def _figures(*words: str, bucket_ms: float = 1_000) -> Figures:
    observed = (observe(history(text, organisation=n, bucket_ms=bucket_ms), bytes(32)) for n, text in enumerate(words))
    return figures_of(merge_all(observed, ns(10_000), ns(bucket_ms)))


def test_columns_have_a_row_per_bucket_of_the_window_and_the_drain() -> None:
    assert len(_figures("").writes_per_bucket) == 10
    assert len(_figures("", bucket_ms=3_000).writes_per_bucket) == 4
    drained = _figures("e0.1+@12300")
    assert len(drained.deliveries_per_bucket) == 13
    assert drained.deliveries_per_bucket[12] == 1


def test_counts_stand_in_their_buckets() -> None:
    figures = _figures("s0@-500.. w1+@1100-1104 e0.1+@1103 e0.1+@1104 r0@2100-2110", "s0@-500..")
    assert figures.writes_per_bucket.tolist() == [0, 1, *[0] * 8]
    assert figures.announced_per_bucket.tolist() == [0, 1, *[0] * 8]
    assert figures.opportunities_per_bucket.tolist() == [0, 1, *[0] * 8]
    assert figures.deliveries_per_bucket.tolist() == [0, 2, *[0] * 8]
    assert figures.refetches_per_bucket.tolist() == [0, 0, 1, *[0] * 7]
    assert (figures.bucket_s, figures.window_s, figures.debounce_s) == (1.0, 10.0, 0.5)


def test_sockets_are_the_fewest_of_each_bucket() -> None:
    figures = _figures("s0@-500.. s1@-500..2350!4000 s1@2900..")
    assert figures.sockets_per_bucket[:5].tolist() == [2, 2, 1, 2, 2]


def test_latencies_stand_in_the_bucket_of_the_write() -> None:
    figures = _figures("w1+@1100-1104 e0.1+@1103^4 r0@1603-1610")
    p95_ms = figures.event_to_refetch_ms_p95_per_bucket
    assert p95_ms[1] == figures.event_to_refetch_ms_p50_per_bucket[1]
    assert math.isclose(p95_ms[1], 510, rel_tol=1e-2)  # two digits over time
    assert np.isnan(np.delete(p95_ms, 1)).all()
    assert math.isclose(figures.handling_ms_p99_per_bucket[1], 4, rel_tol=1e-2)
    assert figures.lateness_ms_p99_per_bucket[1] < 1e-5


def test_each_organisation_has_its_row() -> None:
    figures = _figures("e0.1+@100 e0.2+@200 r0@700-710", "", "e0.1+@100 e1.1+@100 e0.1-@11000")
    assert figures.organisation.tolist() == [0, 1, 2]
    assert figures.organisation_dashboards.tolist() == [1, 0, 2]
    assert figures.organisation_deliveries.tolist() == [2, 0, 3]
    assert figures.organisation_refetches.tolist() == [1, 0, 0]
    assert figures.organisation_events_per_s.tolist() == [0.2, 0.0, 0.1]


def test_a_run_without_anything_has_empty_figures() -> None:
    figures = figures_of(Partials(window_ns=ns(2_000), bucket_ns=ns(1_000)))
    assert list(figures.histograms) == list(HISTOGRAM_NAMES)
    assert {len(columns.count) for columns in figures.histograms.values()} == {0}
    assert figures.writes_per_bucket.tolist() == [0, 0]


@settings(max_examples=20)
@given(worlds)
def test_columns_add_up_to_the_summary(organisations: list[History]) -> None:
    merged = merge_all(map(partials, organisations), ns(WINDOW_MS), BUCKET_NS)
    figures, summary = figures_of(merged), summarise(merged, FACTS, [])
    assert figures.writes_per_bucket.sum() == summary.load.writes
    assert figures.deliveries_per_bucket.sum() == figures.organisation_deliveries.sum() == summary.load.deliveries
    assert figures.refetches_per_bucket.sum() == summary.load.refetches
    assert figures.organisation_refetches.sum() == summary.collapse.refetches
    assert figures.opportunities_per_bucket.sum() == summary.leakage.opportunities
    assert figures.announced_per_bucket.sum() == summary.leakage.announced_events
    for name, columns in figures.histograms.items():
        assert columns.count.sum() == msgspec.structs.asdict(summary.metrics)[name].count


@settings(max_examples=20)
@given(worlds)
def test_all_columns_over_time_are_equally_long(organisations: list[History]) -> None:
    figures = figures_of(merge_all(map(partials, organisations), ns(WINDOW_MS), BUCKET_NS))
    lengths = {len(getattr(figures, name)) for name in Figures.__slots__ if name.endswith("_per_bucket")}
    assert len(lengths) == 1
    leaks = sum(sum(partials(each).leakage.leaks_over_time.values()) for each in organisations)
    assert figures.leaks_per_bucket.sum() == leaks
