import json
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from sim.contract import (
    CHANNELS,
    NO_MEMBER_CODE,
    REALTIME_PATH,
    TOKEN_SUBPROTOCOL_PREFIX,
    ErrorCode,
    Status,
    subscribe_frame,
)
from sim.target import TargetOptions
from tests.target.servers import LONGEST_WAIT_S, Dashboard, Server, served


def refusal(url: str) -> tuple[int, str]:
    """Status and error code of a refused upgrade."""
    with pytest.raises(InvalidStatus) as caught, connect(url, open_timeout=LONGEST_WAIT_S):
        pass
    response = caught.value.response
    return response.status_code, json.loads(response.body or b"")["error"]["code"]


def test_the_first_frames_are_the_contracts(shared: Server) -> None:
    with shared.dashboard(frame=None) as dashboard, connect(shared.socket_url()) as other:
        assert dashboard.subscribe() == {"type": "subscribed", "channels": ["machines"]}
        dashboard.send({"type": "ping"})
        assert set(dashboard.receive()) == {"type", "timestamp"}
        connected = Dashboard(other).receive()
        assert connected["availableChannels"] == list(CHANNELS)


def test_clients_have_ids_of_their_own(shared: Server) -> None:
    with connect(shared.socket_url()) as one, connect(shared.socket_url()) as other:
        assert Dashboard(one).receive()["clientId"] != Dashboard(other).receive()["clientId"]


def test_a_token_may_come_as_a_subprotocol_which_is_echoed(shared: Server) -> None:
    org = shared.orgs[0]
    url = f"ws{shared.running.url.removeprefix('http')}{REALTIME_PATH}?org_id={org.org_id}"
    protocol = Subprotocol(TOKEN_SUBPROTOCOL_PREFIX + org.token)
    with connect(url, subprotocols=[Subprotocol("other"), protocol]) as connection:
        assert connection.subprotocol == protocol
        assert Dashboard(connection).receive()["type"] == "connected"


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_a_missing_or_malformed_token_is_refused_before_the_upgrade(shared: Server, token: str) -> None:
    assert refusal(shared.socket_url(token=token)) == (401, ErrorCode.UNAUTHORIZED)


def test_an_expired_token_is_refused_before_the_upgrade(shared: Server) -> None:
    user = shared.seeding.owner(0).user
    token = shared.running.backend.tokens.issue(user.id, user.email, time.time() - 3_600)
    assert refusal(shared.socket_url(token=token)) == (401, ErrorCode.UNAUTHORIZED)


def test_a_stranger_is_refused_before_the_upgrade(shared: Server) -> None:
    assert refusal(shared.socket_url(0, token=shared.orgs[1].token)) == (403, ErrorCode.FORBIDDEN)


def test_a_machines_own_token_opens_no_socket(shared: Server) -> None:
    token = shared.beat(0, 0).json()["data"]["token"]
    assert refusal(shared.socket_url(0, token=token)) == (403, ErrorCode.FORBIDDEN)


def test_the_organisation_must_be_named(shared: Server) -> None:
    url = f"ws{shared.running.url.removeprefix('http')}{REALTIME_PATH}?token={shared.orgs[0].token}"
    assert refusal(url) == (400, ErrorCode.MISSING_FIELDS)


def test_a_plain_request_is_no_upgrade_and_takes_no_place() -> None:
    with served(TargetOptions(sockets_per_organisation=1)) as server:
        query = {"org_id": server.orgs[0].org_id, "token": server.orgs[0].token}
        answer = server.http.get(REALTIME_PATH, params=query)
        assert (answer.status_code, answer.json()["success"]) == (400, False)
        with server.dashboard() as dashboard:
            assert dashboard.events() == []


def test_a_stranger_may_be_closed_after_the_upgrade() -> None:
    with served(TargetOptions(no_member="4003")) as server:
        url = server.socket_url(0, token=server.orgs[1].token)
        with connect(url) as connection, pytest.raises(ConnectionClosed) as caught:
            connection.recv(timeout=LONGEST_WAIT_S)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == NO_MEMBER_CODE


def test_sockets_over_the_cap_are_refused_until_one_closes() -> None:
    with served(TargetOptions(sockets_per_organisation=2)) as server:
        with server.dashboard(0), server.dashboard(0), server.dashboard(1):
            assert refusal(server.socket_url(0)) == (429, ErrorCode.RATE_LIMITED)
        for _ in range(2):  # a closed socket gives its place back, each time
            with server.dashboard(0) as first, server.dashboard(0) as second:
                assert first.events() == second.events() == []


def test_an_event_reaches_every_subscriber_of_its_organisation_and_nobody_else(server: Server) -> None:
    with (
        server.dashboard(0) as one,
        server.dashboard(0) as two,
        server.dashboard(0, frame=None) as unsubscribed,
        server.dashboard(1) as other,
    ):
        server.beat(0, 1)
        event = one.receive()
        assert event == two.receive()
        assert other.events() == unsubscribed.events() == []
    machine = server.orgs[0].machines[1]
    payload = {"id": machine.id, "status": "online", "last_seen": server.rows(id=machine.id)[0]["last_seen"]}
    timestamp = event.pop("timestamp")
    assert event == {"type": "event", "channel": "machines", "event": "UPDATE", "payload": payload}
    assert str(timestamp) >= str(payload["last_seen"])


def test_events_may_go_without_a_timestamp() -> None:
    with served(TargetOptions(event_timestamp=False)) as server, server.dashboard() as dashboard:
        server.beat(0, 0)
        assert "timestamp" not in dashboard.receive()


def test_the_seeds_filter_is_accepted_and_a_foreign_one_cannot_widen(server: Server) -> None:
    own, foreign = (subscribe_frame(server.orgs[number].org_id) for number in (0, 1))
    with server.dashboard(0, own) as filtered, server.dashboard(0, frame=None) as widened:
        assert widened.subscribe(foreign) == {"type": "subscribed", "channels": []}
        server.beat(1, 0)
        server.beat(0, 0)
        assert [event["payload"] for event in filtered.events()] != []
        assert widened.events() == []


def test_only_subscribed_channels_are_delivered(server: Server) -> None:
    with server.dashboard(0, frame=None) as dashboard:
        frame = json.dumps({"type": "subscribe", "channels": ["audit", "nonsense", "audit"]})
        assert dashboard.subscribe(frame) == {"type": "subscribed", "channels": ["audit"]}
        server.beat(0, 0)
        assert dashboard.events() == []
        assert dashboard.subscribe()["channels"] == ["machines"]
        server.beat(0, 0, Status.OFFLINE)
        assert len(dashboard.events()) == 1
        dashboard.send({"type": "unsubscribe", "channels": ["machines", "dns"]})
        assert dashboard.events() == []
        server.beat(0, 0)
        assert dashboard.events() == []


def test_what_is_sent_before_connected_is_read_counts(shared: Server) -> None:
    with connect(shared.socket_url()) as connection:
        connection.send(subscribe_frame())
        dashboard = Dashboard(connection)
        assert [dashboard.receive()["type"], dashboard.receive()["type"]] == ["connected", "subscribed"]


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", "{}", '{"type": 1}', '{"type": "subscribe", "channels": "machines"}', "null"]
)
def test_a_frame_that_is_none_of_the_contracts_gets_an_error_and_the_socket_stays(shared: Server, text: str) -> None:
    with shared.dashboard() as dashboard:
        dashboard.connection.send(text)
        assert dashboard.receive()["type"] == "error"
        dashboard.connection.send(b"\xff\x00")
        assert dashboard.receive()["type"] == "error"
        dashboard.send({"type": "broadcast"})
        assert dashboard.receive()["type"] == "error"
        assert dashboard.events() == []


def test_a_frame_that_is_too_large_closes_the_socket(shared: Server) -> None:
    def send_and_receive() -> None:
        with shared.dashboard() as dashboard:
            dashboard.connection.send("x" * (1 << 20))  # may itself meet the closed socket
            dashboard.receive()

    with pytest.raises(ConnectionClosed) as caught:
        send_and_receive()
    assert caught.value.rcvd is None or caught.value.rcvd.code == 1009


def test_a_close_is_answered_with_its_code(shared: Server) -> None:
    with shared.dashboard() as dashboard:
        dashboard.connection.close(code=1001)
        assert dashboard.connection.protocol.close_code == 1001


def test_a_client_that_vanishes_gives_its_place_back() -> None:
    with served(TargetOptions(sockets_per_organisation=1)) as server:
        with server.dashboard() as dashboard:
            dashboard.connection.socket.shutdown(socket.SHUT_RDWR)
        with server.dashboard() as dashboard:
            assert dashboard.events() == []
