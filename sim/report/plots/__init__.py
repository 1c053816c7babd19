"""The plots of a run: the files of `plots/` and the pictures of the page, each with how to read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from matplotlib.figure import Figure

from sim.report.plots import collapse, freshness, generator, latency, leakage, load
from sim.report.plots.coarse import coarse
from sim.report.plots.images import Images, in_our_style, rendered
from sim.results.figures import Figures
from sim.results.summary import Summary


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: what it is called in files (`name`) and on the page (`title`), how to read and to draw it."""

    name: str
    title: str
    how_to_read: str
    draw: Callable[[Summary, Figures], Figure]

    def images(self, summary: Summary, figures: Figures) -> Images:
        """The plot of a run, rendered."""
        with in_our_style():
            return rendered(self.draw(summary, coarse(figures)), self.name)


PLOTS: Final = (
    Plot(
        "latency",
        "Latency by percentile",
        "Go up from a percentile: that share of events took at most the time at the line. To the right are "
        "the rare, slow ones. The broad line is the whole way from write to screen; delivery, debounce and "
        "refetch are its parts. Where the dashed line leaves the broad one, writes left late.",
        latency.draw,
    ),
    Plot(
        "freshness",
        "Freshness over time",
        "Each point is the latency of the events that were written in that moment. A rising line means that "
        "the dashboards fall behind; a gap means that no event of then was followed to a refetch. In a very long "
        "run a point stands for several moments and is the highest of them.",
        freshness.draw,
    ),
    Plot(
        "collapse",
        "What the debounce saves",
        "Each mark is an organisation: further right are busier ones, higher up are those that save more "
        "refetches. The dashed line is what independent events would give; marks above it have events that "
        "come in bursts. Those far up wait long, since every event restarts the debounce.",
        collapse.draw,
    ),
    Plot(
        "leakage",
        "Leaks between organisations",
        "Above, how often something could have crossed from one organisation to another until then: the "
        "more, the stronger the statement. Below, how often it did.",
        leakage.draw,
    ),
    Plot(
        "load",
        "Load over time",
        "What the scenario drove and what came of it, each on its own scale. A dip in the subscribed sockets "
        "is dashboards that lost their connection.",
        load.draw,
    ),
    Plot(
        "generator",
        "The load generator's own delay",
        "How late the generator sent (lateness), and how late it took note of what had arrived (handling "
        "delay). Above the limit, the run measured the generator and not the target.",
        generator.draw,
    ),
)
"""In the order of the page."""
