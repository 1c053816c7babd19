"""When each organisation is present."""

from dataclasses import dataclass
from itertools import chain
from typing import Final

from sim.scenario import Scenario
from sim.schedule.curve import Piece, pieces_of

LEAD_NS: Final = 3_000_000_000
"""An organisation that comes in the middle of the window is made ready so long before: its state is read, its machines
are brought to theirs, its dashboards open. A few seconds: it takes less than one, and its machines must not fall silent
for so long that the target marks them offline (contract 4)."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A time in which an organisation is present; nanoseconds from the start of the measured window."""

    organisation: int
    from_ns: int
    until_ns: int


def stays_for(scenario: Scenario) -> tuple[Stay, ...]:
    """Every organisation's stays, sorted by their begin, then the organisation's number.

    Those of one organisation do not overlap or touch; all lie within the window.
    """
    pieces = pieces_of(scenario)
    stays = chain.from_iterable(_stays(pieces, number) for number in range(scenario.fleet.organisations))
    return tuple(sorted(stays, key=lambda stay: (stay.from_ns, stay.organisation)))


def stays_of(scenario: Scenario, organisation: int) -> tuple[Stay, ...]:
    """One organisation's stays, in order."""
    return tuple(_stays(pieces_of(scenario), organisation))


def present(scenario: Scenario, at_ns: int) -> int:
    """How many organisations are present at a time: the first ones; nobody outside the window."""
    return next((piece.present(at_ns) for piece in pieces_of(scenario) if piece.from_ns <= at_ns < piece.until_ns), 0)


def _stays(pieces: tuple[Piece, ...], organisation: int) -> list[Stay]:
    stays: list[Stay] = []
    for from_ns, until_ns in chain.from_iterable(piece.times(organisation) for piece in pieces):
        goes_on = bool(stays) and stays[-1].until_ns == from_ns
        stays.append(Stay(organisation, stays.pop().from_ns if goes_on else from_ns, until_ns))
    return stays
