from dataclasses import replace

import numpy as np

from sim.report.plots.leakage import draw
from tests.report.plots.texts import texts_of
from tests.report.samples import failed, held


def test_no_leak_looks_like_a_result() -> None:
    texts = texts_of(draw(held().summary, held().figures))
    assert "0 leaks in 813,150 opportunities: with 95 % confidence fewer than 1 in 271,000" in texts
    assert "0 at every moment" in texts


def test_opportunities_are_added_up() -> None:
    upper, _ = draw(held().summary, held().figures).axes
    so_far = np.asarray(upper.get_lines()[0].get_ydata())
    assert so_far[0] == 0
    assert so_far[-1] == held().summary.leakage.opportunities


def test_leaks_stand_where_they_happened() -> None:
    figure = draw(failed().summary, failed().figures)
    points = figure.axes[1].get_lines()[-1]
    assert np.asarray(points.get_xdata()).tolist() == [21.5, 40.5]
    assert np.asarray(points.get_ydata()).tolist() == [1, 2]
    assert "0 at every moment" not in texts_of(figure)


def test_the_axis_names_the_length_of_a_bucket() -> None:
    assert "leaks per second" in texts_of(draw(held().summary, held().figures))
    assert "leaks per 10 s" in texts_of(draw(held().summary, replace(held().figures, bucket_s=10.0)))
