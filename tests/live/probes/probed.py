"""An organisation's prober on real sockets, and what it noted."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic_ns
from typing import Final, NamedTuple

import msgspec
import numpy as np

from sim.actors import Answer, Event
from sim.contract import Status
from sim.history import Breach, History, HistoryBuilder, ProbeOutcome, RunFrame
from sim.live.access.credentials import Machine, Organisation
from sim.live.access.owners import Owners
from sim.live.figures.tally import Tally
from sim.live.probes.prober import Prober
from sim.live.wire.answers import Reader
from sim.live.wire.events import EventReader
from sim.live.wire.line import Route
from sim.live.wire.safety import resolve
from sim.scenario import Scenario
from sim.schedule import ProbeKind, Probing
from tests.live.peers import Script, peer
from tests.live.waiting import Inbox, turn_hub
from tests.live.wire.test_websocket import text
from tests.target.servers import Server

S: Final = 1_000_000_000
LATER_NS: Final = 1_000 * S
"""Beyond every time that a probe waits for."""

_MOST_TRIES: Final = 2_000
_FRAME: Final = RunFrame(
    organisation=0, machines=3, dashboards=0, window_ns=S, ended_ns=S, bucket_ns=S, debounce_ns=0, max_wait_ns=None,
    loss_deadline_ns=S,
)  # fmt: skip


class Ended(NamedTuple):
    """A row of the table of probes, without its times."""

    kind: ProbeKind
    other: int
    outcome: ProbeOutcome
    code: int


class _Builder(HistoryBuilder):
    """Says when a probe has ended, and when something was no frame or answer of the contract."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: Inbox[Ended] = Inbox()
        self.broken: Inbox[Breach] = Inbox()

    def breach(self, dashboard: int, at_ns: int, breach: int) -> None:
        super().breach(dashboard, at_ns, breach)
        self.broken.add(Breach(breach))

    def probe(self, kind: int, at_ns: int, ended_ns: int, other: int, outcome: int, code: int) -> None:
        super().probe(kind, at_ns, ended_ns, other, outcome, code)
        assert at_ns <= ended_ns
        self.ended.add(Ended(ProbeKind(kind), other, ProbeOutcome(outcome), code))


class Home:
    """The prober's organisation: notes what it is told."""

    def __init__(self) -> None:
        self.events: Inbox[Event] = Inbox()
        self.answers: list[Answer] = []
        self.acked: list[int] = []
        self.patches: list[int] = []

    def delivered(self, dashboard: int, arrived_ns: int, event: Event) -> int:
        assert dashboard == -1
        assert arrived_ns > 0
        self.events.add(event)
        return 0

    def inspected(self, dashboard: int, answer: Answer) -> None:
        assert dashboard == -1
        self.answers.append(answer)

    def patched(self, machine: int, last_seen_ms: int) -> None:
        assert last_seen_ms > 0
        self.patches.append(machine)

    def change_acked(self, acked_ns: int) -> None:
        self.acked.append(acked_ns)


class Probed:
    """A prober of organisation 0 of two; all its probes are due at once."""

    def __init__(self, url: str, orgs: Sequence[Organisation], kinds: Sequence[ProbeKind], scenario: Scenario) -> None:
        self.home = Home()
        self.tally = Tally()
        self.builder = _Builder()
        self.machine: tuple[int, str] | None = (1, orgs[0].machines[1].id)
        self.origin_ns = monotonic_ns()
        owners = Owners(orgs)
        self.due_ns = np.zeros(len(kinds), np.int64)
        others = np.array([int(kind.is_foreign) for kind in kinds], np.int64)
        self.prober = Prober(
            0,
            Probing(self.due_ns, np.array(kinds, np.int8), others),
            scenario,
            Route(url, resolve(url), orgs[0].org_id, orgs[0].token or ""),
            orgs,
            Reader(0, len(orgs[0].machines), False, owners),
            EventReader(owners),
            self.builder,
            self.tally,
            self.home,
            lambda: self.machine,
        )

    def send(self) -> None:
        """Send all probes."""
        self.prober.start(self.origin_ns)
        assert self.prober.next_due_ns == self.origin_ns
        self.prober.fire(monotonic_ns())

    def settled(self) -> list[Ended]:
        """Send all probes, and wait until all have ended by themselves."""
        self.send()
        return self.builder.ended.wait_until(lambda: not self.prober.is_busy)

    def ending(self) -> Ended:
        """The one that ends next by itself."""
        return self.builder.ended.wait(len(self.builder.ended.items) + 1)[-1]

    def let_time_pass(self) -> None:
        """All times are up."""
        self.prober.fire(monotonic_ns() + LATER_NS)

    def history(self) -> History:
        """What was noted until now, which is the end."""
        self.prober.finish(monotonic_ns())
        assert not self.prober.is_busy
        assert not self.prober.is_patching
        return self.builder.build(_FRAME, self.origin_ns)


def scenario(**tables: dict[str, object]) -> Scenario:
    """A scenario with these tables."""
    fleet = {"organisations": 2, "machines": 3, "dashboards": 1}
    return Scenario.model_validate({"schema": 1, "name": "probed", "duration_s": 10, "fleet": fleet} | tables)


def two_organisations(token: str = "a.b.c") -> list[Organisation]:
    """For peers that look at no token."""
    return [
        Organisation(
            org_id=f"org-{number}",
            token=token,
            expired_token="expired",
            machines=[Machine(id=f"m-{number}-{machine}", node_key="k") for machine in range(3)],
        )
        for number in range(2)
    ]


def of_server(server: Server) -> list[Organisation]:
    """The organisations of the reference backend, as the credentials file has them."""
    return msgspec.json.decode(msgspec.json.encode(server.orgs), type=list[Organisation])


@contextmanager
def probed(
    server: Server, *kinds: ProbeKind, orgs: Sequence[Organisation] = (), **tables: dict[str, object]
) -> Iterator[Probed]:
    """A prober of the reference backend's organisation 0; whatever it has open is closed in the end."""
    made = Probed(server.running.url, orgs or of_server(server), kinds, scenario(**tables))
    try:
        yield made
    finally:
        made.prober.finish(monotonic_ns())


def turn_until_events(made: Probed, server: Server, organisation: int) -> None:
    """Move a machine of an organisation to and fro until an event of it reaches the prober."""
    statuses = [Status.ONLINE, Status.OFFLINE]
    for turn in range(_MOST_TRIES):
        server.beat(organisation, 0, statuses[turn % 2])
        turn_hub()
        if made.home.events.items:
            return
    raise AssertionError("no event came")


def turn_until(happened: threading.Event) -> None:
    """Turn the hub until a peer's thread says so."""
    for _ in range(_MOST_TRIES):
        if happened.wait(0.01):
            return
        turn_hub()
    raise AssertionError("it did not happen")


@contextmanager
def with_peer(script: Script, kind: ProbeKind, **tables: dict[str, object]) -> Iterator[Probed]:
    """One probe, under way to a peer."""
    with peer(script) as found:
        made = Probed(f"http://127.0.0.1:{found.port}", two_organisations(), [kind], scenario(**tables))
        made.send()
        try:
            yield made
        finally:
            made.prober.finish(monotonic_ns())


def event(machine: str) -> bytes:
    """The frame of an event of a machine."""
    return text(b'{"type":"event","channel":"machines","event":"UPDATE","payload":{"id":"%s"}}' % machine.encode())
