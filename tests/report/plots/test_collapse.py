from dataclasses import replace

import numpy as np
import pytest

from sim.report.plots.collapse import draw
from sim.results.figures import Figures
from tests.report.plots.texts import lines_of, texts_of
from tests.report.samples import held

SUMMARY = held().summary


def _organisations(dashboards: list[int], deliveries: list[int], refetches: list[int], rates: list[float]) -> Figures:
    return replace(
        held().figures,
        organisation=np.arange(len(dashboards)),
        organisation_dashboards=np.array(dashboards),
        organisation_deliveries=np.array(deliveries),
        organisation_refetches=np.array(refetches),
        organisation_events_per_s=np.array(rates),
    )


def test_a_mark_per_organisation_at_its_rate_and_ratio() -> None:
    axes = draw(SUMMARY, _organisations([1, 8], [30, 90], [10, 10], [0.5, 1.5])).axes[0]
    assert np.asarray(axes.collections[0].get_offsets()).tolist() == [[0.5, 3.0], [1.5, 9.0]]


def test_the_closed_form_is_exp_of_rate_times_window() -> None:
    line = draw(SUMMARY, held().figures).axes[0].get_lines()[0]
    rate, ratio = (np.asarray(data) for data in line.get_data())
    assert ratio == pytest.approx(np.exp(rate * 0.5))
    assert line.get_label() == "Poisson arrivals: exp(r × 500 ms)"


def test_the_closed_form_ends_at_the_top_of_the_plot() -> None:
    axes = draw(SUMMARY, _organisations([1], [20], [10], [5000.0])).axes[0]
    assert np.isfinite(np.asarray(axes.get_lines()[0].get_ydata())).all()


def test_a_page_without_a_debounce_has_a_flat_line() -> None:
    axes = draw(SUMMARY, replace(held().figures, debounce_s=0.0)).axes[0]
    assert list(lines_of(axes)) == ["without a debounce: one refetch per event"]


def test_organisations_without_a_refetch_are_counted_in_words() -> None:
    texts = texts_of(draw(SUMMARY, _organisations([1, 1], [30, 9], [10, 0], [0.5, 0.1])))
    assert "not shown: 1 organisation with deliveries but no refetch" in texts


@pytest.mark.parametrize(
    ("dashboards", "labels"),
    [([3, 3], ["organisation, 3 dashboards"]), ([1, 9], ["organisation, 1 dashboard", "organisation, 9 dashboards"])],
)
def test_the_legend_explains_the_sizes(dashboards: list[int], labels: list[str]) -> None:
    texts = texts_of(draw(SUMMARY, _organisations(dashboards, [30, 30], [10, 10], [0.5, 0.6])))
    assert [text for text in texts if text.startswith("organisation,")] == labels


def test_very_many_organisations_become_a_picture_in_the_svg() -> None:
    many = 5000
    axes = draw(SUMMARY, _organisations([1] * many, [3] * many, [1] * many, [0.5] * many)).axes[0]
    assert axes.collections[0].get_rasterized()
    assert not draw(SUMMARY, held().figures).axes[0].collections[0].get_rasterized()
