"""What was driven over time: sockets, deliveries, writes and refetches, each on its own scale."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.report.plots.style import BLUE, GREEN, INK, ORANGE, blank, edges_s, explain, time_axis
from sim.report.quantities import exact
from sim.results.figures import Figures
from sim.results.summary import Summary

Ints = NDArray[np.int64]


def draw(_summary: Summary, figures: Figures) -> Figure:
    """Four small plots that share the time axis."""
    figure = blank("Load over time", height_in=5.0)
    panels = (
        ("writes per second", figures.writes_per_bucket, figures.bucket_s, INK),
        ("deliveries per second", figures.deliveries_per_bucket, figures.bucket_s, BLUE),
        ("refetches per second", figures.refetches_per_bucket, figures.bucket_s, GREEN),
        ("subscribed sockets", figures.sockets_per_bucket, 1.0, ORANGE),
    )
    if not any(column.any() for _, column, _, _ in panels):
        explain(figure.add_subplot(), "Nothing was sent and nobody was subscribed.")
        return figure
    for place, (title, column, divisor, color) in enumerate(panels, start=1):
        axes = figure.add_subplot(2, 2, place)
        axes.set_title(title)
        _panel(axes, figures, column / divisor, color)
        time_axis(axes, figures, column.size, named=place == 2, wide=False)
        if place <= 2:
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)
    return figure


def _panel(axes: Axes, figures: Figures, values: NDArray[np.float64], color: str) -> None:
    axes.stairs(values, edges_s(figures, values.size), color=color, linewidth=1.6)
    axes.stairs(values, edges_s(figures, values.size), color=color, fill=True, alpha=0.12, linewidth=0)
    axes.set_ylim(0.0, 1.2 * float(values.max(initial=0.0)) or 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: exact(value)))
