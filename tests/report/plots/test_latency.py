import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report.plots.images import in_our_style
from sim.report.plots.latency import curve, draw
from sim.results.figures import HistogramColumns
from sim.stats import Histogram
from tests.report.plots.texts import lines_of, texts_of
from tests.report.samples import held


def _columns(values_ns: list[int]) -> HistogramColumns:
    return HistogramColumns(*Histogram.of(values_ns).columns())


@given(st.lists(st.integers(1_000, 10**12), min_size=1, max_size=200))
def test_the_curve_rises_from_the_least_to_the_most(values_ns: list[int]) -> None:
    nines, values_ms = curve(_columns(values_ns))
    assert nines[0] == 0.0
    assert (np.diff(nines) > 0).all()
    assert (np.diff(values_ms) >= 0).all()
    assert values_ms[0] == pytest.approx(min(values_ns) / 1e6, rel=0.001)
    assert values_ms[-1] == pytest.approx(max(values_ns) / 1e6, rel=0.001)


@given(st.lists(st.integers(1_000, 10**12), min_size=2, max_size=200))
def test_the_curve_has_the_histograms_percentiles(values_ns: list[int]) -> None:
    histogram = Histogram.of(values_ns)
    nines, values_ms = curve(_columns(values_ns))
    shares = 1.0 - 10.0 ** -nines[:-1]
    ranks = np.ceil(shares * len(values_ns))
    exact = np.sort(values_ns)[np.maximum(ranks, 1).astype(np.int64) - 1] / 1e6
    assert values_ms[:-1] == pytest.approx(exact, rel=0.001)
    assert histogram.percentile(100) == pytest.approx(values_ms[-1] * 1e6)


def test_a_zero_is_drawn_at_the_foot_of_the_log_axis() -> None:
    _, values_ms = curve(_columns([0, 0]))
    assert (values_ms > 0).all()


def test_every_segment_has_a_line_and_the_nines_end_where_the_values_do() -> None:
    with in_our_style():
        figure = draw(held().summary, held().figures)
        assert set(lines_of(figure.axes[0])) == {
            "event-to-refetch",
            "event-to-refetch from due",
            "delivery",
            "debounce",
            "refetch",
        }
        texts = texts_of(figure)
    assert {"50", "90", "99", "99.9", "99.99"} <= set(texts)
    assert "99.999" not in texts
