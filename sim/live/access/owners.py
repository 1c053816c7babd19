"""Who owns which machine: the one thing that a leak check must know (contract 1)."""

import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sim.history import UNKNOWN_OWNER
from sim.live.access.credentials import Organisation


class Owner(NamedTuple):
    """A machine's organisation and its number there."""

    organisation: int
    machine: int


class Owners:
    """All machines that we know of, by id."""

    def __init__(self, organisations: Sequence[Organisation]) -> None:
        self._owners = {
            machine.id: Owner(number, index)
            for number, organisation in enumerate(organisations)
            for index, machine in enumerate(organisation.machines)
        }

    def adopt(self, organisation: int, ids: Iterable[str]) -> list[str]:
        """Rows that an organisation was seen to have at the start: a deployment has rows of its own. The new ones."""
        adopted = [machine_id for machine_id in ids if machine_id not in self._owners]
        self._owners.update((machine_id, Owner(organisation, _hash(machine_id))) for machine_id in adopted)
        return adopted

    def of(self, machine_id: str) -> Owner:
        """The owner; UNKNOWN_OWNER with a hash of the id in place of a number."""
        found = self._owners.get(machine_id)
        return found if found is not None else Owner(UNKNOWN_OWNER, _hash(machine_id))


def _hash(machine_id: str) -> int:
    """A number for a machine that has none, beyond the numbers of those that have."""
    return 2**32 + zlib.crc32(machine_id.encode())
