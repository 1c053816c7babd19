import numpy as np
import pytest

from sim.checks.lasting import began_here, end_ns, ended_here, in_window_ns
from sim.history import NEVER_NS, RunFrame
from tests.histories import history, ns


def _frame(from_ms: float | None, ended_ms: float, *, is_last: bool) -> RunFrame:
    from_ns = -NEVER_NS if from_ms is None else ns(from_ms)
    return history(ended_ms=ended_ms, frame={"from_ns": from_ns, "is_last": is_last}).frame


FIRST, SECOND, LAST = (
    _frame(None, 3_000, is_last=False),
    _frame(3_000, 6_000, is_last=False),
    _frame(6_000, 20_000, is_last=True),
)


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "parts"),
    [
        (-500, 1_000, [FIRST]),
        (1_000, 4_000, [FIRST, SECOND]),
        (1_000, None, [FIRST, SECOND, LAST]),
        (4_000, 5_000, [SECOND]),
        (3_000, 5_000, [SECOND]),
        (3_001, None, [FIRST, SECOND, LAST]),  # noted of the first part too, which was cut a little later
        (3_001, 3_002, [FIRST]),  # over before that
        (7_000, 8_000, [LAST]),
        (7_000, None, [LAST]),
        (20_001, None, [LAST]),
    ],
)
def test_what_lasts_begins_once_ends_once_and_has_its_whole_time(
    from_ms: float, until_ms: float | None, parts: list[RunFrame]
) -> None:
    begin_ns = np.array([ns(from_ms)])
    times_ns, begun, ended = 0, 0, 0
    for number, frame in enumerate(parts):
        is_known = until_ms is not None and number == len(parts) - 1
        until_ns = np.array([ns(until_ms) if until_ms is not None and is_known else NEVER_NS])
        begun += int(began_here(begin_ns, until_ns, frame)[0])
        ended += int(ended_here(until_ns, frame)[0])
        times_ns += int(in_window_ns(begin_ns, until_ns, frame)[0])
        assert end_ns(until_ns, frame)[0] == (until_ns[0] if is_known else frame.ended_ns)
    window_ns = ns(10_000)
    last_ns = window_ns if until_ms is None else min(ns(until_ms), window_ns)
    assert (begun, ended, times_ns) == (1, 1, max(last_ns - max(ns(from_ms), 0), 0))


def test_a_run_that_was_cut_short_measures_until_then() -> None:
    frame = _frame(None, 3_000, is_last=True)
    assert in_window_ns(np.array([ns(-500)]), np.array([NEVER_NS]), frame).tolist() == [ns(3_000)]
    assert in_window_ns(np.array([ns(-500)]), np.array([ns(3_004)]), frame).tolist() == [ns(3_000)]
    never = _frame(None, -100, is_last=True)
    assert in_window_ns(np.array([ns(-500)]), np.array([NEVER_NS]), never).tolist() == [0]
