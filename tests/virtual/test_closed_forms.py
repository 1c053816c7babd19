"""Where a trailing debounce of Poisson events has a closed form, the virtual executor agrees with it.

Events at rate r, window w. An event's gap to the next exceeds w, and so a refetch follows, with probability exp(-r w).
An event waits for the first stretch of w without another: on average (exp(r w) - 1) / r (the mean time until a run
without events of length w in a Poisson process; Feller, An Introduction to Probability Theory 2, XI.3). Bounds are
four standard errors: one false alarm in 16,000 seeds.
"""

import math

import numpy as np
import pytest

from sim.checks.latency import shown_deliveries
from sim.history import History
from tests.virtual.runs import virtual

W_S = 0.5


def _histories(events_per_s: float) -> list[History]:
    settings = (
        "fleet.organisations=40", "fleet.dashboards=1", "duration_s=120", f"churn.events_per_s={events_per_s}",
        "probes.per_s=0", "drain.timeout_s=120",
    )  # fmt: skip
    return list(virtual("quick", *settings, history=True).histories)


@pytest.mark.parametrize("events_per_s", [0.5, 2.0, 5.0])
def test_collapse_and_mean_wait(events_per_s: float) -> None:
    histories = _histories(events_per_s)
    deliveries = sum(len(history.deliveries) for history in histories)
    refetches = sum(int(np.count_nonzero(history.fetches.cause == 1)) for history in histories)
    p = math.exp(-events_per_s * W_S)
    assert abs(refetches - deliveries * p) < 4 * math.sqrt(deliveries * p * (1 - p))

    waits_s = [_mean_wait_s(history) for history in histories]
    expected_s = (math.exp(events_per_s * W_S) - 1) / events_per_s
    error_s = float(np.std(waits_s, ddof=1)) / math.sqrt(len(waits_s))
    assert abs(float(np.mean(waits_s)) - expected_s) < 4 * error_s
    assert error_s < 0.1 * expected_s


def _mean_wait_s(history: History) -> float:
    shown, unshown = shown_deliveries(history)
    assert unshown == 0
    return float(np.mean(shown.fetch_sent_ns - history.deliveries.arrived_ns[shown.row])) / 1e9
