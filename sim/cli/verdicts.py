"""The exit code of a run's verdict."""

from sim.errors import EXIT_FAILED, EXIT_HELD, EXIT_INVALID
from sim.results.summary import RunVerdict


def exit_code(verdict: RunVerdict) -> int:
    """0 held, 1 failed, 3 unknown or invalid."""
    return {RunVerdict.HELD: EXIT_HELD, RunVerdict.FAILED: EXIT_FAILED}.get(verdict, EXIT_INVALID)
