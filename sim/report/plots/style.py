"""The look that all plots share: one palette, one type, and how to say that there is nothing to draw."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from sim.report.quantities import exact, milliseconds
from sim.results.figures import Figures

Floats = NDArray[np.float64]

INK: Final = "#1f2328"
MUTED: Final = "#59636e"
GRID: Final = "#e1e5ea"
SHADE: Final = "#f2f4f6"
PAPER: Final = "#ffffff"

# Okabe and Ito (2008), "Color Universal Design": told apart with every common form of colour blindness.
BLUE: Final = "#0072b2"
ORANGE: Final = "#e69f00"
GREEN: Final = "#009e73"
VERMILION: Final = "#d55e00"
PURPLE: Final = "#cc79a7"

STYLE: Final[dict[str, object]] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER,
    "axes.titlesize": 9.5,
    "axes.titlecolor": MUTED,
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "figure.facecolor": PAPER,
    "figure.titlesize": 12.5,
    "figure.titleweight": "bold",
    "savefig.facecolor": PAPER,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "svg.hashsalt": "ztna-sim",  # else the ids are different every time
}

WIDTH_IN: Final = 9.0
_EMPTY_HEIGHT_IN: Final = 1.5
_MANY_BUCKETS: Final = 120
_LETTER_SHARE: Final = 0.012  # of the width of the narrowest axes, per letter
_LOWEST_MS: Final = 0.001  # a log axis has no place for 0; nothing here is measured below a microsecond


def blank(title: str, height_in: float = 4.4) -> Figure:
    """An empty figure with its title."""
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    figure = Figure(figsize=(WIDTH_IN, height_in), layout=layout)
    figure.suptitle(title, x=0.012, ha="left")
    return figure


def explain(axes: Axes, text: str) -> None:
    """Say why there is nothing to see, in a low figure without axes."""
    if isinstance(axes.figure, Figure):
        axes.figure.set_figheight(_EMPTY_HEIGHT_IN)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.xaxis.set_major_locator(NullLocator())
    axes.yaxis.set_major_locator(NullLocator())
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED)


def legend_above(axes: Axes) -> None:
    """The legend in a row above the axes, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=5, borderaxespad=0.2, handlelength=1.8)


def edges_s(figures: Figures, buckets: int) -> Floats:
    """The limits of the time buckets in seconds: one more than there are buckets."""
    return np.arange(buckets + 1, dtype=np.float64) * figures.bucket_s


def centres_s(figures: Figures, buckets: int) -> Floats:
    """The middles of the time buckets in seconds."""
    return (np.arange(buckets, dtype=np.float64) + 0.5) * figures.bucket_s


def time_axis(axes: Axes, figures: Figures, buckets: int, *, named: bool = True, wide: bool = True) -> None:
    """Seconds from the start of the measured window; the drain, or what was not run of the window, is shaded.

    `named` writes the names of the phases: once per figure is enough. Axes that are not `wide` have fewer ticks.
    """
    run_s = buckets * figures.bucket_s
    end_s = max(run_s, figures.window_s)
    axes.set_xlim(0.0, end_s)
    axes.set_xlabel("time since the measured window began (s)")
    axes.xaxis.set_major_locator(MaxNLocator(8 if wide else 5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: exact(value)))
    border_s = min(run_s, figures.window_s)
    if border_s >= end_s:
        return
    axes.axvspan(border_s, end_s, color=SHADE, zorder=0, linewidth=0)
    axes.axvline(border_s, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    if named:
        _name_phases(axes, border_s / end_s, "drain" if run_s > figures.window_s else "not run")


def _name_phases(axes: Axes, border: float, after: str) -> None:
    """Each name ends or begins at the border (a share of the width), where its side has room for it."""
    for x, align, name, room in (
        (border - 0.008, "right", "measured window", border),
        (border + 0.008, "left", after, 1 - border),
    ):
        if room > len(name) * _LETTER_SHARE:
            axes.text(x, 0.985, name, transform=axes.transAxes, ha=align, va="top", fontsize=8.5, color=MUTED)


def milliseconds_axis(axes: Axes) -> None:
    """A linear vertical axis of times, from 0, with the unit at every tick."""
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: milliseconds(value) if value else "0"))
    axes.set_ylim(bottom=0.0)


def log_milliseconds_axis(axes: Axes) -> None:
    """A logarithmic vertical axis of times, with the unit at every tick."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: milliseconds(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def on_log_axis(values_ms: Floats) -> Floats:
    """The values with 0 lifted to the lowest that a log axis shows."""
    return np.maximum(values_ms, _LOWEST_MS)


def line(axes: Axes, x: Floats, y: Floats, label: str, color: str, style: str = "-") -> None:
    """A line with gaps at NaN. Points that have no neighbour are marked, since a line would not show them."""
    known = np.isfinite(y)
    alone = known & ~np.append(known[1:], False) & ~np.append(False, known[:-1])
    marked = known if known.size <= _MANY_BUCKETS else alone
    axes.plot(
        x,
        y,
        style,
        color=color,
        label=label,
        marker=".",
        markersize=5,
        markevery=np.flatnonzero(marked).tolist(),
    )
