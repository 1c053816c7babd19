"""How large one organisation is."""

import math
from dataclasses import dataclass
from typing import assert_never

from sim.scenario import FixedSize, LognormalSize, Scenario, Size, UniformSize, ZipfSize
from sim.schedule.chance import Purpose, stream


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of machines and of dashboards of an organisation."""

    machines: int
    dashboards: int


def sizes_for(scenario: Scenario, seed: int, organisation: int) -> Sizes:
    """The sizes of organisation `organisation`, counted from 0; they depend on nothing but the arguments."""
    fleet = scenario.fleet
    has_dashboards = fleet.actors != "agents"
    return Sizes(
        machines=_size(fleet.machines, seed, organisation, Purpose.MACHINES),
        dashboards=_size(fleet.dashboards, seed, organisation, Purpose.DASHBOARDS) if has_dashboards else 0,
    )


def _size(size: Size, seed: int, organisation: int, purpose: Purpose) -> int:
    match size:
        case FixedSize():
            return size.value
        case UniformSize():
            return int(stream(seed, organisation, purpose).integers(size.low, size.high, endpoint=True))
        case LognormalSize():
            normal = stream(seed, organisation, purpose).standard_normal()
            return _rounded(math.log(size.median) + size.sigma * normal, size.maximum)
        case ZipfSize():
            return max(size.minimum, round(size.largest * math.pow(organisation + 1, -size.exponent)))
        case _:
            assert_never(size)


def _rounded(logarithm: float, maximum: int) -> int:
    if logarithm >= math.log(maximum):
        return maximum
    return max(1, round(math.exp(logarithm)))
