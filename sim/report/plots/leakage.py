"""Opportunities for a leak, and leaks, over time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.report.plots.style import BLUE, GREEN, VERMILION, blank, centres_s, edges_s, explain, time_axis
from sim.report.quantities import exact, seconds
from sim.report.sentences import leaks_sentence
from sim.results.figures import Figures
from sim.results.summary import Summary


def draw(summary: Summary, figures: Figures) -> Figure:
    """Above, how often something could have leaked so far; below, how often something did."""
    figure = blank("Leaks between organisations", height_in=5.0)
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 2))
    upper = figure.add_subplot(grid[0])
    if not figures.opportunities_per_bucket.any() and not figures.leaks_per_bucket.any():
        upper.remove()
        explain(figure.add_subplot(grid[:]), "No event was announced while another organisation listened.")
        return figure
    lower = figure.add_subplot(grid[1], sharex=upper)
    _opportunities(upper, figures)
    _leaks(lower, figures)
    upper.set_title(leaks_sentence(summary.leakage))
    return figure


def _opportunities(axes: Axes, figures: Figures) -> None:
    so_far = np.append(0, figures.opportunities_per_bucket.cumsum())
    x = edges_s(figures, figures.opportunities_per_bucket.size)
    axes.plot(x, so_far, color=BLUE)
    axes.fill_between(x, so_far, color=BLUE, alpha=0.12, linewidth=0)
    time_axis(axes, figures, figures.opportunities_per_bucket.size)
    axes.set_xlabel("")
    axes.tick_params(labelbottom=False)
    axes.set_ylim(0.0, max(1.0, 1.15 * float(so_far[-1])))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: exact(value)))
    axes.set_ylabel("opportunities so far")


def _leaks(axes: Axes, figures: Figures) -> None:
    leaks = figures.leaks_per_bucket
    x = centres_s(figures, leaks.size)
    time_axis(axes, figures, leaks.size, named=False)
    axes.set_ylabel("leaks per second" if figures.bucket_s == 1 else f"leaks per {seconds(figures.bucket_s)}")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: exact(value)))
    if not leaks.any():
        axes.plot(edges_s(figures, leaks.size)[[0, -1]], [0.0, 0.0], color=GREEN, linewidth=3, clip_on=False)
        axes.text(0.015, 0.5, "0 at every moment", transform=axes.transAxes, va="center", color=GREEN)
        axes.set_ylim(0.0, 1.0)
        return
    leaked = leaks > 0
    axes.vlines(x[leaked], 0.0, leaks[leaked], color=VERMILION, linewidth=2)
    axes.plot(x[leaked], leaks[leaked], "o", color=VERMILION, markersize=4)
    axes.set_ylim(0.0, 1.2 * float(leaks.max()))
