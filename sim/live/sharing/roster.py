"""Who has which organisation, and for how long: each stay is claimed by exactly one worker."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sim.schedule import LEAD_NS, Stay

_NOBODY: Final = ""


class Roster:
    """Numbers stays in the order in which they were added. Times are of the run clock; -LEAD_NS in the warm-up."""

    def __init__(self, stays: Iterable[Stay]) -> None:
        self._stays: list[Stay] = []
        self._worker: list[str] = []
        self._ready: set[int] = set()
        self._over: set[int] = set()
        for stay in stays:
            self.add(stay)

    def add(self, stay: Stay) -> None:
        """One more that waits for a worker."""
        self._stays.append(stay)
        self._worker.append(_NOBODY)

    def stay(self, number: int) -> Stay:
        """The stay of a number."""
        return self._stays[number]

    def claim(self, worker: str, now_ns: int) -> int | None:
        """A stay that is to be prepared now and has no worker: its number, from now on this one's. None for none."""
        number = next(self._unclaimed(now_ns), None)
        if number is not None:
            self._worker[number] = worker
        return number

    def give_back(self, number: int) -> None:
        """Somebody else may have it."""
        self._worker[number] = _NOBODY
        self._ready.discard(number)

    def is_of(self, number: int, worker: str) -> bool:
        """Whether this worker has it."""
        return self._worker[number] == worker

    def set_ready(self, number: int) -> None:
        """Its worker has prepared it."""
        self._ready.add(number)

    def set_over(self, number: int) -> None:
        """Its worker has ended it."""
        self._over.add(number)

    def lose(self, worker: str) -> list[Stay]:
        """A worker is lost: the stays that it had and that were not over, which are over now."""
        lost = [number for number in self._taken() if self._worker[number] == worker]
        self._over.update(lost)
        return [self._stays[number] for number in lost]

    def organisations(self, worker: str) -> Sequence[int]:
        """Numbers of the organisations that a worker has or had."""
        return sorted({stay.organisation for stay, who in zip(self._stays, self._worker, strict=True) if who == worker})

    @property
    def expected(self) -> int:
        """How many stays begin with the window, without those that were lost before."""
        return sum(stay.from_ns == 0 and number not in self._over for number, stay in enumerate(self._stays))

    @property
    def claimed(self) -> int:
        """How many of them have a worker."""
        return sum(self._stays[number].from_ns == 0 for number in self._taken())

    @property
    def ready(self) -> int:
        """How many of them are ready."""
        return sum(self._stays[number].from_ns == 0 for number in self._ready - self._over)

    def users(self, now_ns: int) -> int:
        """How many users are needed now: one for each stay that has a worker or should have one, and is not over."""
        return len(self._taken()) + sum(1 for _ in self._unclaimed(now_ns))

    def _unclaimed(self, now_ns: int) -> Iterator[int]:
        """An organisation's next stay waits until the one before is over: two must not act for it at once."""
        busy = {self._stays[number].organisation for number in self._taken()}
        for number, stay in enumerate(self._stays):
            is_free = self._worker[number] == _NOBODY and number not in self._over
            if is_free and stay.organisation not in busy and stay.from_ns - LEAD_NS <= now_ns:
                busy.add(stay.organisation)
                yield number

    def _taken(self) -> list[int]:
        return [n for n, who in enumerate(self._worker) if who != _NOBODY and n not in self._over]
