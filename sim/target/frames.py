"""Frames that the server sends, as bytes on the wire: one encoding serves every socket of an organisation."""

import struct
from collections.abc import Mapping
from typing import Final

import msgspec

from sim.contract import CHANNELS, Change

_TEXT_AND_FINAL: Final = 0x81
_PONG_AND_FINAL: Final = 0x8A
_LENGTH_IN_2_BYTES: Final = 126
_LENGTH_IN_8_BYTES: Final = 127


def text_frame(payload: bytes) -> bytes:
    """A whole text frame, unmasked as a server's are (RFC 6455, 5.1 and 5.2)."""
    size = len(payload)
    if size < _LENGTH_IN_2_BYTES:
        return bytes((_TEXT_AND_FINAL, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", _TEXT_AND_FINAL, _LENGTH_IN_2_BYTES, size) + payload
    return struct.pack("!BBQ", _TEXT_AND_FINAL, _LENGTH_IN_8_BYTES, size) + payload


def control_pong_frame(payload: bytes) -> bytes:
    """The answer to a protocol ping: its payload, of at most 125 bytes, again (RFC 6455, 5.5.3)."""
    return bytes((_PONG_AND_FINAL, len(payload))) + payload


def event_message(channel: str, change: Change, payload: Mapping[str, str | None], timestamp: str | None) -> bytes:
    """An event as JSON (contract 1); without `timestamp` where that is None (C3)."""
    message = {"type": "event", "channel": channel, "event": change, "payload": payload}
    if timestamp is not None:
        message["timestamp"] = timestamp
    return msgspec.json.encode(message)


def connected_frame(client_id: str) -> bytes:
    """The first frame that a socket gets (contract 1)."""
    message = {"type": "connected", "clientId": client_id, "availableChannels": CHANNELS}
    return text_frame(msgspec.json.encode(message))


def subscribed_frame(channels: list[str]) -> bytes:
    """The answer to a subscription: the channels that it is for (contract 1)."""
    return text_frame(msgspec.json.encode({"type": "subscribed", "channels": channels}))


def pong_frame(timestamp: str) -> bytes:
    """The answer to a ping (contract 1)."""
    return text_frame(msgspec.json.encode({"type": "pong", "timestamp": timestamp}))


def error_frame(message: str) -> bytes:
    """The answer to a frame that is none of the contract's; what production answers is not documented."""
    return text_frame(msgspec.json.encode({"type": "error", "message": message}))
