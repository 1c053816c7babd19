"""Stages: how many organisations are present when.

Before the first stage nobody is. A stage lasts until the next one begins, or until the end. Those that are present
are the first ones: with 3 of them, organisations 0, 1 and 2.
"""

from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, ValidationInfo, field_validator

from sim.scenario.base import AtLeastZero, Positive, Record, refuse

COUNTS: Final = ("organisations", "low", "high")
"""Keys whose values are numbers of organisations: at most as many as the fleet has."""

_Count = Annotated[int, Field(ge=0)]


class _Stage(Record):
    at_s: AtLeastZero
    """When it begins, in seconds of the measured window; later than the stage before."""


class StepStage(_Stage):
    """As many organisations at once, from one instant to the next."""

    kind: Literal["step"]
    """So many organisations from then on."""
    organisations: _Count
    """How many are present."""


class RampStage(_Stage):
    """Organisations come, or go, one after the other at even distances."""

    kind: Literal["ramp"]
    """A straight line from how many there are to how many there shall be."""
    organisations: _Count
    """How many are present when it is over, and from then on."""
    over_s: Positive
    """How long it takes; the next stage may begin before and goes on from where it is."""


class WaveStage(_Stage):
    """Organisations come and go, again and again: a cosine that begins at `low`."""

    kind: Literal["wave"]
    """A cosine between two numbers, which begins at the low one."""
    low: _Count
    """The fewest that are present."""
    high: _Count
    """The most that are present; at least low."""
    period_s: Annotated[float, Field(ge=1)]
    """From one low to the next."""

    @field_validator("high")
    @classmethod
    def _high_is_not_below_low(cls, high: int, info: ValidationInfo) -> int:
        low = info.data.get("low")
        if low is not None and high < low:
            refuse(f"it must be at least low, {low}")
        return high


Stage = Annotated[StepStage | RampStage | WaveStage, Discriminator("kind")]
