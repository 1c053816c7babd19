from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from sim.live.wire.frames import LARGEST_FRAME_BYTES, FrameSplitter

EDGES = (0, 1, 125, 126, 127, 65_535, 65_536)


def wire(opcode: Opcode, payload: bytes, fin: bool = True, mask: bool = False) -> bytes:
    """A frame's bytes by `websockets`' own serializer."""
    return Frame(opcode, payload, fin=fin).serialize(mask=mask)


def expected(opcode: Opcode, payload: bytes, fin: bool, mask: bool, data: bytes) -> tuple[bool, bytes]:
    plain = opcode is Opcode.TEXT and fin and not mask
    return plain, payload if plain else data


payloads = st.one_of(st.binary(max_size=300), st.sampled_from([b"x" * size for size in EDGES]))
any_frame = st.one_of(
    st.tuples(
        st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
        payloads,
        st.booleans(),
        st.booleans(),
    ),
    st.tuples(
        st.sampled_from([Opcode.PING, Opcode.PONG, Opcode.CLOSE]),
        st.binary(min_size=2, max_size=125).map(lambda data: b"\x03\xe8" + data[2:].hex()[:100].encode()),
        st.just(True),
        st.booleans(),
    ),
)


@given(frames=st.lists(any_frame, max_size=8), data=st.data())
def test_any_cuts_give_the_same_frames(frames: list[tuple[Opcode, bytes, bool, bool]], data: st.DataObject) -> None:
    encoded = [wire(*frame) for frame in frames]
    stream = b"".join(encoded)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    splitter = FrameSplitter()
    got = [frame for a, b in pairwise([0, *cuts, len(stream)]) for frame in splitter.split(stream[a:b])]
    assert got == [expected(*frame, bytes_) for frame, bytes_ in zip(frames, encoded, strict=True)]


@given(frames=st.lists(any_frame, max_size=3))
def test_a_byte_at_a_time_gives_the_same_as_all_at_once(frames: list[tuple[Opcode, bytes, bool, bool]]) -> None:
    stream = b"".join(wire(opcode, payload[:200], fin, mask) for opcode, payload, fin, mask in frames)
    splitter = FrameSplitter()
    slowly = [frame for byte in stream for frame in splitter.split(bytes([byte]))]
    assert slowly == FrameSplitter().split(stream)


@pytest.mark.parametrize("size", [*EDGES, LARGEST_FRAME_BYTES])
def test_lengths_of_every_form(size: int) -> None:
    payload = b"z" * size
    assert FrameSplitter().split(wire(Opcode.TEXT, payload)) == [(True, payload)]


def test_control_frames_between_fragments_stay_where_they_are() -> None:
    parts = [
        wire(Opcode.TEXT, b"one ", fin=False),
        wire(Opcode.PING, b"?"),
        wire(Opcode.CONT, b"two", fin=True),
        wire(Opcode.TEXT, b"three"),
    ]
    assert FrameSplitter().split(b"".join(parts)) == [*((False, part) for part in parts[:3]), (True, b"three")]


def test_a_frame_beyond_the_largest_is_given_up_by_its_header() -> None:
    whole = wire(Opcode.TEXT, b"z" * (LARGEST_FRAME_BYTES + 1))
    splitter = FrameSplitter()
    assert splitter.split(whole[:9]) == []
    assert splitter.split(whole[9:14]) == [(False, whole[:14])]


def test_a_length_of_eight_bytes_for_a_short_text_is_read() -> None:
    frame = b"\x81\x7f" + (3).to_bytes(8, "big") + b"abc"
    assert FrameSplitter().split(frame) == [(True, b"abc")]
