"""What happened to one organisation: plain facts in columns, their builder, and the file that keeps them.

Every output of a run is a fold over these records. Times are integers of nanoseconds since the start of the measured
window (the run clock): negative in the warm-up, past the window's length in the drain.
"""

from sim.history.builder import HistoryBuilder
from sim.history.columns import (
    NEVER_NS,
    NO_LAST_SEEN,
    PART_GRID_NS,
    UNANSWERED,
    UNEXPLAINED,
    UNKNOWN_OWNER,
    Answers,
    Breach,
    Breaches,
    Deliveries,
    Fetches,
    History,
    Machines,
    Mounts,
    Outcome,
    ProbeOutcome,
    Probes,
    RunFrame,
    Sessions,
    States,
    WriteKind,
    Writes,
)
from sim.history.file import read_histories, write_histories
from sim.history.truth import Certainties, certainties

__all__ = [
    "NEVER_NS",
    "NO_LAST_SEEN",
    "PART_GRID_NS",
    "UNANSWERED",
    "UNEXPLAINED",
    "UNKNOWN_OWNER",
    "Answers",
    "Breach",
    "Breaches",
    "Certainties",
    "Deliveries",
    "Fetches",
    "History",
    "HistoryBuilder",
    "Machines",
    "Mounts",
    "Outcome",
    "ProbeOutcome",
    "Probes",
    "RunFrame",
    "Sessions",
    "States",
    "WriteKind",
    "Writes",
    "certainties",
    "read_histories",
    "write_histories",
]
