import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.live.access.credentials import is_token
from sim.live.access.tokens import forged, unsigned

SECRET = "a secret that is long enough for a test's HS256"
YEAR_2100_S = 4_102_444_800

Claims = dict[str, str | int | list[int]]


def _part(text: str) -> dict[str, object]:
    decoded: dict[str, object] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return decoded


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.integers(0, 2**40) | st.lists(st.integers(0, 9))))
def test_the_claims_stay_and_only_the_end_moves(claims: Claims) -> None:
    claims.pop("iss", None)  # must be a text, where there is one
    made = unsigned(jwt.encode(claims | {"exp": 1}, SECRET, "HS256"))
    assert made is not None
    header, payload, signature = made.split(".")
    assert signature == ""
    assert _part(header) == {"alg": "none", "typ": "JWT"}
    assert _part(payload) == claims | {"exp": YEAR_2100_S}
    assert is_token(made)
    assert "=" not in made


def test_a_library_reads_it_as_unsigned() -> None:
    made = unsigned(jwt.encode({"sub": "user"}, SECRET, "HS256")) or ""
    assert jwt.get_unverified_header(made)["alg"] == "none"
    with pytest.raises(jwt.InvalidTokenError):
        jwt.decode(made, SECRET, ["HS256"])


@given(
    st.text() | st.lists(st.binary(max_size=9).map(lambda b: urlsafe_b64encode(b).decode()), max_size=4).map(".".join)
)
def test_what_is_no_jwt_has_none_and_breaks_nothing(text: str) -> None:
    made = unsigned(text)
    assert made is None or isinstance(_part(text.split(".")[1]), dict)


@pytest.mark.parametrize("token", ["", "opaque", "a.b", "a.b.c.d", "a.W10.c", "a.e30", "a.bm8.c", "a.é.c"])
def test_examples_of_what_is_none(token: str) -> None:
    assert unsigned(token) is None


def test_a_forged_one_is_unsigned_or_has_a_signature_of_other_claims() -> None:
    token = jwt.encode({"sub": "user"}, SECRET, "HS256")
    bare, broken = forged(token)
    assert bare == unsigned(token)
    assert broken.rpartition(".")[0] == token.rpartition(".")[0]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(broken, SECRET, ["HS256"])
    assert forged("opaque") == ()
