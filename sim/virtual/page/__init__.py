"""A trace of a real page, simulated: the page of sim.dashboard between a model of its browser and a scripted server.

`simulate(read_trace(path))` is what `python -m sim.virtual.page PATH` prints. docs/page.md has the format of a trace.
"""

from sim.virtual.page.observed import Observed
from sim.virtual.page.simulation import simulate
from sim.virtual.page.trace import Trace, decode, read_trace

__all__ = ["Observed", "Trace", "decode", "read_trace", "simulate"]
