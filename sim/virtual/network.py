"""The modelled network: how long messages take, which packets are lost, and when a socket is cut."""

import math
from typing import Final

import numpy as np

from sim.scenario import Scenario

_DRAWN_AT_ONCE: Final = 4096
"""A draw costs a hundred times less in a block."""


class Delays:
    """Log-normal one-way delays; a lost packet's message comes when it has been sent again."""

    def __init__(self, scenario: Scenario, rng: np.random.Generator) -> None:
        self._model = scenario.model
        self._rng = rng
        self._drawn: list[int] = []

    def draw_ns(self) -> int:
        """The next message's delay."""
        if not self._drawn:
            self._drawn = self._draw()
        return self._drawn.pop()

    def until_cut_ns(self) -> int | None:
        """How long a socket that opens now lives until the network cuts it; None for ever."""
        if self._model.cuts_per_hour == 0:
            return None
        return round(self._rng.exponential(3600e9 / self._model.cuts_per_hour))

    def _draw(self) -> list[int]:
        model = self._model
        median_ms = max(model.delay_ms, 1e-9)
        delays_ns = self._rng.lognormal(math.log(median_ms * 1e6), model.delay_sigma, _DRAWN_AT_ONCE)
        lost = self._rng.random(_DRAWN_AT_ONCE) < model.loss
        drawn: list[int] = np.rint(delays_ns + lost * model.resend_ms * 1e6).astype(np.int64).tolist()
        return drawn


class Pipe:
    """One direction of one connection: what is sent later arrives later (TCP)."""

    __slots__ = ("_delays", "_last_ns")

    def __init__(self, delays: Delays) -> None:
        self._delays = delays
        self._last_ns = 0

    def arrival_ns(self, sent_ns: int) -> int:
        """When a message that is sent now arrives."""
        self._last_ns = max(self._last_ns, sent_ns + self._delays.draw_ns())
        return self._last_ns
