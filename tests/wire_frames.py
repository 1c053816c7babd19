"""What a peer may send on a WebSocket (RFC 6455, 5.2): frames, right and wrong, and what is none."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

MASK: Final = b"mask"

_FINAL: Final = 0x80
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_ODD_CODES: Final = (0, 999, 1000, 1001, 1005, 1006, 1015, 2999, 4000, 4999, 65_535)
_ODD_LENGTHS: Final = (0, 1, 125, 126, 65_536, 2**20, 2**20 + 1, 2**31, 2**62, 2**63, 2**64 - 1)


def framed(first: int, payload: bytes, length: int | None = None, form: int = 0, masked: bool = False) -> bytes:
    """A frame with this first byte. Its header may lie about the payload's length, or write it longer than needed."""
    size = len(payload) if length is None else length
    form = max(form, 0 if size < 126 else 2 if size < 2**16 else 8)
    short = {0: size, 2: 126, 8: 127}[form]
    extended = size.to_bytes(form, "big") if form else b""
    return bytes((first, short | masked << 7)) + extended + (MASK + masked_by(payload) if masked else payload)


def masked_by(payload: bytes) -> bytes:
    """The payload as a client masks it."""
    return bytes(byte ^ MASK[k % 4] for k, byte in enumerate(payload))


def streams(texts: SearchStrategy[bytes], masked: bool) -> SearchStrategy[bytes]:
    """Up to six frames or fragmented messages, many of them with these texts, and perhaps some bytes after them."""
    payloads = st.one_of(
        texts,
        st.binary(max_size=20),
        st.sampled_from([125, 126, 127, 65_535, 65_536]).map(lambda size: b"z" * size),
    )
    mostly = st.sampled_from([masked] * 9 + [not masked])
    one = st.one_of(
        _frames(st.just(_FINAL | _TEXT), payloads, mostly),
        _frames(st.sampled_from([_TEXT, 0, _FINAL, _FINAL | _BINARY, _BINARY]), payloads, mostly),
        _frames(st.sampled_from([_FINAL | _PING, _FINAL | _PONG, _PING, _CLOSE]), st.binary(max_size=127), mostly),
        _frames(st.just(_FINAL | _CLOSE), _closes(), mostly),
        _frames(st.integers(0, 255), payloads, mostly),
        st.builds(
            framed,
            st.sampled_from([_FINAL | _TEXT, _TEXT, _FINAL, _FINAL | _CLOSE, _FINAL | _PING]),
            st.binary(max_size=20),
            st.sampled_from(_ODD_LENGTHS),
            st.sampled_from([0, 2, 8]),
            mostly,
        ),
        st.lists(payloads, min_size=2, max_size=4).map(lambda parts: _fragmented(parts, masked)),
    )
    return st.tuples(st.lists(one, max_size=6), st.binary(max_size=10)).map(
        lambda stream: b"".join(stream[0]) + stream[1]
    )


def _frames(
    first: SearchStrategy[int], payloads: SearchStrategy[bytes], masked: SearchStrategy[bool]
) -> SearchStrategy[bytes]:
    return st.builds(framed, first, payloads, masked=masked)


def _closes() -> SearchStrategy[bytes]:
    """Payloads of close frames: any code, and a reason that may be too long or no text."""
    codes = st.one_of(st.sampled_from(_ODD_CODES), st.integers(0, 65_535))
    reasons = st.one_of(st.text(max_size=10).map(str.encode), st.binary(max_size=130))
    return st.tuples(codes, reasons).map(lambda close: close[0].to_bytes(2, "big") + close[1])


def _fragmented(parts: list[bytes], masked: bool) -> bytes:
    """A text message in fragments, with a ping after each."""
    last = len(parts) - 1
    return b"".join(
        framed(_FINAL * (k == last) | _TEXT * (k == 0), part, masked=masked)
        + framed(_FINAL | _PING, b"ping", masked=masked)
        for k, part in enumerate(parts)
    )
