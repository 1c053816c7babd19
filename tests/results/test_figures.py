import io
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sim.results.figures import HISTOGRAM_NAMES, Figures, HistogramColumns
from tests.report.samples import all_of_them, held

ints = hnp.arrays(np.int64, st.integers(0, 5))
floats = hnp.arrays(np.float64, st.integers(0, 5))  # NaN and the infinities too
scalars = st.floats(0, 1e5)


@st.composite
def any_figures(draw: st.DrawFn) -> Figures:
    """Any figures at all: the file promises nothing about how long the columns are."""
    return Figures(
        histograms={name: HistogramColumns(draw(ints), draw(ints), draw(ints)) for name in HISTOGRAM_NAMES},
        bucket_s=draw(scalars),
        window_s=draw(scalars),
        debounce_s=draw(scalars),
        writes_per_bucket=draw(ints),
        announced_per_bucket=draw(ints),
        deliveries_per_bucket=draw(ints),
        refetches_per_bucket=draw(ints),
        sockets_per_bucket=draw(ints),
        opportunities_per_bucket=draw(ints),
        leaks_per_bucket=draw(ints),
        event_to_refetch_ms_p50_per_bucket=draw(floats),
        event_to_refetch_ms_p95_per_bucket=draw(floats),
        event_to_refetch_ms_p99_per_bucket=draw(floats),
        lateness_ms_p99_per_bucket=draw(floats),
        handling_ms_p99_per_bucket=draw(floats),
        organisation=draw(ints),
        organisation_dashboards=draw(ints),
        organisation_deliveries=draw(ints),
        organisation_refetches=draw(ints),
        organisation_events_per_s=draw(floats),
    )


def _assert_equal(one: Figures, other: Figures) -> None:
    for f in fields(Figures):
        if f.name != "histograms":
            np.testing.assert_array_equal(getattr(one, f.name), getattr(other, f.name), strict=True)
    assert one.histograms.keys() == other.histograms.keys()
    for name, columns in one.histograms.items():
        for f in fields(HistogramColumns):
            np.testing.assert_array_equal(
                getattr(columns, f.name), getattr(other.histograms[name], f.name), strict=True
            )


@given(any_figures())
def test_what_is_written_is_read_again(figures: Figures) -> None:
    _assert_equal(Figures.from_bytes(figures.to_bytes()), figures)


@pytest.mark.parametrize("name", list(all_of_them()))
def test_the_figures_of_a_run_are_read_again(name: str) -> None:
    figures = all_of_them()[name].figures
    _assert_equal(Figures.from_bytes(figures.to_bytes()), figures)


def test_a_notebook_reads_the_file_with_numpy_alone() -> None:
    with np.load(io.BytesIO(held().figures.to_bytes()), allow_pickle=False) as file:
        assert {"bucket_s", "writes_per_bucket", "delivery_low_ns", "delivery_high_ns", "delivery_count"} <= set(
            file.files
        )
        assert int(file["delivery_count"].sum()) == held().summary.metrics.delivery.count


def test_scalars_are_read_as_floats() -> None:
    read = Figures.from_bytes(held().figures.to_bytes())
    assert (read.bucket_s, read.window_s, read.debounce_s) == (1.0, 60.0, 0.5)
    assert all(type(value) is float for value in (read.bucket_s, read.window_s, read.debounce_s))


def test_bytes_that_are_no_file_are_refused() -> None:
    with pytest.raises(ValueError, match="pickle"):
        Figures.from_bytes(b"no such thing")


def test_a_missing_array_is_refused() -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, bucket_s=np.float64(1.0))
    with pytest.raises(KeyError, match="event_to_refetch_low_ns"):
        Figures.from_bytes(buffer.getvalue())
