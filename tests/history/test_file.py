import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.history import History, read_histories, write_histories
from sim.history.file import TABLES
from tests.checks.worlds import worlds
from tests.histories import history, ns

GOOD = write_histories([history("s0@-500.. w1+@100-104 e0.1+@103 r0@603-610 a0@610:10 p0@-600.. b0@300f")])


def _assert_equal(one: History, other: History) -> None:
    assert one.frame == other.frame
    for name in TABLES:
        np.testing.assert_array_equal(getattr(one, name).rows(), getattr(other, name).rows(), strict=True)


@settings(max_examples=40)
@given(worlds)
def test_what_is_written_is_read_again_by_organisation(organisations: list[History]) -> None:
    read = read_histories(write_histories(reversed(organisations)))
    assert len(read) == len(organisations)
    for one, other in zip(read, organisations, strict=True):
        _assert_equal(one, other)


def test_stays_of_one_organisation_are_kept_apart_in_the_order_of_time() -> None:
    words = {0: "s0@-500.. w1+@100-104", 4_000: "w1+@4000-4004 w2+@4100-4104 p0@3900..", 9_000: ""}
    stays = [history(text, frame={"stay_from_ns": ns(from_ms)}) for from_ms, text in words.items()]
    read = read_histories(write_histories([stays[2], history("b0@300f", organisation=7), stays[0], stays[1]]))
    assert [(each.frame.organisation, each.frame.stay_from_ns) for each in read] == [
        (0, 0),
        (0, ns(4_000)),
        (0, ns(9_000)),
        (7, 0),
    ]
    for one, other in zip(read, stays, strict=False):
        _assert_equal(one, other)
    assert len(read[3].breaches) == 1


def test_no_organisation_is_a_file_too() -> None:
    assert read_histories(write_histories([])) == []


def test_a_notebook_reads_the_file_with_numpy_alone() -> None:
    with np.load(io.BytesIO(GOOD), allow_pickle=False) as file:
        assert file["writes_columns"].tolist()[:3] == ["organisation", "machine", "status"]
        assert file["writes"].shape == (1, 11)
        assert '"organisation":0' in str(file["frames"][0])


def _npz(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    with np.load(io.BytesIO(GOOD), allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    changed = {name: np.asarray(array) for name, array in (kept | arrays).items() if array is not None}
    np.savez(buffer, allow_pickle=False, **changed)
    return buffer.getvalue()


def _npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no such thing",
        b"PK\x03\x04 and no more",
        GOOD[:-30],
        GOOD[: len(GOOD) // 2],
        _npy(),
        _npz(writes=None),
        _npz(writes=np.zeros((1, 3), np.int64)),
        _npz(writes=np.zeros((1, 9))),
        _npz(writes_lengths=None),
        _npz(writes_lengths=np.array([2])),
        _npz(writes_lengths=np.array([1.0])),
        _npz(writes_lengths=np.array([2, -1])),
        _npz(writes_lengths=np.array([0, 1])),
        _npz(frames=["no json"]),
        _npz(frames=['{"organisation":0}']),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_histories(data)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_damaged_byte_is_refused_or_does_no_harm(at: int, change: int) -> None:
    damaged = bytearray(GOOD)
    damaged[at] ^= change
    try:
        read = read_histories(bytes(damaged))
    except ValueError:
        return
    assert all(len(getattr(each, name)) <= 1 for each in read for name in TABLES)
