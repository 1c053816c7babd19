"""How many machines or dashboards an organisation has: a number, or a distribution over the organisations."""

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, ValidationInfo, field_validator
from pydantic.json_schema import JsonSchemaValue

from sim.scenario.base import Described, Positive, Record, refuse

LARGEST_SIZE: Final = 1_000_000

_Count = Annotated[int, Field(ge=0, le=LARGEST_SIZE)]
_AtLeastOne = Annotated[int, Field(ge=1, le=LARGEST_SIZE)]


class FixedSize(Record):
    """Every organisation has the same size. A plain number in the file means this."""

    distribution: Literal["fixed"] = "fixed"
    """The same size for all."""
    value: _Count
    """The size."""

    @property
    def smallest(self) -> int:
        """The smallest size that it can give."""
        return self.value

    def __str__(self) -> str:
        return str(self.value)


class UniformSize(Record):
    """Every whole number from `low` to `high` is as likely as any other."""

    distribution: Literal["uniform"]
    """All sizes from low to high alike."""
    low: _Count
    """The smallest size."""
    high: _Count
    """The largest size; at least low."""

    @field_validator("high")
    @classmethod
    def _high_is_not_below_low(cls, high: int, info: ValidationInfo) -> int:
        low = info.data.get("low")
        if low is not None and high < low:
            refuse(f"it must be at least low, {low}")
        return high

    @property
    def smallest(self) -> int:
        """The smallest size that it can give."""
        return self.low

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


class LognormalSize(Record):
    """Many small organisations, few large: median x exp(sigma x normal), rounded, from 1 to `maximum`."""

    distribution: Literal["lognormal"]
    """Many small, few large, by chance."""
    median: Positive
    """Half of the organisations are smaller."""
    sigma: Annotated[float, Field(ge=0, le=10)]
    """Standard deviation of the logarithm; 0 gives the median to all."""
    maximum: _AtLeastOne
    """No organisation is larger; at least median."""

    @field_validator("maximum")
    @classmethod
    def _maximum_is_not_below_median(cls, maximum: int, info: ValidationInfo) -> int:
        median = info.data.get("median")
        if median is not None and maximum < median:
            refuse(f"it must be at least median, {median:g}")
        return maximum

    @property
    def smallest(self) -> int:
        """The smallest size that it can give."""
        return 1

    def __str__(self) -> str:
        return f"about {self.median:g}, at most {self.maximum}"


class ZipfSize(Record):
    """Rank-size rule (Zipf 1949): organisation k has max(minimum, round(largest / (k + 1)^exponent)).

    k counts from 0. The sizes depend on it alone: they are the same for every seed, the largest first.
    """

    distribution: Literal["zipf"]
    """By rank: the largest first."""
    exponent: Annotated[float, Field(ge=0, le=10)]
    """How steeply the sizes fall; 1 halves the second, 0 makes all equal."""
    largest: _AtLeastOne
    """Size of organisation 0."""
    minimum: _Count = 1
    """No organisation is smaller; at most largest."""

    @field_validator("minimum")
    @classmethod
    def _minimum_is_not_above_largest(cls, minimum: int, info: ValidationInfo) -> int:
        largest = info.data.get("largest")
        if largest is not None and minimum > largest:
            refuse(f"it must be at most largest, {largest}")
        return minimum

    @property
    def smallest(self) -> int:
        """The smallest size that it can give."""
        return self.minimum

    def __str__(self) -> str:
        return f"{self.largest} falling to {self.minimum} (Zipf)"


def _number_is_fixed(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"distribution": "fixed", "value": value}
    if not isinstance(value, dict | Record):
        refuse("it must be a whole number, or a table with a distribution")
    return value


def _number_in_schema(schema: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": LARGEST_SIZE}, schema]}


Size = Annotated[
    FixedSize | UniformSize | LognormalSize | ZipfSize,
    Discriminator("distribution"),
    BeforeValidator(_number_is_fixed),
    Described(_number_in_schema),
]
"""A size as a record; the file may give a plain number for a fixed one."""
