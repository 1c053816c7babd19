"""Which workers take part in a run, what each has reported, and who is missing."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Final

from sim.checks import Partials, merge
from sim.checks.folded import Folded
from sim.checks.generator import Gap, named
from sim.live.figures.progress import Progress, added
from sim.schedule import Stay

_GRACE_NS: Final = 1_000_000_000


class Attendance:
    """Workers by the ids that Locust gives them. One that was lost is not listened to any more."""

    def __init__(self, window_ns: int, bucket_ns: int) -> None:
        self._window_ns = window_ns
        self._bucket_ns = bucket_ns
        self._folded: dict[str, Folded] = {}
        self._until_ns: dict[str, int] = {}
        self._progress: dict[str, Progress] = {}
        self._done: set[str] = set()
        self._departed: dict[str, int] = {}
        self._lost: dict[str, str] = {}
        self._lost_organisations: set[int] = set()
        self.gaps: list[Gap] = []
        """Where a lost worker's organisations were taken over: what was not measured meanwhile."""
        self.histories: list[bytes] = []

    @property
    def workers(self) -> list[str]:
        """All that joined."""
        return list(self._folded)

    @property
    def count(self) -> int:
        """How many joined."""
        return len(self._folded)

    @property
    def missing(self) -> list[str]:
        """Those whose last part is still to come."""
        return [worker for worker in self._folded if worker not in self._done and worker not in self._lost]

    @property
    def is_deserted(self) -> bool:
        """Whether there were workers and all are lost."""
        return 0 < self.count == len(self._lost)

    def departed(self, now_ns: int) -> list[str]:
        """Those that have gone early, a grace ago: whoever ends the whole run may end its workers a moment before."""
        return [worker for worker, at_ns in self._departed.items() if now_ns - at_ns > _GRACE_NS]

    @property
    def lost_workers(self) -> list[str]:
        """A sentence about each."""
        return list(self._lost.values())

    @property
    def loss(self) -> str | None:
        """Why the run is partial though it went through to its end; None if nothing is missing."""
        if not self._lost_organisations:
            return None
        return f"a worker was lost with {named(self.lost_organisations)}"

    @property
    def lost_organisations(self) -> list[int]:
        """Those of which something is missing for good."""
        return sorted(self._lost_organisations)

    @property
    def progress(self) -> Progress:
        """All workers' running figures together; those of a lost one stay as they were."""
        return reduce(added, self._progress.values(), Progress())

    def join(self, worker: str) -> None:
        """One more."""
        self._folded[worker] = Folded(self._window_ns, self._bucket_ns)
        self._until_ns[worker] = 0

    def takes_part(self, worker: str) -> bool:
        """Whether it joined and is not lost."""
        return worker in self._folded and worker not in self._lost

    def progressed(self, worker: str, progress: Progress) -> None:
        """Its figures now."""
        if self.takes_part(worker):
            self._progress[worker] = progress

    def report(self, worker: str, part: Partials, until_ns: int, history: bytes, is_last: bool) -> None:
        """It sent a part; the last one ends its run."""
        self._folded[worker].add(part)
        self._until_ns[worker] = max(self._until_ns[worker], until_ns)
        if history:
            self.histories.append(history)
        if is_last:
            self._done.add(worker)

    def depart(self, worker: str, now_ns: int) -> None:
        """It sent its last part before the run was over."""
        self._departed[worker] = now_ns

    def lose(
        self, worker: str, how: str, organisations: Sequence[int], stays: Iterable[Stay], moved: Iterable[Stay]
    ) -> None:
        """It is lost, with these organisations; of `stays`, which were not over, those in `moved` go on elsewhere."""
        self._lost[worker] = f"{worker} {how}, with {named(organisations)}"
        self._departed.pop(worker, None)
        taken_over = {stay.organisation for stay in moved}
        self._lost_organisations.update(s.organisation for s in stays if s.organisation not in taken_over)
        if taken_over:
            from_ns = min(stay.from_ns for stay in moved)
            self.gaps.append(Gap(tuple(sorted(taken_over)), self._until_ns[worker], from_ns))

    def merged(self) -> Partials:
        """What all have reported, lost ones too."""
        empty = Partials(window_ns=self._window_ns, bucket_ns=self._bucket_ns)
        return reduce(merge, (folded.merged() for folded in self._folded.values()), empty)
