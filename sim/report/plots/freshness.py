"""Event-to-refetch latency over time."""

from typing import Final

import numpy as np
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
    milliseconds_axis,
    time_axis,
)
from sim.results.figures import Figures
from sim.results.summary import Summary

_LINES: Final = (("p50", INK, "-"), ("p95", BLUE, "-"), ("p99", VERMILION, "-"))


def draw(_summary: Summary, figures: Figures) -> Figure:
    """p50, p95 and p99 of event-to-refetch per time bucket, by the time of the write."""
    figure = blank("Freshness over time")
    axes = figure.add_subplot()
    columns = (
        figures.event_to_refetch_ms_p50_per_bucket,
        figures.event_to_refetch_ms_p95_per_bucket,
        figures.event_to_refetch_ms_p99_per_bucket,
    )
    if not any(np.isfinite(column).any() for column in columns):
        explain(axes, "No event was followed to a refetch: there is nothing to show over time.")
        return figure
    for (label, color, style), column in zip(_LINES, columns, strict=True):
        line(axes, centres_s(figures, column.size), column, label, color, style)
    time_axis(axes, figures, columns[0].size)
    milliseconds_axis(axes)
    # Room on top, where the phases are named.
    axes.set_ylim(top=1.12 * max(float(np.nanmax(column)) for column in columns if np.isfinite(column).any()) or 1.0)
    axes.set_ylabel("event-to-refetch, by time of the write")
    legend_above(axes)
    return figure
