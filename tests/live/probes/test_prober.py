import threading
from collections.abc import Iterator
from datetime import datetime
from time import monotonic_ns

import pytest

from sim.contract import Status
from sim.history import NEVER_NS, NO_LAST_SEEN, UNANSWERED, Breach, ProbeOutcome, WriteKind
from sim.live.access.credentials import Organisation
from sim.live.wire.http import NO_ANSWER
from sim.schedule import ProbeKind
from sim.target import TargetOptions
from tests.live.peers import LONGEST_WAIT_S, Connection, closed_port, peer
from tests.live.probes.probed import (
    LATER_NS,
    Ended,
    Probed,
    event,
    of_server,
    probed,
    scenario,
    turn_until,
    two_organisations,
    with_peer,
)
from tests.live.wire.test_http import ok, once
from tests.live.wire.test_websocket import sends, text
from tests.target.servers import Server, served

K = ProbeKind
GRANTED, REFUSED, NOTHING = ProbeOutcome.GRANTED, ProbeOutcome.REFUSED, ProbeOutcome.UNANSWERED


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """A server of 2 organisations with 3 and 2 machines, for the whole file."""
    with served() as server:
        yield server


def silent(connection: Connection) -> None:
    """Reads and says nothing."""
    connection.until_end()


# The reference backend.


@pytest.mark.parametrize("token_in", ["url", "subprotocol"])
@pytest.mark.parametrize("subscribe", ["bare", "filtered"])
def test_the_reference_backend_grants_controls_and_refuses_the_rest(
    shared: Server, token_in: str, subscribe: str
) -> None:
    kinds = [kind for kind in ProbeKind if kind is not K.FOREIGN_FILTER]
    with probed(shared, *kinds, dashboard={"token_in": token_in, "subscribe": subscribe}) as made:
        ended = made.settled()
        told = {kind: (outcome, code) for kind, _, outcome, code in ended}
        history = made.history()
    assert len(ended) == len(kinds)
    assert {kind for kind, (outcome, _) in told.items() if outcome is GRANTED} == {k for k in kinds if k.is_control}
    assert {kind for kind, (outcome, _) in told.items() if outcome is REFUSED} == {k for k in kinds if not k.is_control}
    assert told[K.FOREIGN_ROWS] == (REFUSED, 200)
    assert told[K.FOREIGN_SOCKET] == told[K.FOREIGN_RPC] == (REFUSED, 403)
    assert {told[kind] for kind in kinds if kind.name.startswith(("EXPIRED", "UNSIGNED"))} == {(REFUSED, 401)}
    assert told[K.OWN_SOCKET] == (GRANTED, 101)
    assert {other for kind, other, _, _ in ended if kind.is_foreign} == {1}
    assert {other for kind, other, _, _ in ended if not kind.is_foreign} == {0}
    assert len(history.breaches) == 0
    assert made.tally.last_failure == ""
    held = [answer.contents for answer in made.home.answers]
    assert [(contents.own_rows, contents.foreign_rows) for contents in held if contents] == [(3, 0)] * 2


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("skip_membership_ws:1", [K.FOREIGN_SOCKET]),
        ("skip_membership_rpc:1", [K.FOREIGN_RPC]),
        ("skip_membership_crud:1", [K.FOREIGN_ROWS]),
        ("accept_expired:1", [K.EXPIRED_RPC, K.EXPIRED_ROWS, K.EXPIRED_SOCKET]),
        ("accept_unsigned:1", [K.UNSIGNED_RPC, K.UNSIGNED_ROWS, K.UNSIGNED_SOCKET]),
    ],
)
def test_each_fault_of_access_is_seen_by_its_probes_and_by_no_other(fault: str, kinds: list[ProbeKind]) -> None:
    with served(faults=[fault]) as server, probed(server, *ProbeKind) as made:
        made.send()
        made.builder.ended.wait(len(ProbeKind) - 1)  # all but the filter, which is held
        granted = [kind for kind, _, outcome, _ in made.builder.ended.items if outcome is GRANTED]
    assert sorted(kind for kind in granted if not kind.is_control) == kinds


def test_a_stranger_may_be_refused_after_the_upgrade() -> None:
    with served(TargetOptions(no_member="4003")) as server, probed(server, K.FOREIGN_SOCKET) as made:
        assert made.settled() == [Ended(K.FOREIGN_SOCKET, 1, REFUSED, 4003)]


def test_a_server_that_is_full_has_not_refused() -> None:
    with (
        served(TargetOptions(sockets_per_organisation=1)) as server,
        server.dashboard(),
        probed(server, K.OWN_SOCKET) as made,
    ):
        assert made.settled() == [Ended(K.OWN_SOCKET, 0, NOTHING, 429)]


# Time.


@pytest.mark.parametrize("kind", [kind for kind in ProbeKind if not kind.name.startswith("UNSIGNED")])
def test_a_peer_that_never_answers_is_given_up_in_time(kind: ProbeKind) -> None:
    with with_peer(silent, kind) as made:
        first_ns = made.prober.next_due_ns
        assert made.origin_ns < first_ns < NEVER_NS
        made.prober.fire(first_ns - 1)
        assert made.prober.is_busy
        made.let_time_pass()
        assert [end[2:] for end in made.builder.ended.items] == [(NOTHING, NO_ANSWER)]
        assert made.tally.last_failure == "no answer in time"
        assert made.prober.next_due_ns == NEVER_NS


def test_the_connection_of_a_request_that_is_given_up_is_closed() -> None:
    heard, closed = threading.Event(), threading.Event()

    def script(connection: Connection) -> None:
        connection.head()
        heard.set()
        connection.until_end()
        closed.set()

    with with_peer(script, K.OWN_RPC) as made:
        turn_until(heard)
        made.let_time_pass()
        assert closed.wait(LONGEST_WAIT_S)


@pytest.mark.parametrize("kind", [K.OWN_SOCKET, K.FOREIGN_SOCKET, K.EXPIRED_SOCKET])
def test_a_socket_that_is_opened_and_never_subscribed_is_given_up_in_time(kind: ProbeKind) -> None:
    with with_peer(sends(text(b"garbage")), kind) as made:
        made.builder.broken.wait(1)
        ns = made.prober.next_due_ns
        while made.prober.is_busy:  # as its organisation does: at the time that it says, and only then
            made.prober.fire(ns)
            assert made.prober.next_due_ns > ns
            ns = min(made.prober.next_due_ns, ns + LATER_NS)
        assert ns > made.origin_ns + 30_000_000_000
        assert [end[2:] for end in made.builder.ended.items] == [(NOTHING, 101)]


@pytest.mark.parametrize("kind", [K.OWN_RPC, K.FOREIGN_SOCKET, K.OWN_PATCH])
def test_nobody_there_is_no_answer_and_told(kind: ProbeKind) -> None:
    _, (host, port) = closed_port()
    made = Probed(f"http://{host}:{port}", two_organisations(), [kind], scenario())
    assert [end[2:] for end in made.settled()] == [(NOTHING, NO_ANSWER)]
    assert made.tally.last_failure == "connection refused"
    assert made.tally.failing_since_ns > 0
    made.prober.finish(monotonic_ns())


def test_what_is_open_at_the_end_is_noted_and_closed() -> None:
    with peer(silent) as found:
        kinds = [kind for kind in ProbeKind if not kind.name.startswith("UNSIGNED")]
        made = Probed(f"http://127.0.0.1:{found.port}", two_organisations(), kinds, scenario())
        made.send()
        assert made.prober.is_patching
        history = made.history()
        assert sorted(end.kind for end in made.builder.ended.items) == kinds
        assert {end[2:] for end in made.builder.ended.items} == {(NOTHING, NO_ANSWER)}
        assert history.writes.http_status.tolist() == [UNANSWERED]
        assert history.writes.acked_ns.tolist() == [NEVER_NS]
        assert made.tally.last_failure == ""
        assert made.prober.next_due_ns == NEVER_NS


@pytest.mark.parametrize(("kind", "brought"), [(K.OWN_SOCKET, event("m-0-0")), (K.FOREIGN_FILTER, event("m-1-0"))])
def test_what_was_granted_by_the_end_stays_so(kind: ProbeKind, brought: bytes) -> None:
    with with_peer(sends(brought), kind) as made:
        made.home.events.wait(1)
        assert made.history().probes.outcome.tolist() == [GRANTED]


def test_each_is_sent_at_its_time_and_none_after_the_stop(shared: Server) -> None:
    with probed(shared, K.OWN_RPC, K.OWN_ROWS, K.FOREIGN_RPC) as made:
        made.due_ns[:] = [5, 7, 9]
        made.prober.start(made.origin_ns)
        for due_ns, kind in ((5, K.OWN_RPC), (7, K.OWN_ROWS)):
            assert made.prober.next_due_ns == made.origin_ns + due_ns
            made.prober.fire(made.origin_ns + due_ns - 1)
            assert not made.prober.is_busy
            made.prober.fire(made.origin_ns + due_ns)
            assert made.ending().kind is kind
        made.prober.stop()
        made.let_time_pass()
        assert not made.prober.is_busy
        assert len(made.history().probes) == 2


def test_what_cannot_be_tried_leaves_no_row(shared: Server) -> None:
    orgs = [Organisation(org_id=entry.org_id, token="opaque", machines=entry.machines) for entry in of_server(shared)]
    kinds = [kind for kind in ProbeKind if kind.name.startswith(("EXPIRED", "UNSIGNED"))]
    with probed(shared, *kinds, K.OWN_PATCH, K.OWN_RPC, orgs=orgs) as made:
        made.machine = None
        assert made.settled() == [Ended(K.OWN_RPC, 0, REFUSED, 401)]
        assert len(made.history().writes) == 0


# PATCHes.


@pytest.mark.parametrize("filtered_by", ["both", "body"])
def test_a_patch_sets_last_seen_alone_and_is_announced_with_it(filtered_by: str) -> None:
    with served(TargetOptions(patch_filter=filtered_by)) as server:
        server.beat(0, 1, Status.ONLINE)
        before = {str(row["id"]): row for row in server.rows(0)}
        with server.dashboard() as dashboard, probed(server, K.OWN_PATCH, K.OWN_PATCH, K.OWN_PATCH) as made:
            assert made.settled() == [Ended(K.OWN_PATCH, 0, GRANTED, 200)] * 3
            writes, events = made.history().writes, dashboard.events()
        rows = {str(row["id"]): row for row in server.rows(0)}
    patched = server.orgs[0].machines[1].id
    assert len(set(writes.last_seen_ms.tolist())) == 3
    assert writes.kind.tolist() == [WriteKind.PATCH] * 3
    assert writes.machine.tolist() == [1] * 3
    assert not writes.status.any()
    assert not writes.before.any()
    assert writes.http_status.tolist() == [200] * 3
    assert (writes.due_ns == writes.ready_ns).all()
    assert (writes.sent_ns < writes.acked_ns).all()
    assert len(made.home.acked) == 3
    payloads = [event["payload"] for event in events]
    assert all(isinstance(payload, dict) and payload["id"] == patched for payload in payloads)
    told_ms = {_ms(payload) for payload in payloads}
    assert told_ms == set(writes.last_seen_ms.tolist())
    assert _ms(rows[patched]) in told_ms
    changed = {machine: row for machine, row in rows.items() if row != before[machine]}
    assert set(changed) == {patched}
    assert changed[patched]["status"] == "online"


def _ms(row: object) -> int:
    """`last_seen` of a row or payload."""
    assert isinstance(row, dict)
    return round(datetime.fromisoformat(row["last_seen"]).timestamp() * 1_000)


def test_a_patch_that_need_not_be_announced_is_not_expected(shared: Server) -> None:
    with probed(shared, K.OWN_PATCH, target={"patch_announces": False}) as made:
        assert made.settled() == [Ended(K.OWN_PATCH, 0, GRANTED, 200)]
        assert made.home.acked == []


@pytest.mark.parametrize(
    ("body", "outcome"),
    [(b'{"success":true,"data":{"changes":0}}', REFUSED), (b'{"success":false}', REFUSED), (b"<html>", NOTHING)],
)
def test_a_success_that_changed_nothing_is_no_acknowledgement(body: bytes, outcome: ProbeOutcome) -> None:
    with with_peer(once(ok(body)), K.OWN_PATCH) as made:
        assert made.ending() == Ended(K.OWN_PATCH, 0, outcome, 200)
        assert not made.prober.is_patching
        history = made.history()
        assert history.writes.http_status.tolist() == [NO_ANSWER]
        assert not history.writes.acked().any()
        assert history.writes.last_seen_ms.tolist() != [NO_LAST_SEEN]
        assert made.home.acked == []
        assert history.breaches.breach.tolist() == ([] if outcome is REFUSED else [Breach.ANSWER])


@pytest.mark.parametrize(("status", "outcome"), [(403, REFUSED), (500, NOTHING)])
def test_a_patch_that_fails_keeps_its_status(status: int, outcome: ProbeOutcome) -> None:
    with with_peer(once(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status), K.OWN_PATCH) as made:
        assert made.ending() == Ended(K.OWN_PATCH, 0, outcome, status)
        assert made.history().writes.http_status.tolist() == [status]


def test_ids_of_machines_are_quoted_in_the_url() -> None:
    heads: list[bytes] = []

    def script(connection: Connection) -> None:
        heads.append(connection.head())

    with peer(script) as found:
        made = Probed(f"http://127.0.0.1:{found.port}/base", two_organisations(), [K.OWN_PATCH], scenario())
        made.machine = (0, "a b&c=d\r\ne")
        made.settled()
        made.prober.finish(monotonic_ns())
    assert heads[0].startswith(b"PATCH /base/api/db/machines?org_id=org-0&id=eq.a%20b%26c%3Dd%0D%0Ae HTTP/1.1\r\n")
