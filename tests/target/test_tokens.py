import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from sim.target.tokens import (
    Caller,
    ExpiredError,
    TokenError,
    Tokens,
    new_refresh_token,
    new_signing_key,
    unverified,
)

KEY = new_signing_key()
NOW_S = 1_800_000_000.5


def private_key() -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(KEY.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_token_is_an_es256_jwt_with_the_contracts_claims() -> None:
    token = Tokens(KEY, 3600).issue("user", "a@example.com", NOW_S)
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, private_key().public_key(), algorithms=["ES256"], options=options)
    issued = int(NOW_S)
    assert claims == {"sub": "user", "email": "a@example.com", "iat": issued, "exp": issued + 3600}


def test_a_token_is_good_until_it_expires() -> None:
    tokens = Tokens(KEY, 1.5)
    token = tokens.issue("user", "a@example.com", NOW_S)
    expires_s = int(NOW_S) + 2
    assert tokens.verify(token, expires_s - 0.001) == Caller("user", expires_s)
    for _ in range(2):  # remembered or not
        with pytest.raises(TokenError, match="expired"):
            tokens.verify(token, expires_s)


def test_a_token_of_another_key_is_refused() -> None:
    foreign = Tokens(new_signing_key(), 60).issue("user", "a@example.com", NOW_S)
    with pytest.raises(TokenError, match="not valid"):
        Tokens(KEY, 60).verify(foreign, NOW_S)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384"])
def test_a_token_cannot_choose_its_algorithm(algorithm: str) -> None:
    _, claims, signature = Tokens(KEY, 60).issue("user", "a@example.com", NOW_S).split(".")
    for tail in (signature, ""):
        with pytest.raises(TokenError):
            Tokens(KEY, 60).verify(f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{claims}.{tail}", NOW_S)


@pytest.mark.parametrize("claims", [{"sub": "user"}, {"exp": 2e9}, {"sub": 1, "exp": 2e9}, {"sub": "u", "exp": "x"}])
def test_a_signed_token_without_the_claims_is_refused(claims: dict[str, object]) -> None:
    token = jwt.encode(claims, private_key(), "ES256")
    with pytest.raises(TokenError):
        Tokens(KEY, 60).verify(token, NOW_S)


@given(st.text(), st.text())
def test_claims_can_be_read_whatever_the_signature(head: str, signature: str) -> None:
    _, claims, _ = Tokens(KEY, 60).issue("user", "a@example.com", NOW_S).split(".")
    token = f"{head.replace('.', '')}.{claims}.{signature.replace('.', '')}"
    assert unverified(token) == Caller("user", int(NOW_S) + 60)


@given(st.text() | st.text().map("a.{}.b".format))
def test_nothing_is_claimed_by_any_other_text(text: str) -> None:
    assert unverified(text) is None


def test_an_expired_token_says_whose_it_was() -> None:
    token = Tokens(KEY, 60).issue("user", "a@example.com", NOW_S)
    with pytest.raises(ExpiredError) as caught:
        Tokens(KEY, 60).verify(token, NOW_S + 60)
    assert caught.value.caller == Caller("user", int(NOW_S) + 60)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(TokenError):
        Tokens(KEY, 60).verify(text, NOW_S)


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_changed_token_is_refused(place: int, character: str) -> None:
    token = Tokens(KEY, 60).issue("user", "a@example.com", NOW_S)
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(TokenError):
            Tokens(KEY, 60).verify(changed, NOW_S)


def test_a_machine_keeps_its_token_for_half_of_its_life() -> None:
    tokens = Tokens(KEY, 60)
    token = tokens.of_machine("machine", NOW_S)
    assert tokens.of_machine("machine", NOW_S + 43_199) == token
    assert tokens.of_machine("machine", NOW_S + 43_200) != token
    assert tokens.verify(token, NOW_S).user_id == "machine"


def test_another_process_with_the_same_key_knows_its_tokens() -> None:
    now_s = time.time()
    token = Tokens(KEY, 60).issue("user", "a@example.com", now_s)
    assert Tokens(KEY, 60).verify(token, now_s).user_id == "user"


def test_refresh_tokens_differ_and_are_long() -> None:
    tokens = {new_refresh_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43  # 256 bits of base64
