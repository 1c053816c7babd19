import json

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from sim.contract import CHANNELS, Change
from sim.target.frames import (
    connected_frame,
    control_pong_frame,
    event_message,
    pong_frame,
    subscribed_frame,
    text_frame,
)


def parsed(frame: bytes) -> Frame:
    """What the websockets library reads: the witness for the encoding."""
    stream = StreamReader()
    stream.feed_data(frame)
    stream.feed_eof()
    parser = Frame.parse(stream.read_exact, mask=False, max_size=None)
    try:
        while True:
            next(parser)
    except StopIteration as end:
        result: Frame = end.value
    return result


@given(st.one_of(st.binary(max_size=300), st.sampled_from([125, 126, 65_535, 65_536]).map(bytes)))
def test_a_frame_is_read_back_by_another_implementation(payload: bytes) -> None:
    frame = parsed(text_frame(payload))
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, payload)


def test_frames_have_the_contracts_shapes() -> None:
    assert json.loads(bytes(parsed(connected_frame("a")).data)) == {
        "type": "connected",
        "clientId": "a",
        "availableChannels": list(CHANNELS),
    }
    assert json.loads(bytes(parsed(subscribed_frame(["dns"])).data)) == {
        "type": "subscribed",
        "channels": ["dns"],
    }
    assert json.loads(bytes(parsed(pong_frame("now")).data)) == {"type": "pong", "timestamp": "now"}


def test_an_event_has_a_timestamp_only_if_it_is_given_one() -> None:
    event = {"type": "event", "channel": "machines", "event": "DELETE", "payload": {"id": "a"}}
    assert json.loads(event_message("machines", Change.DELETE, {"id": "a"}, None)) == event
    assert json.loads(event_message("machines", Change.DELETE, {"id": "a"}, "now")) == {
        **event,
        "timestamp": "now",
    }


@given(st.binary(max_size=125))
def test_a_protocol_ping_is_answered_with_its_payload(payload: bytes) -> None:
    frame = parsed(control_pong_frame(payload))
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.PONG, True, payload)
