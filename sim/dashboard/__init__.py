"""The simulated page, Sans-I/O: time and inputs are arguments, what the driver must do is returned.

A page has no clock, socket, loop or randomness of its own. The driver calls a method for each thing that
happened, with its time in integer nanoseconds of one monotonic clock, carries out the effects that come back,
in order, and calls `wake` when `deadline_ns` has come. docs/page.md explains the behaviour and has the two
tables.
"""

from sim.dashboard.dashboard import Dashboard
from sim.dashboard.effects import (
    NEVER_NS,
    AbortFetch,
    Cause,
    CloseSocket,
    Connect,
    Effect,
    SendPing,
    Show,
    StartFetch,
)
from sim.dashboard.health import HealthPage
from sim.dashboard.page import Page
from sim.dashboard.query_states import QUERY_TRANSITIONS, QueryAction, QueryInput, QueryState
from sim.dashboard.rules import HIDDEN_TIMER_ALIGNMENT_NS, PageRules, rules_of
from sim.dashboard.socket_states import SOCKET_TRANSITIONS, SocketAction, SocketInput, SocketState

__all__ = [
    "HIDDEN_TIMER_ALIGNMENT_NS",
    "NEVER_NS",
    "QUERY_TRANSITIONS",
    "SOCKET_TRANSITIONS",
    "AbortFetch",
    "Cause",
    "CloseSocket",
    "Connect",
    "Dashboard",
    "Effect",
    "HealthPage",
    "Page",
    "PageRules",
    "QueryAction",
    "QueryInput",
    "QueryState",
    "SendPing",
    "Show",
    "SocketAction",
    "SocketInput",
    "SocketState",
    "StartFetch",
    "rules_of",
]
