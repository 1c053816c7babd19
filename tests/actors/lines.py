"""A line whose other end is the test."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sim.actors import Answer, Contents, NoMeter, Reply, SocketListener
from sim.dashboard import Cause


@dataclass(eq=False)
class Asked:
    """A request under way, and whether it was given up."""

    done: Callable[..., None]
    machine: int = -1
    status: int = 0
    is_aborted: bool = False

    def abort(self) -> None:
        self.is_aborted = True


@dataclass(eq=False)
class Opened:
    """A socket, and what was done to it."""

    listener: SocketListener
    did: list[str] = field(default_factory=list)

    def subscribe(self) -> None:
        self.did.append("subscribe")

    def ping(self) -> None:
        self.did.append("ping")

    def close(self) -> None:
        self.did.append("close")

    def cut(self) -> None:
        self.did.append("cut")

    def drain(self) -> None:
        self.did.append("drain")


class FakeLine:
    """Time stands still unless the test moves it; requests wait for the test to answer them."""

    def __init__(self) -> None:
        self.time_ns = 1_000
        self.alarms: list[tuple[int, int]] = []
        self.beats: list[Asked] = []
        self.refetches: list[Asked] = []
        self.sockets: list[Opened] = []
        self.is_closed = False

    def now_ns(self) -> int:
        return self.time_ns

    def alarm(self, who: int, at_ns: int) -> None:
        self.alarms.append((who, at_ns))

    def connect(self, listener: SocketListener) -> Opened:
        self.sockets.append(Opened(listener))
        return self.sockets[-1]

    def refetch(self, done: Callable[[Answer], None]) -> Asked:
        self.refetches.append(Asked(done))
        return self.refetches[-1]

    def beat(self, machine: int, status: int, done: Callable[[Reply], None]) -> Asked:
        self.beats.append(Asked(done, machine, status))
        return self.beats[-1]

    def close(self) -> None:
        self.is_closed = True

    def answer(self, statuses: bytes, status: int = 200, number: int = -1, reason: str = "") -> None:
        """Answer a refetch now, the latest by default."""
        contents = Contents(statuses, len(statuses)) if status == 200 else None
        self.refetches[number].done(Answer(Reply(status, self.time_ns, reason), contents))

    def acknowledge(self, number: int = -1, status: int = 200) -> None:
        """Answer a heartbeat now, the latest by default."""
        self.beats[number].done(Reply(status, self.time_ns))


class FakeMeter(NoMeter):
    """Keeps what it is told of refetches."""

    def __init__(self) -> None:
        self.caused = 0
        self.refetches: list[tuple[Cause, int, int]] = []
        self.segments: list[tuple[int, int, int]] = []

    def refetch_caused(self) -> None:
        self.caused += 1

    def refetched(self, cause: Cause, took_ns: int, status: int, reason: str) -> None:
        del reason
        self.refetches.append((cause, took_ns, status))

    def shown(self, delivery_ns: int, debounce_ns: int, refetch_ns: int) -> None:
        self.segments.append((delivery_ns, debounce_ns, refetch_ns))
