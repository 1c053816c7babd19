"""The curve of how many organisations are present, in pieces, one per stage; exact to the nanosecond.

Organisation k, counted from 0, is present while the curve, rounded half up, is more than k: while it is at least
k + 1/2. A straight piece is solved for that in whole numbers. A wave is low + (high - low) sin^2(pi t / period), which
is the cosine that begins at `low`, and is at least k + 1/2 from

    t = period / pi  x  asin( sqrt( (k + 1/2 - low) / (high - low) ) )

on until as long before its next low, since it is the same backwards.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import assert_never

from sim.scenario import RampStage, Scenario, Stage, StepStage, WaveStage
from sim.schedule.chance import ns_of

_HALF = Fraction(1, 2)
Times = Iterator[tuple[int, int]]
"""From when, and before when, in order and apart from each other."""


@dataclass(frozen=True, slots=True)
class Straight:
    """From `start` to `end` in a straight line that takes `over_ns`, then level."""

    from_ns: int
    until_ns: int
    start: Fraction
    end: int
    over_ns: int

    def value(self, at_ns: int) -> Fraction:
        """The curve at a time in it."""
        return self.start + (self.end - self.start) * Fraction(min(at_ns - self.from_ns, self.over_ns), self.over_ns)

    def present(self, at_ns: int) -> int:
        """How many organisations are present at a time in it."""
        return math.floor(self.value(at_ns) + _HALF)

    def times(self, organisation: int) -> Times:
        """When in it an organisation is present."""
        level = organisation + _HALF
        from_ns, until_ns = self.from_ns, self.until_ns
        if self.start < level and self.end < level:
            return
        if self.start < level:
            from_ns += math.ceil(self.over_ns * (level - self.start) / (self.end - self.start))
        elif self.end < level:
            last_ns = from_ns + math.floor(self.over_ns * (self.start - level) / (self.start - self.end))
            until_ns = min(until_ns, last_ns + 1)
        if from_ns < until_ns:
            yield from_ns, until_ns


@dataclass(frozen=True, slots=True)
class Waving:
    """Between `low` and `high`, from a low to the next in `period_ns`."""

    from_ns: int
    until_ns: int
    low: int
    high: int
    period_ns: int

    def value(self, at_ns: int) -> Fraction:
        """The curve at a time in it, to the precision of a float."""
        part = math.sin(math.pi * ((at_ns - self.from_ns) % self.period_ns) / self.period_ns) ** 2
        return Fraction(self.low + (self.high - self.low) * part)

    def present(self, at_ns: int) -> int:
        """How many organisations are present at a time in it."""
        since_low_ns = (at_ns - self.from_ns) % self.period_ns
        apart_ns = min(since_low_ns, self.period_ns - since_low_ns)
        return self.low + bisect_right(range(self.low, self.high), apart_ns, key=self._turn_ns)

    def times(self, organisation: int) -> Times:
        """When in it an organisation is present."""
        if organisation < self.low:
            yield self.from_ns, self.until_ns
        elif organisation < self.high:
            turn_ns = self._turn_ns(organisation)
            for low_ns in range(self.from_ns, self.until_ns - turn_ns, self.period_ns):
                yield low_ns + turn_ns, min(low_ns + self.period_ns - turn_ns + 1, self.until_ns)

    def _turn_ns(self, organisation: int) -> int:
        """How far from a low it comes, and goes."""
        part = (organisation + 0.5 - self.low) / (self.high - self.low)
        return round(self.period_ns * math.asin(math.sqrt(part)) / math.pi)


Piece = Straight | Waving


def pieces_of(scenario: Scenario) -> tuple[Piece, ...]:
    """The pieces of the whole window, each not empty and beginning where the one before ends.

    Without stages it is one, in which all organisations are present.
    """
    window_ns, number = ns_of(scenario.duration_s), scenario.fleet.organisations
    if not scenario.stages:
        return (_level(0, window_ns, number),)
    begins_ns = [ns_of(stage.at_s) for stage in scenario.stages]
    pieces: list[Piece] = [_level(0, begins_ns[0], 0)]
    for stage, (from_ns, until_ns) in zip(scenario.stages, pairwise([*begins_ns, window_ns]), strict=True):
        pieces.append(_piece(stage, from_ns, until_ns, pieces[-1].value(from_ns)))
    return tuple(piece for piece in pieces if piece.from_ns < piece.until_ns)


def _piece(stage: Stage, from_ns: int, until_ns: int, start: Fraction) -> Piece:
    match stage:
        case StepStage():
            return _level(from_ns, until_ns, stage.organisations)
        case RampStage():
            return Straight(from_ns, until_ns, start, stage.organisations, ns_of(stage.over_s))
        case WaveStage():
            return Waving(from_ns, until_ns, stage.low, stage.high, ns_of(stage.period_s))
        case _:
            assert_never(stage)


def _level(from_ns: int, until_ns: int, number: int) -> Straight:
    return Straight(from_ns, until_ns, Fraction(number), number, 1)
