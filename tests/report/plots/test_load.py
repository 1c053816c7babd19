from dataclasses import replace

import numpy as np
from matplotlib.patches import StepPatch

from sim.report.plots.load import draw
from tests.report.samples import BUCKETS, held


def test_counts_become_rates_and_sockets_stay_counts() -> None:
    figures = replace(held().figures, bucket_s=2.0)
    panels = {axes.get_title(loc="left"): axes for axes in draw(held().summary, figures).axes}
    values = {
        title: np.asarray(next(p for p in axes.patches if isinstance(p, StepPatch)).get_data().values)
        for title, axes in panels.items()
    }
    assert values["writes per second"].tolist() == (figures.writes_per_bucket / 2).tolist()
    assert values["deliveries per second"].tolist() == (figures.deliveries_per_bucket / 2).tolist()
    assert values["refetches per second"].tolist() == (figures.refetches_per_bucket / 2).tolist()
    assert values["subscribed sockets"].tolist() == figures.sockets_per_bucket.tolist()


def test_every_panel_begins_at_zero_and_holds_its_highest_value() -> None:
    for axes in draw(held().summary, held().figures).axes:
        assert axes.get_ylim()[0] == 0.0


def test_a_run_in_which_nobody_wrote_still_shows_its_sockets() -> None:
    nothing = np.zeros(BUCKETS, np.int64)
    figures = replace(
        held().figures, writes_per_bucket=nothing, deliveries_per_bucket=nothing, refetches_per_bucket=nothing
    )
    assert len(draw(held().summary, figures).axes) == 4
