"""JSON as a hostile peer may send it: any types in the right places, and texts that are nearly JSON or none at all."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Texts = SearchStrategy[bytes]
_T = TypeVar("_T")

TOO_DEEP: Final = 5_000
"""Beyond what a parser that recurses can follow."""

_ODD: Final = (
    b"null", b"true", b"0", b"-0", b"-1", b"1.0", b"1e400", b"-1e400", b"1e3", b"NaN", b"-Infinity", b'""',
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1" + b"0" * 400,
    b"1" + b"0" * 5_000, b'"\\ud800"', b'"\\udfff\\ud800"', b'"\xed\xa0\x80"', b'"\xff"', b'"\\u0000"', b'"\\x"', b"[]",
    b"{}", b"[" * TOO_DEEP + b"]" * TOO_DEEP, b'{"a":' * TOO_DEEP + b"1" + b"}" * TOO_DEEP,
)  # fmt: skip


def quoted(text: str) -> bytes:
    """A JSON string."""
    return json.dumps(text).encode()


def words(*texts: str) -> Texts:
    """JSON strings of these."""
    return st.sampled_from(texts).map(quoted)


def values(names: Sequence[str] = ()) -> Texts:
    """Any value at all, with these among the keys of its objects."""
    scalars = st.one_of(
        st.sampled_from(_ODD),
        st.integers().map(lambda number: b"%d" % number),
        st.text(max_size=20).map(quoted),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            lists(inner, 3),
            st.lists(st.tuples(_keys(names), inner), max_size=3).map(_object),
        ),
        max_leaves=4,
    )


def lists(items: Texts, most: int) -> Texts:
    """Lists of up to so many of these."""
    return st.lists(items, max_size=most).map(lambda found: b"[" + b",".join(found) + b"]")


def objects(fields: Mapping[str, Texts], rarely: Texts) -> Texts:
    """Objects with these fields; of some one or more are missing, `rarely` in place of what they should be, or twice.

    Of some there are others.
    """
    names = {name: st.just(quoted(name)) for name in fields}
    right = st.tuples(*(st.tuples(names[name], value) for name, value in fields.items())).map(_object)
    pairs = [
        _mostly(st.tuples(names[name], _mostly(value, rarely)).map(lambda pair: [pair]), st.just([]))
        for name, value in fields.items()
    ]
    others = st.lists(st.tuples(_keys(tuple(fields)), rarely), max_size=1)
    wrong = st.one_of(st.tuples(*pairs), st.tuples(*pairs, others), st.tuples(others, *pairs))
    return _mostly(right, wrong.map(lambda parts: _object([pair for part in parts for pair in part])))


def broken(texts: Texts) -> Texts:
    """Nearly always these; else cut off, with bytes put in, or any bytes."""
    spoilt = st.tuples(texts, st.integers(0, 200), st.binary(max_size=3), st.integers(0, 5)).map(
        lambda spoiling: spoiling[0][: spoiling[1]] + spoiling[2] + spoiling[0][spoiling[1] + spoiling[3] :]
    )
    return _mostly(texts, spoilt, st.binary(max_size=40))


def _mostly(usual: SearchStrategy[_T], *rare: SearchStrategy[_T]) -> SearchStrategy[_T]:
    # `one_of` takes a strategy that is given to it twice for one.
    return st.sampled_from([usual] * 4 * len(rare) + list(rare)).flatmap(lambda chosen: chosen)


def _keys(names: Sequence[str]) -> Texts:
    known = [words(*names)] if names else []
    return st.one_of(*known, st.text(max_size=5).map(quoted))


def _object(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"{" + b",".join(key + b":" + value for key, value in pairs) + b"}"
