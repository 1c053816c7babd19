"""Collapse ratio per organisation, against what Poisson arrivals would give."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from sim.report.plots.style import BLUE, MUTED, VERMILION, blank, explain, legend_above
from sim.report.quantities import counted, milliseconds, number
from sim.results.figures import Figures
from sim.results.summary import Summary

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_MANY_POINTS: Final = 2000
_SMALLEST_AREA: Final = 18.0
_LARGEST_AREA: Final = 160.0
_FEW_DASHBOARDS: Final = 4  # an organisation with one or two is no giant, even where none has more


def draw(_summary: Summary, figures: Figures) -> Figure:
    """One mark per organisation: its events per second, its collapse ratio, its dashboards."""
    figure = blank("What the debounce saves")
    axes = figure.add_subplot()
    shown = (figures.organisation_refetches > 0) & (figures.organisation_deliveries > 0)
    if not shown.any():
        explain(axes, "No organisation had a refetch that deliveries caused: there is no collapse ratio.")
        return figure
    rate = figures.organisation_events_per_s[shown]
    ratio = figures.organisation_deliveries[shown] / figures.organisation_refetches[shown]
    _marks(axes, rate, ratio, figures.organisation_dashboards[shown])
    right = max(float(rate.max()) * 1.06, 0.1)
    top = max(float(ratio.max()) * 1.6, 2.0)
    _closed_form(axes, figures.debounce_s, right, top)
    _axes(axes, right, float(ratio.min()), top)
    _hidden(axes, int(((figures.organisation_deliveries > 0) & ~shown).sum()))
    legend_above(axes)
    return figure


def _marks(axes: Axes, rate: Floats, ratio: Floats, dashboards: NDArray[np.int64]) -> None:
    low, high = int(dashboards.min()), int(dashboards.max())
    drawn = axes.scatter(rate, ratio, s=_area(dashboards, high), color=BLUE, alpha=0.55, linewidths=0)
    drawn.set_rasterized(rate.size > _MANY_POINTS)
    for size in sorted({low, high}):
        area = _area(np.array([size]), high)[0]
        label = f"organisation, {counted(size, 'dashboard')}"
        axes.scatter([], [], s=area, label=label, color=BLUE, alpha=0.55, linewidths=0)


def _area(dashboards: NDArray[np.int64], largest: int) -> Floats:
    """Area in points squared, in proportion to the dashboards but never tiny."""
    scale = _LARGEST_AREA / max(largest, _FEW_DASHBOARDS)
    area: Floats = np.maximum(_SMALLEST_AREA, dashboards * scale)
    return area


def _closed_form(axes: Axes, debounce_s: float, right: float, top: float) -> None:
    """The line of Poisson arrivals at rate r under a trailing debounce of w.

    An event ends its burst if none follows within w, which has probability exp(-r w). So bursts have
    exp(r w) events in the mean, and each burst causes one refetch.
    """
    if debounce_s <= 0:
        axes.axhline(1.0, color=VERMILION, linestyle="--", label="without a debounce: one refetch per event")
        return
    last = min(right, float(np.log(top)) / debounce_s)
    rate = np.linspace(0.0, last, 200)
    label = f"Poisson arrivals: exp(r × {milliseconds(debounce_s * 1000)})"
    axes.plot(rate, np.exp(rate * debounce_s), "--", color=VERMILION, label=label)


def _axes(axes: Axes, right: float, lowest: float, top: float) -> None:
    axes.set_yscale("log")
    axes.set_xlim(0.0, right)
    axes.set_ylim(min(0.9, lowest * 0.9), top)
    axes.set_xlabel("events per second at one dashboard (1/s)")
    axes.set_ylabel("deliveries per refetch")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if top < 1000 else (1.0,), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{number(value)} to 1"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def _hidden(axes: Axes, organisations: int) -> None:
    if organisations:
        text = f"not shown: {counted(organisations, 'organisation')} with deliveries but no refetch"
        axes.text(0.99, 0.02, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=8.5, color=MUTED)
