"""Splits what a WebSocket receives into frames: plain text frames at once, all others for `websockets`.

Nearly every frame that a dashboard gets is an unfragmented, unmasked text frame of less than 64 KiB (RFC 6455, 5.2).
Those are cut out here; whole frames of any other kind are passed to the Sans-I/O protocol, which knows the rest.
"""

from typing import Final

TEXT: Final = 0x81
"""First byte of an unfragmented text frame without extensions: FIN, opcode 1."""

LARGEST_FRAME_BYTES: Final = 2**20
"""As `websockets`' default: an event is some 200 bytes; what is larger is not of the contract."""

_EXTENDED: Final = 126
"""From this length on the length follows in bytes of its own (RFC 6455, 5.2)."""


class FrameSplitter:
    """Keeps the bytes of a frame that has not arrived whole."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def split(self, data: bytes) -> list[tuple[bool, bytes]]:
        """The frames that are whole now: (True, payload) of a plain text frame, (False, the frame) of any other.

        A frame beyond LARGEST_FRAME_BYTES is given as it is, unfinished: the protocol refuses it by its header.
        """
        if self._rest:
            data = self._rest + data
        elif len(data) > 2 and data[0] == TEXT and data[1] == len(data) - 2 < _EXTENDED:
            return [(True, data[2:])]  # one small frame in one piece
        elif len(data) > 4 and data[0] == TEXT and data[1] == _EXTENDED and (data[2] << 8) + data[3] == len(data) - 4:
            return [(True, data[4:])]  # one of up to 64 KiB
        frames: list[tuple[bool, bytes]] = []
        at, end = 0, len(data)
        while end - at >= 2:
            header, size = _measure(data, at)
            if size > LARGEST_FRAME_BYTES:
                frames.append((False, data[at:]))
                at = end
                break
            if header == 0 or at + header + size > end:
                break
            plain = data[at] == TEXT and not data[at + 1] & 0x80
            frames.append((plain, data[at + header : at + header + size] if plain else data[at : at + header + size]))
            at += header + size
        self._rest = data[at:]
        return frames


def _measure(data: bytes, at: int) -> tuple[int, int]:
    """Length of the header, 0 while it is not whole, and of the payload."""
    short = data[at + 1] & 0x7F
    mask = 4 if data[at + 1] & 0x80 else 0
    if short < _EXTENDED:
        return 2 + mask, short
    size_bytes = 2 if short == _EXTENDED else 8
    if len(data) < at + 2 + size_bytes:
        return 0, 0
    return 2 + size_bytes + mask, int.from_bytes(data[at + 2 : at + 2 + size_bytes], "big")
