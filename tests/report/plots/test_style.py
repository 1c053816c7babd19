from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from sim.report.plots.style import blank, centres_s, edges_s, line, on_log_axis, time_axis
from tests.report.plots.texts import texts_of
from tests.report.samples import held

FIGURES = replace(held().figures, bucket_s=2.0, window_s=60.0)


def test_buckets_have_edges_and_centres() -> None:
    assert edges_s(FIGURES, 3).tolist() == [0.0, 2.0, 4.0, 6.0]
    assert centres_s(FIGURES, 3).tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("buckets", "names"), [(40, {"measured window", "drain"}), (10, {"measured window", "not run"}), (30, set())]
)
def test_the_phases_are_named_where_there_are_two(buckets: int, names: set[str]) -> None:
    axes = blank("t").add_subplot()
    time_axis(axes, FIGURES, buckets)
    assert {text.get_text() for text in axes.texts} == names


def test_a_phase_too_narrow_for_its_name_goes_without() -> None:
    axes = blank("t").add_subplot()
    time_axis(axes, FIGURES, 31)
    assert [text.get_text() for text in axes.texts] == ["measured window"]


@pytest.mark.parametrize(("buckets", "marked"), [(5, [0, 2, 3]), (200, [0])])
def test_a_point_without_neighbours_is_marked(buckets: int, marked: list[int]) -> None:
    y = np.full(buckets, np.nan)
    y[[0, 2, 3]] = 1.0
    axes = Figure().add_subplot()
    line(axes, np.arange(buckets, dtype=np.float64), y, "p50", "#000000")
    assert axes.get_lines()[0].get_markevery() == marked


def test_a_zero_has_a_place_on_a_log_axis_and_nan_stays() -> None:
    lifted = on_log_axis(np.array([0.0, 5.0, np.nan]))
    assert lifted[0] > 0
    assert lifted[1] == 5.0
    assert np.isnan(lifted[2])


def test_a_figure_has_its_title() -> None:
    assert texts_of(blank("A title")) == ["A title"]
