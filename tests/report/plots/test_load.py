from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import StepPatch

from sim.report.plots.images import in_our_style
from sim.report.plots.load import draw
from tests.report.samples import BUCKETS, held


def _values(axes: Axes) -> list[float]:
    heights, _, _ = next(patch for patch in axes.patches if isinstance(patch, StepPatch)).get_data()
    return [float(height) for height in heights]


def test_counts_become_rates_and_sockets_stay_counts() -> None:
    figures = replace(held().figures, bucket_s=2.0)
    with in_our_style():
        figure = draw(held().summary, figures)
    values = {axes.get_title(loc="left"): _values(axes) for axes in figure.axes}
    assert values == {
        "writes per second": (figures.writes_per_bucket / 2).tolist(),
        "deliveries per second": (figures.deliveries_per_bucket / 2).tolist(),
        "refetches per second": (figures.refetches_per_bucket / 2).tolist(),
        "subscribed sockets": figures.sockets_per_bucket.tolist(),
    }


def test_every_panel_begins_at_zero_and_holds_its_highest_value() -> None:
    for axes in draw(held().summary, held().figures).axes:
        assert axes.get_ylim()[0] == 0.0


def test_a_run_in_which_nobody_wrote_still_shows_its_sockets() -> None:
    nothing = np.zeros(BUCKETS, np.int64)
    figures = replace(
        held().figures, writes_per_bucket=nothing, deliveries_per_bucket=nothing, refetches_per_bucket=nothing
    )
    assert len(draw(held().summary, figures).axes) == 4
