"""Latency by percentile, one line per segment, the percentiles stretched in nines."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator
from numpy.typing import NDArray

from sim.report.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    blank,
    explain,
    legend_above,
    log_milliseconds_axis,
    on_log_axis,
)
from sim.results.figures import Figures, HistogramColumns
from sim.results.summary import Summary

Floats = NDArray[np.float64]

_LINES: Final = (
    ("event_to_refetch", "event-to-refetch", INK, "-", 3.6),
    ("delivery", "delivery", BLUE, "-", 1.8),
    ("debounce", "debounce", ORANGE, "-", 1.8),
    ("refetch", "refetch", GREEN, "-", 1.8),
    ("event_to_refetch_from_due", "event-to-refetch from due", PURPLE, "--", 1.8),
)
"""Name, label, colour, style and width: the whole is wide, so that a part of the same length shows on it."""

_POINTS: Final = 300
_NINES: Final = ((0.0, "0"), (0.5, "50"), (0.9, "90"), (0.99, "99"), (0.999, "99.9"), (0.9999, "99.99"),
                 (0.99999, "99.999"), (0.999999, "99.9999"), (0.9999999, "99.99999"))  # fmt: skip


def draw(_summary: Summary, figures: Figures) -> Figure:
    """Percentiles of event-to-refetch and of the segments that it is the sum of."""
    figure = blank("Latency by percentile")
    axes = figure.add_subplot()
    largest = 0
    for name, label, color, style, width in _LINES:
        columns = figures.histograms.get(name)
        if columns is not None and columns.count.sum() > 0:
            nines, values_ms = curve(columns)
            axes.plot(nines, values_ms, style, color=color, label=label, linewidth=width)
            largest = max(largest, int(columns.count.sum()))
    if not largest:
        explain(axes, "No event was followed to a refetch: there are no latencies.")
        return figure
    log_milliseconds_axis(axes)
    _nines_axis(axes, largest)
    axes.set_ylabel("time")
    legend_above(axes)
    return figure


def curve(columns: HistogramColumns) -> tuple[Floats, Floats]:
    """The percentiles as a line: x is -log10 of the share above, y the time in milliseconds.

    The time at a share q is that of the value of rank q x count, rounded up. The line ends with the maximum,
    at the share that only one value exceeds.
    """
    running = columns.count.cumsum()
    count = int(running[-1])
    nines = np.linspace(0.0, np.log10(count), _POINTS) if count > 1 else np.array([0.0, np.log10(2.0)])
    ranks = np.clip(np.ceil((1.0 - 10.0**-nines) * count), 1, count)
    ranks[-1] = count
    values_ms = columns.high_ns[np.searchsorted(running, ranks)] / 1e6
    return nines, on_log_axis(values_ms)


def _nines_axis(axes: Axes, count: int) -> None:
    shown = [(share, text) for share, text in _NINES if count * (1.0 - share) >= 0.999 or share <= 0.5]
    axes.xaxis.set_major_locator(FixedLocator([float(-np.log10(1.0 - share)) for share, _ in shown]))
    axes.xaxis.set_major_formatter(FixedFormatter([text for _, text in shown]))
    axes.set_xlim(left=0.0)
    axes.set_xlabel("percentile (each nine takes the same width)")
