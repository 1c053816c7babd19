"""What a check answers: one of three verdicts, a figure, and witnesses enough to find the cause."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """No data is UNKNOWN, never HELD."""

    HELD = "HELD"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class Witness(msgspec.Struct, frozen=True, order=True):
    """One case of what a check looks for. The order of witnesses is the order of their times."""

    at_ns: int
    """On the run clock."""
    organisation: int
    dashboard: int
    """-1 where no dashboard is concerned."""
    size: float
    """How bad it is, in the finding's unit: the worst witness has the largest."""
    text: str

    def __str__(self) -> str:
        where = f"organisation {self.organisation}"
        if self.dashboard >= 0:
            where += f", dashboard {self.dashboard}"
        return f"{self.at_ns / 1e9:.3f} s, {where}: {self.text}"


class Witnesses(msgspec.Struct, frozen=True):
    """The first, the worst and the last of many witnesses; merging keeps those of the whole."""

    first: Witness | None = None
    worst: Witness | None = None
    last: Witness | None = None

    @classmethod
    def of(cls, witnesses: Iterable[Witness]) -> "Witnesses":
        """The three of some witnesses."""
        kept = list(witnesses)
        if not kept:
            return cls()
        return cls(min(kept), max(kept, key=_badness), max(kept))

    def merged(self, other: "Witnesses") -> "Witnesses":
        """The three of both."""
        mine = (self.first, self.worst, self.last, other.first, other.worst, other.last)
        return Witnesses.of(witness for witness in mine if witness is not None)


def _badness(witness: Witness) -> tuple[float, Witness]:
    return witness.size, witness


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A check's conclusion."""

    name: str
    verdict: Verdict
    value: float | None
    """The figure that was judged; None where there was nothing to judge."""
    unit: str
    count: int
    """How many cases the figure rests on."""
    bound: float | None
    witnesses: Witnesses = Witnesses()
    text: str
    """One sentence that stands alone."""
