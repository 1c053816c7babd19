"""Hashes of secrets: the store holds no key, token or password, so that its file gives none away."""

import hashlib
import hmac
from typing import Final

AUTH_KEY_PREFIX: Final = "tskey-auth-"
"""Stripped before an auth key is hashed (documented by the product)."""


def digest(secret: str) -> str:
    """SHA-256 of a key or token, hexadecimal. Enough without salt: they are random, of 128 bits or more."""
    return hashlib.sha256(secret.encode()).hexdigest()


def auth_key_digest(key: str) -> str:
    """SHA-256 of an auth key without its prefix (documented by the product)."""
    return digest(key.removeprefix(AUTH_KEY_PREFIX))


def password_digest(user_id: str, password: str) -> str:
    """Hash of a password, salted with its user.

    A fast hash is sound here and only here: the target makes its passwords itself, 128 bits each, so none can
    be guessed. It keeps a thousand seeded users from costing a minute of start-up.
    """
    return hmac.digest(user_id.encode(), password.encode(), "sha256").hex()


def same(left: str, right: str) -> bool:
    """Whether two hexadecimal digests are equal, in constant time."""
    return hmac.compare_digest(left, right)
