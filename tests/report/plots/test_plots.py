import pytest

from sim.report.plots import PLOTS, Plot
from sim.report.plots.images import in_our_style
from tests.report.plots.texts import overhang_in, texts_of
from tests.report.samples import all_of_them

SAMPLES = all_of_them()


@pytest.mark.parametrize("name", list(SAMPLES))
@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_every_plot_draws_every_run_with_its_title_and_nothing_cut_off(plot: Plot, name: str) -> None:
    with in_our_style():
        figure = plot.draw(SAMPLES[name].summary, SAMPLES[name].figures)
        assert plot.title in texts_of(figure)
        assert overhang_in(figure) < 0.01


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
def test_a_run_without_data_gets_a_word_of_explanation(plot: Plot) -> None:
    with in_our_style():
        (axes,) = plot.draw(SAMPLES["empty"].summary, SAMPLES["empty"].figures).axes
    (explanation,) = axes.texts
    assert explanation.get_text().endswith(".")


def test_names_are_those_of_the_files_and_differ() -> None:
    assert [plot.name for plot in PLOTS] == ["latency", "freshness", "collapse", "leakage", "load", "generator"]
