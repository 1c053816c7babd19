"""Tokens that nobody may take, made from one that is good (contract 6)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

_UNSIGNED_HEADER: Final = b'{"alg":"none","typ":"JWT"}'
_FAR_FUTURE_S: Final = 4_102_444_800
"""2100-01-01: what is refused is the missing signature, not the date."""


def unsigned(token: str) -> str | None:
    """A token with the claims of `token` and no signature (RFC 7519, 6); None if that is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = msgspec.json.decode(payload, type=dict[str, object])
    except ValueError:  # of base64, UTF-8 or JSON
        return None
    return f"{_encoded(_UNSIGNED_HEADER)}.{_encoded(msgspec.json.encode(claims | {'exp': _FAR_FUTURE_S}))}."


def forged(token: str) -> tuple[str, ...]:
    """Tokens without a valid signature: one unsigned, one with that of other claims; none if `token` is no JWT."""
    bare = unsigned(token)
    if bare is None:
        return ()
    signed, _, signature = token.rpartition(".")
    return bare, f"{signed}.{'A' * len(signature)}"


def _encoded(part: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return urlsafe_b64encode(part).rstrip(b"=").decode()
