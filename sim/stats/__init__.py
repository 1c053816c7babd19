"""Statistics that hold up: histograms that merge without loss, and exact bounds of proportions."""

from sim.stats.coarse import CoarseHistogram
from sim.stats.histogram import Histogram
from sim.stats.proportion import upper_bound

__all__ = ["CoarseHistogram", "Histogram", "upper_bound"]
