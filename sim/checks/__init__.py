"""Checks: pure folds over histories. `observe(history) -> P`, `merge(P, P) -> P`, `conclude(P) -> Finding`.

P, a check's mergeable partial result, is the common currency: workers send it, long runs fold into it, models make it.
"""

from sim.checks.finding import Finding, Verdict, Witness
from sim.checks.partials import Partials, decode_partials, encode_partials, judge, merge, observe, of_all

__all__ = [
    "Finding",
    "Partials",
    "Verdict",
    "Witness",
    "decode_partials",
    "encode_partials",
    "judge",
    "merge",
    "observe",
    "of_all",
]
