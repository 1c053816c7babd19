"""The load generator's own delays over time, with the limit beyond which the run would be invalid."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report.plots.style import (
    BLUE,
    INK,
    VERMILION,
    blank,
    centres_s,
    explain,
    legend_above,
    line,
    log_milliseconds_axis,
    on_log_axis,
    time_axis,
)
from sim.report.quantities import milliseconds
from sim.results.figures import Figures
from sim.results.summary import Summary


def draw(summary: Summary, figures: Figures) -> Figure:
    """p99 of lateness and of handling delay per time bucket, with the bound of the finding `generator`."""
    return draw_with_limit(figures, limit_of(summary))


def limit_of(summary: Summary) -> float | None:
    """The bound of the finding `generator` in milliseconds; None where there is none."""
    bounds = [f.bound for f in summary.findings if f.name == "generator" and f.unit == "ms"]
    return bounds[0] if bounds else None


def draw_with_limit(figures: Figures, limit_ms: float | None) -> Figure:
    """The plot with its limit line, or without one."""
    figure = blank("The load generator's own delay")
    axes = figure.add_subplot()
    lateness, handling = figures.lateness_ms_p99_per_bucket, figures.handling_ms_p99_per_bucket
    if not np.isfinite(lateness).any() and not np.isfinite(handling).any():
        explain(axes, "The generator sent and received nothing: there is no delay to show.")
        return figure
    line(axes, centres_s(figures, lateness.size), on_log_axis(lateness), "lateness, p99", INK)
    line(axes, centres_s(figures, handling.size), on_log_axis(handling), "handling delay, p99", BLUE)
    _limit(axes, limit_ms)
    time_axis(axes, figures, lateness.size)
    log_milliseconds_axis(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(low / 1.5, high * 3)  # room for the names of the phases
    axes.set_ylabel("delay")
    legend_above(axes)
    return figure


def _limit(axes: Axes, limit_ms: float | None) -> None:
    if limit_ms is not None and limit_ms > 0:
        label = f"limit: {milliseconds(limit_ms)}"
        axes.axhline(limit_ms, color=VERMILION, linestyle="--", linewidth=1.4, label=label)
