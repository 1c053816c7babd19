from hypothesis import given
from hypothesis import strategies as st

from sim.target.digests import auth_key_digest, digest, password_digest, same


def test_a_digest_is_sha_256() -> None:
    # FIPS 180-2, appendix B.1
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_auth_key_counts_without_its_prefix() -> None:
    assert auth_key_digest("tskey-auth-abc") == auth_key_digest("abc") == digest("abc")


def test_a_password_digest_is_hmac_sha_256() -> None:
    # RFC 4231, test case 2
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert password_digest("Jefe", "what do ya want for nothing?") == expected


@given(st.text("0123456789abcdef"), st.text("0123456789abcdef"))
def test_same_is_equality(left: str, right: str) -> None:
    assert same(left, right) == (left == right)
