"""Frames of the contract, told to a page."""

from collections.abc import Callable

import pytest

from sim.actors import Event, SocketListener
from sim.contract import PING_FRAME, StatusCode, subscribe_frame
from sim.history import NO_LAST_SEEN, UNKNOWN_OWNER
from sim.live.access.credentials import Machine, Organisation
from sim.live.access.owners import Owners
from sim.live.wire.events import EventReader
from sim.live.wire.page_socket import PageSocket
from sim.live.wire.websocket import Listener, WebSocket

OWNERS = Owners([Organisation(org_id=name, token="t", machines=[Machine(f"{name}0", "k")]) for name in ("a", "b")])
ONLINE = int(StatusCode.ONLINE)


class _Wire(WebSocket):
    """Takes what is sent, and connects to nobody."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_text(self, text: str) -> None:
        self.sent.append(text)


class Page:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def opened(self, at_ns: int) -> None:
        self.told.append(("opened", at_ns))

    def subscribed(self, at_ns: int) -> None:
        self.told.append(("subscribed", at_ns))

    def event(self, arrived_ns: int, event: Event) -> None:
        self.told.append(("event", arrived_ns, *event))

    def stray(self, arrived_ns: int, event: Event) -> None:
        self.told.append(("stray", arrived_ns, *event))

    def pong(self, at_ns: int) -> None:
        self.told.append(("pong", at_ns))

    def breach(self, at_ns: int) -> None:
        self.told.append(("breach", at_ns))

    def closed(self, at_ns: int, code: int, reason: str) -> None:
        self.told.append(("closed", at_ns, code, reason))


def opened(page: SocketListener, row_filter: str | None = None) -> tuple[PageSocket, _Wire]:
    wire = _Wire()
    opener: Callable[[Listener], WebSocket] = lambda _: wire  # noqa: E731  (typed)
    return PageSocket(page, EventReader(OWNERS), row_filter, opener), wire


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (b'{"type":"subscribed","channels":["machines"]}', [("subscribed", 5)]),
        (b'{"type":"pong"}', [("pong", 5)]),
        (b'{"type":"connected","clientId":"c"}', []),
        (b'{"type":"error"}', []),
        (
            b'{"type":"event","channel":"machines","event":"UPDATE","payload":{"id":"a0","status":"online",'
            b'"last_seen":"2026-03-01T12:00:00.250Z"}}',
            [("event", 5, 0, 0, ONLINE, 1_772_366_400_250)],
        ),
        (
            b'{"type":"event","channel":"audit","payload":{"id":"b0"}}',
            [("stray", 5, 1, 0, 0, NO_LAST_SEEN)],
        ),
        (b'{"type":"event","channel":"audit"}', []),
        (b'{"type":"event","channel":"machines"}', [("breach", 5)]),
        (b"no JSON", [("breach", 5)]),
        (b'{"type":"\xff"}', [("breach", 5)]),
    ],
)
def test_a_frame_is_told_as_what_it_is(frame: bytes, told: list[tuple[object, ...]]) -> None:
    page = Page()
    opened(page)[0].text(5, frame)
    assert page.told == told


def test_a_machine_of_nobody_we_know_has_no_owner() -> None:
    page = Page()
    opened(page)[0].text(5, b'{"type":"event","channel":"machines","payload":{"id":"x"}}')
    assert page.told[0][2] == UNKNOWN_OWNER


def test_it_subscribes_with_its_filter_and_pings() -> None:
    socket, wire = opened(Page(), "a")
    socket.subscribe()
    socket.ping()
    assert wire.sent == [subscribe_frame("a"), PING_FRAME]
