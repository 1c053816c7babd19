"""Who acts in a run: an organisation, its agents and its dashboards, over a line that an executor provides.

The same code drives real sockets and modelled ones: it knows no socket, no clock and no thread. An executor gives it a
`Line` (requests, sockets, alarms and the time) and calls it back, one callback at a time.
"""

from sim.actors.line import (
    Answer,
    Contents,
    Event,
    Handle,
    Line,
    Meter,
    NoMeter,
    Prober,
    Reply,
    SocketHandle,
    SocketListener,
)
from sim.actors.organisation import Organisation
from sim.actors.rules import RunRules

__all__ = [
    "Answer",
    "Contents",
    "Event",
    "Handle",
    "Line",
    "Meter",
    "NoMeter",
    "Organisation",
    "Prober",
    "Reply",
    "RunRules",
    "SocketHandle",
    "SocketListener",
]
