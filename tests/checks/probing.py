"""What arrives on the socket of a probe, which is no dashboard's."""

from dataclasses import replace

import numpy as np

from sim.history import History


def seen_by_a_probe(told: History, dashboard: int) -> History:
    """The history with this dashboard's deliveries on the socket of a probe instead."""
    deliveries = told.deliveries
    moved = np.where(deliveries.dashboard == dashboard, -1, deliveries.dashboard)
    return replace(told, deliveries=replace(deliveries, dashboard=moved))
