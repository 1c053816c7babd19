from dataclasses import replace

import msgspec
import numpy as np

from sim.report.plots.generator import draw, draw_with_limit, limit_of
from tests.report.plots.texts import lines_of
from tests.report.samples import BUCKETS, held


def test_both_delays_and_the_limit_of_the_finding() -> None:
    assert list(lines_of(draw(held().summary, held().figures).axes[0])) == [
        "lateness, p99",
        "handling delay, p99",
        "limit: 100 ms",
    ]


def test_without_a_bound_in_milliseconds_there_is_no_limit() -> None:
    summary = held().summary
    assert limit_of(msgspec.structs.replace(summary, findings=[])) is None
    shares = [msgspec.structs.replace(finding, unit="share") for finding in summary.findings]
    assert limit_of(msgspec.structs.replace(summary, findings=shares)) is None
    assert len(lines_of(draw_with_limit(held().figures, None).axes[0])) == 2


def test_the_limit_is_in_view_however_small_the_delays() -> None:
    low, high = draw_with_limit(held().figures, 5000.0).axes[0].get_ylim()
    assert low < 1.0
    assert high > 5000.0


def test_one_delay_without_data_is_no_reason_to_draw_nothing() -> None:
    figures = replace(held().figures, lateness_ms_p99_per_bucket=np.full(BUCKETS, np.nan))
    assert "handling delay, p99" in lines_of(draw_with_limit(figures, 100.0).axes[0])
