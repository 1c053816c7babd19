"""Access tokens: ES256 JWTs with `sub, email, iat, exp` (contract 6), issued, verified and remembered."""

import base64
import math
import secrets
from dataclasses import dataclass
from typing import Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sim.contract import TOKEN_ALGORITHM

REFRESH_LIFETIME_S: Final = 30 * 86_400
"""Lifetime of a refresh token (documented by the product, with contract 6)."""
MACHINE_TOKEN_LIFETIME_S: Final = 86_400
"""Lifetime of a machine's own token (contract 4)."""
REMEMBERED: Final = 100_000
"""Most verified tokens, and most machines' tokens, that are remembered; then all are forgotten at once."""


class TokenError(Exception):
    """A token is malformed, has a wrong signature, or has expired."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it is, and until when, in seconds since 1970."""

    user_id: str
    expires_s: float


class ExpiredError(TokenError):
    """A token is one of ours, and has expired."""

    def __init__(self, caller: Caller) -> None:
        super().__init__("the token has expired")
        self.caller = caller


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    exp: float


def new_signing_key() -> str:
    """A new P-256 key as PEM text."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def new_refresh_token() -> str:
    """An opaque refresh token of 256 random bits."""
    return secrets.token_urlsafe(32)


class Tokens:
    """Issues and verifies. A verified token is remembered by its text: a signature costs 50 us to check."""

    def __init__(self, signing_key: str, lifetime_s: float) -> None:
        """`signing_key` is PEM text of a P-256 key; access tokens live for `lifetime_s`, rounded up."""
        key = load_pem_private_key(signing_key.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the signing key must be a P-256 key")
        self.lifetime_s = math.ceil(lifetime_s)
        self._private = key
        self._public = key.public_key()
        self._verified: dict[str, Caller] = {}
        self._of_machines: dict[str, tuple[str, float]] = {}

    def issue(self, user_id: str, email: str, now_s: float) -> str:
        """An access token of a user, valid from `now_s` on."""
        return self._sign({"sub": user_id, "email": email}, now_s, self.lifetime_s)

    def of_machine(self, machine: str, now_s: float) -> str:
        """A machine's token; the same until half of its life is over: a heartbeat costs no signature."""
        known = self._of_machines.get(machine)
        if known is not None and now_s < known[1]:
            return known[0]
        if len(self._of_machines) >= REMEMBERED:
            self._of_machines.clear()
        token = self._sign({"sub": machine}, now_s, MACHINE_TOKEN_LIFETIME_S)
        self._of_machines[machine] = (token, now_s + MACHINE_TOKEN_LIFETIME_S / 2)
        return token

    def verify(self, token: str, now_s: float) -> Caller:
        """Whose token it is. Raises TokenError unless it is one of ours that has not expired at `now_s`."""
        caller = self._verified.get(token)
        if caller is None:
            caller = self._check(token)
            if len(self._verified) >= REMEMBERED:
                self._verified.clear()
            self._verified[token] = caller
        if caller.expires_s <= now_s:
            raise ExpiredError(caller)
        return caller

    def _sign(self, claims: dict[str, object], now_s: float, lifetime_s: int) -> str:
        issued = int(now_s)
        return jwt.encode({**claims, "iat": issued, "exp": issued + lifetime_s}, self._private, TOKEN_ALGORITHM)

    def _check(self, token: str) -> Caller:
        try:
            signed = jwt.api_jws.decode(token, self._public, algorithms=[TOKEN_ALGORITHM])
            return _claimed(signed)
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError) as error:
            raise TokenError("the token is not valid") from error


def unverified(token: str) -> Caller | None:
    """Whose a token claims to be, with no look at its header and signature; None if it claims nothing. For a fault."""
    try:
        _, claims, _ = token.split(".")
        return _claimed(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (msgspec.MsgspecError, ValueError):
        return None


def _claimed(claims: bytes) -> Caller:
    read = msgspec.json.decode(claims, type=_Claims)
    return Caller(read.sub, read.exp)
