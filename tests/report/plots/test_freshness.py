from dataclasses import replace

import numpy as np

from sim.report.plots.freshness import draw
from tests.report.plots.texts import lines_of, texts_of
from tests.report.samples import BUCKETS, held


def test_three_percentiles_over_all_buckets() -> None:
    assert lines_of(draw(held().summary, held().figures).axes[0]) == dict.fromkeys(("p50", "p95", "p99"), BUCKETS)


def test_window_and_drain_are_marked() -> None:
    assert {"measured window", "drain"} <= set(texts_of(draw(held().summary, held().figures)))


def test_the_axis_begins_at_zero_and_holds_the_highest_point() -> None:
    low, high = draw(held().summary, held().figures).axes[0].get_ylim()
    assert low == 0.0
    assert high > np.nanmax(held().figures.event_to_refetch_ms_p99_per_bucket)


def test_one_column_without_data_is_no_reason_to_draw_nothing() -> None:
    figures = replace(held().figures, event_to_refetch_ms_p99_per_bucket=np.full(BUCKETS, np.nan))
    assert len(lines_of(draw(held().summary, figures).axes[0])) == 3
