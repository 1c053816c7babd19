import hashlib
import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.schedule import Action, Schedule, VisitAction, combined_digest


def _schedule(*, organisation: int = 7, due_ns: int = 5, machine: int = 1, action: int = 1) -> Schedule:
    return Schedule(
        organisation,
        2,
        np.array([True, False]),
        np.array([due_ns], np.int64),
        np.array([machine], np.int32),
        np.array([action], np.int8),
    )


def test_values_of_actions_stay() -> None:
    assert [(action.name, action.value) for action in Action] == [
        ("HEARTBEAT", 0),
        ("UP", 1),
        ("DOWN", 2),
        ("CRASH", 3),
    ]
    assert [(action.name, action.value) for action in VisitAction] == [
        ("CUT", 0),
        ("LEAVE", 1),
        ("RETURN", 2),
    ]


def test_the_digest_is_the_one_of_the_little_endian_columns() -> None:
    expected = struct.pack("<qqq", 7, 2, 1) + b"\1\0" + struct.pack("<qib", 5, 1, 1)
    assert _schedule().digest() == hashlib.sha256(expected).digest()


def test_every_column_moves_the_digest() -> None:
    changed = [_schedule(organisation=8), _schedule(due_ns=6), _schedule(machine=0), _schedule(action=2)]
    assert len({_schedule().digest(), *(schedule.digest() for schedule in changed)}) == 5


@given(st.dictionaries(st.integers(0, 1000), st.binary(min_size=32, max_size=32)))
def test_the_combined_digest_does_not_depend_on_the_order_of_the_shares(digests: dict[int, bytes]) -> None:
    backwards = dict(reversed(digests.items()))
    assert combined_digest(backwards) == combined_digest(digests)


def test_the_combined_digest_knows_whose_digest_it_is() -> None:
    assert combined_digest({0: b"a", 1: b"b"}) != combined_digest({0: b"b", 1: b"a"})
    assert combined_digest({0: b"a"}) != combined_digest({1: b"a"})
    assert combined_digest({}) == hashlib.sha256().hexdigest()
