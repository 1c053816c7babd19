from dataclasses import fields, replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.report.plots.coarse import MOST_BUCKETS, coarse
from sim.results.figures import Figures
from tests.report.samples import BUCKETS, held


def _long(buckets: int) -> Figures:
    """The held sample, repeated until it has so many buckets."""
    figures = held().figures
    again = np.arange(buckets) % BUCKETS
    names = [f.name for f in fields(Figures) if f.name.endswith("_per_bucket")]
    return replace(figures, **{name: getattr(figures, name)[again] for name in names})


def test_a_short_run_stays_as_it_is() -> None:
    figures = _long(MOST_BUCKETS)
    assert coarse(figures) is figures


@given(st.integers(MOST_BUCKETS + 1, 5 * MOST_BUCKETS))
def test_a_long_run_keeps_its_sums_its_peaks_and_its_length(buckets: int) -> None:
    figures = _long(buckets)
    fewer = coarse(figures)
    size = fewer.writes_per_bucket.size
    assert MOST_BUCKETS // 2 <= size <= MOST_BUCKETS
    assert 0 <= size * fewer.bucket_s - buckets * figures.bucket_s < fewer.bucket_s
    for f in fields(Figures):
        if f.name.endswith("_per_bucket"):
            before, after = getattr(figures, f.name), getattr(fewer, f.name)
            assert after.size == size
            if np.issubdtype(before.dtype, np.floating):
                assert np.nanmax(after) == np.nanmax(before)
            elif f.name == "sockets_per_bucket":
                assert after.min() == before.min()
            else:
                assert after.sum() == before.sum()


def test_a_merged_bucket_without_any_value_stays_without() -> None:
    figures = replace(_long(1200), lateness_ms_p99_per_bucket=np.full(1200, np.nan))
    assert np.isnan(coarse(figures).lateness_ms_p99_per_bucket).all()
