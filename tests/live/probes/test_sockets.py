import threading
from time import monotonic_ns

import pytest
from websockets.sync.server import ServerConnection

from sim.contract import PING_FRAME, subscribe_frame
from sim.history import Breach, ProbeOutcome
from sim.schedule import ProbeKind
from tests.live.peers import LONGEST_WAIT_S, Connection, peer
from tests.live.probes.probed import (
    Ended,
    Probed,
    S,
    event,
    probed,
    scenario,
    turn_until_events,
    two_organisations,
    with_peer,
)
from tests.live.wire.test_websocket import accepted, answers, close, real_server, sends, text
from tests.target.servers import served

K = ProbeKind
GRANTED, REFUSED, NOTHING = ProbeOutcome.GRANTED, ProbeOutcome.REFUSED, ProbeOutcome.UNANSWERED

SUBSCRIBED = text(b'{"type":"subscribed","channels":["machines"]}')
PONG = text(b'{"type":"pong"}')
MASKED_SUBSCRIBE_BYTES = 6 + len(subscribe_frame())  # RFC 6455, 5.2: 2 bytes of header and 4 of mask
MASKED_PING_BYTES = 6 + len(PING_FRAME)


# Filters for another organisation.


def test_a_filter_that_widens_is_seen_by_what_it_brings() -> None:
    with served(faults=["widen_filter:1"]) as server, probed(server, K.FOREIGN_FILTER) as made:
        made.send()
        turn_until_events(made, server, 1)
        assert made.prober.is_busy
        made.let_time_pass()
        assert made.builder.ended.items == [Ended(K.FOREIGN_FILTER, 1, GRANTED, 101)]
        assert {(event.owner, event.machine) for event in made.home.events.items} == {(1, 0)}


@pytest.mark.parametrize("machine", ["m-0-0", "stranger"])
def test_a_filter_that_brings_nothing_foreign_is_refused_when_its_time_is_up(machine: str) -> None:
    with with_peer(sends(SUBSCRIBED, event(machine)), K.FOREIGN_FILTER) as made:
        made.home.events.wait(1)
        assert made.prober.is_busy
        made.let_time_pass()
        assert made.builder.ended.items == [Ended(K.FOREIGN_FILTER, 1, REFUSED, 101)]


def test_a_filter_is_held_for_so_long_as_it_was_asked_for() -> None:
    with with_peer(sends(SUBSCRIBED, event("m-0-0")), K.FOREIGN_FILTER, probes={"hold_s": 7}) as made:
        made.home.events.wait(1)
        while made.prober.is_busy:  # as its organisation does
            made.prober.fire(made.prober.next_due_ns)
        probes = made.history().probes
        assert 7 * S <= int(probes.ended_ns[0] - probes.at_ns[0]) < 30 * S


def test_a_filter_that_is_never_confirmed_is_held_all_the_same() -> None:
    subscriptions: list[bytes] = []

    def script(connection: Connection) -> None:
        head = connection.head()
        connection.send(accepted(head))
        subscriptions.append(head.split(b" ")[1] + connection.take(8))
        connection.send(event("m-1-2"))
        connection.until_end()

    with with_peer(script, K.FOREIGN_FILTER) as made:
        made.home.events.wait(1)
        made.let_time_pass()
        assert made.builder.ended.items == [Ended(K.FOREIGN_FILTER, 1, GRANTED, 101)]
    assert b"org_id=org-0&" in subscriptions[0]


@pytest.mark.parametrize(("machine", "outcome"), [("m-0-0", REFUSED), ("m-1-0", GRANTED)])
@pytest.mark.parametrize("code", [1000, 1001, 4000, 4003])
def test_a_filter_whose_socket_is_closed_is_judged_by_what_came(machine: str, outcome: ProbeOutcome, code: int) -> None:
    with with_peer(sends(event(machine) + close(code)), K.FOREIGN_FILTER) as made:
        assert made.ending() == Ended(K.FOREIGN_FILTER, 1, outcome, code)


@pytest.mark.parametrize(("status", "outcome"), [(403, REFUSED), (503, NOTHING)])
def test_a_filter_whose_socket_is_not_opened(status: int, outcome: ProbeOutcome) -> None:
    with with_peer(answers(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status), K.FOREIGN_FILTER) as made:
        assert made.ending() == Ended(K.FOREIGN_FILTER, 1, outcome, status)


# Sockets.


@pytest.mark.parametrize("kind", [K.FOREIGN_SOCKET, K.EXPIRED_SOCKET, K.UNSIGNED_SOCKET])
@pytest.mark.parametrize("first", [SUBSCRIBED, event("m-1-0")])
def test_a_socket_that_is_subscribed_or_gets_events_is_granted(kind: ProbeKind, first: bytes) -> None:
    orgs = two_organisations("e30.e30.e30")
    with peer(sends(first)) as found:
        made = Probed(f"http://127.0.0.1:{found.port}", orgs, [kind], scenario())
        assert [(end.outcome, end.code) for end in made.settled()] == [(GRANTED, 101)]
        assert len(made.home.events.items) == (first != SUBSCRIBED)
        made.prober.finish(monotonic_ns())


@pytest.mark.parametrize("kind", [K.OWN_SOCKET, K.FOREIGN_SOCKET, K.EXPIRED_SOCKET])
@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (1000, REFUSED), (1008, REFUSED), (3000, REFUSED), (4001, REFUSED), (4003, REFUSED),
        (1001, NOTHING), (1011, NOTHING), (1012, NOTHING), (1013, NOTHING), (4000, NOTHING),
    ],
)  # fmt: skip
def test_a_close_before_it_is_subscribed_refuses_unless_it_tells_of_trouble(
    kind: ProbeKind, code: int, outcome: ProbeOutcome
) -> None:
    connected = text(b'{"type":"connected"}')
    with with_peer(sends(connected + close(code)), kind) as made:
        assert made.ending()[2:] == (outcome, code)
        assert made.tally.last_failure == ""


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(401, REFUSED), (403, REFUSED), (404, REFUSED), (200, NOTHING), (429, NOTHING), (500, NOTHING)],
)
def test_an_upgrade_that_is_not_granted(status: int, outcome: ProbeOutcome) -> None:
    with with_peer(answers(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status), K.OWN_SOCKET) as made:
        assert made.ending() == Ended(K.OWN_SOCKET, 0, outcome, status)
        assert made.tally.last_failure == ""


def test_a_connection_that_ends_after_the_upgrade_says_nothing() -> None:
    def script(connection: Connection) -> None:
        connection.send(accepted(connection.head()))

    with with_peer(script, K.FOREIGN_SOCKET) as made:
        assert made.ending() == Ended(K.FOREIGN_SOCKET, 1, NOTHING, 1006)


@pytest.mark.parametrize("garbage", [text(b"garbage"), text(b"[]"), text(b'{"type":"event","channel":"machines"}')])
def test_frames_that_are_not_of_the_contract_are_noted_and_grant_nothing(garbage: bytes) -> None:
    with with_peer(sends(garbage + close(4003)), K.FOREIGN_SOCKET) as made:
        assert made.ending() == Ended(K.FOREIGN_SOCKET, 1, REFUSED, 4003)
        assert made.history().breaches.rows()[:, [0, 2]].tolist() == [[-1, Breach.FRAME]]


def test_an_own_socket_is_granted_when_its_one_ping_is_answered() -> None:
    said: list[str | bytes] = []

    def handler(connection: ServerConnection) -> None:
        said.append(connection.recv(timeout=LONGEST_WAIT_S))
        for _ in range(2):
            connection.send('{"type":"subscribed","channels":["machines"]}')
        said.append(connection.recv(timeout=LONGEST_WAIT_S))
        connection.send('{"type":"pong"}')
        said.extend(connection)

    with real_server(handler) as (_, (host, port)):
        made = Probed(f"http://{host}:{port}", two_organisations(), [K.OWN_SOCKET], scenario())
        assert made.settled() == [Ended(K.OWN_SOCKET, 0, GRANTED, 101)]
        assert len(made.history().breaches) == 0
    assert said == ['{"type":"subscribe","channels":["machines"]}', '{"type":"ping"}']


def test_a_pong_that_nothing_was_asked_for_grants_nothing() -> None:
    with with_peer(sends(PONG + close(4003)), K.OWN_SOCKET) as made:
        assert made.ending() == Ended(K.OWN_SOCKET, 0, REFUSED, 4003)


def test_a_pong_that_has_arrived_counts_though_its_time_is_up() -> None:
    ponged = threading.Event()

    def script(connection: Connection) -> None:
        connection.send(accepted(connection.head()) + event("m-0-0"))
        connection.take(MASKED_SUBSCRIBE_BYTES + MASKED_PING_BYTES)
        connection.send(PONG)
        ponged.set()
        connection.until_end()

    with with_peer(script, K.OWN_SOCKET) as made:
        made.home.events.wait(1)
        assert ponged.wait(LONGEST_WAIT_S)
        made.let_time_pass()
        assert made.builder.ended.items == [Ended(K.OWN_SOCKET, 0, GRANTED, 101)]
        assert len(made.history().breaches) == 0


@pytest.mark.parametrize(
    ("kind", "subscribe", "filtered"),
    [
        (K.OWN_SOCKET, "bare", None),
        (K.OWN_SOCKET, "filtered", "org-0"),
        (K.FOREIGN_SOCKET, "filtered", "org-1"),
        (K.FOREIGN_FILTER, "bare", "org-1"),
        (K.FOREIGN_FILTER, "filtered", "org-1"),
    ],
)
def test_what_it_subscribes_to(kind: ProbeKind, subscribe: str, filtered: str | None) -> None:
    said: list[str | bytes] = []

    def handler(connection: ServerConnection) -> None:
        said.append(connection.recv(timeout=LONGEST_WAIT_S))
        connection.close(4003)

    with real_server(handler) as (_, (host, port)):
        made = Probed(
            f"http://{host}:{port}", two_organisations(), [kind], scenario(dashboard={"subscribe": subscribe})
        )
        assert [end.outcome for end in made.settled()] == [REFUSED]
        made.prober.finish(monotonic_ns())
    assert said == [subscribe_frame(filtered)]


def test_an_own_socket_without_a_pong_is_granted_and_a_breach() -> None:
    with served(faults=["pong_silent:1"]) as server, probed(server, K.OWN_SOCKET) as made:
        made.send()
        turn_until_events(made, server, 0)
        made.let_time_pass()
        assert made.builder.ended.items == [Ended(K.OWN_SOCKET, 0, GRANTED, 101)]
        assert made.history().breaches.rows()[:, [0, 2]].tolist() == [[-1, Breach.PONG]]


def test_an_own_socket_that_is_closed_before_the_pong_was_granted() -> None:
    with with_peer(sends(SUBSCRIBED, close(1001)), K.OWN_SOCKET) as made:
        assert made.ending() == Ended(K.OWN_SOCKET, 0, GRANTED, 1001)
        assert len(made.history().breaches) == 0
