"""Effects are plain values."""

import numpy as np
import pytest

from sim.dashboard import NEVER_NS, Cause, Show, StartFetch


def test_effects_are_equal_by_value_and_frozen() -> None:
    start = StartFetch(3, 1, Cause.EVENT)
    assert start == StartFetch(3, 1, Cause.EVENT)
    assert Show(3) != Show(4)
    with pytest.raises(AttributeError):
        start.fetch = 4  # type: ignore[misc]  # the point of the test


def test_never_is_later_than_any_run_and_fits_a_column() -> None:
    century_ns = 100 * 366 * 86_400 * 1_000_000_000
    assert century_ns < NEVER_NS <= np.iinfo(np.int64).max - century_ns
