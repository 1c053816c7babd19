"""Objectives: what a run is held against, each a line like `event_to_refetch.p95_ms < 5000`."""

import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

LATENCY_NAMES: Final = (
    "event_to_refetch", "delivery", "debounce", "refetch", "write", "lateness",
    "event_to_refetch_from_due", "write_from_due", "blocked", "handling",
)  # fmt: skip
LATENCY_FIGURES: Final = ("mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms", "count")

_OTHER_FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "collapse": ("deliveries", "refetches", "ratio", "excess_refetches"),
    "leakage": (
        "leaks", "opportunities", "upper_bound_95",
        "leaked_events", "announced_events", "leaked_rows", "leaked_counts", "leaked_requests",
    ),
    "loss": ("lost", "expected", "duplicates", "out_of_order", "echoes", "unannounced"),
    "refusals": ("tried", "answered", "granted", "controls", "controls_refused"),
    "convergence": ("contradicted", "diverged", "unseen", "miscounted"),
    "staleness": ("dashboard_seconds", "share", "longest_ms", "overlong", "worst_share"),
    "starvation": (
        "starved", "starved_by_debounce", "starved_by_cancelling", "starved_otherwise",
        "longest_wait_ms", "longest_debounce_ms", "longest_chain",
    ),
    "blind": (
        "share", "evictions", "reconnects", "never_subscribed", "early_evictions", "overdue_evictions", "cut",
    ),
    "generator": ("lateness_p99_ms", "hub_lag_p99_ms", "cpu_share", "errors"),
}  # fmt: skip

OBJECTIVE_PATHS: Final = (
    *(f"{name}.{figure}" for name in LATENCY_NAMES for figure in LATENCY_FIGURES),
    *(f"{name}.{figure}" for name, figures in _OTHER_FIGURES.items() for figure in figures),
)
"""Every figure of a run that an objective may name."""

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
_LINE: Final = re.compile(r"\s*([\w.]+)\s*(<=|>=|==|<|>)\s*(\S+)\s*")
_FORM: Final = "it must be PATH OP NUMBER with OP one of < <= > >= ==, such as event_to_refetch.p95_ms < 5000"


@dataclass(frozen=True, slots=True)
class Objective:
    """The figure at `path` must be in the relation `operator` to `bound` (in ms where the path says so)."""

    path: str
    operator: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> "Objective":
        """The objective that a line states.

        Raises `ValueError` with what is allowed for a line of another form, an unknown path, or a bound
        that is no finite number.
        """
        match = _LINE.fullmatch(text)
        if match is None:
            raise ValueError(_FORM)
        path, relation, bound = match.groups()
        if path not in OBJECTIVE_PATHS:
            raise ValueError(f"there is no figure {path}; {_nearest_path(path)}")
        return cls(path, relation, _number(bound))

    def holds(self, value: float) -> bool:
        """Whether a measured figure meets the objective."""
        return _OPERATORS[self.operator](value, self.bound)

    def __str__(self) -> str:
        whole = self.bound.is_integer() and abs(self.bound) < 2**53
        return f"{self.path} {self.operator} {int(self.bound) if whole else repr(self.bound)}"


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(_FORM) from None
    if not math.isfinite(number):
        raise ValueError("its bound must be a finite number")
    return number


def _nearest_path(path: str) -> str:
    near = difflib.get_close_matches(path, OBJECTIVE_PATHS, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    groups = dict.fromkeys(known.partition(".")[0] for known in OBJECTIVE_PATHS)
    return "it must be in one of the groups " + ", ".join(groups)
