import numpy as np
import pytest

from sim.history import UNANSWERED, Breaches, Deliveries, Writes
from tests.histories import history, ns


def test_a_table_is_built_from_rows_and_gives_them_back() -> None:
    rows = np.arange(12, dtype=np.int64).reshape(4, 3)
    table = Breaches.from_rows(rows)
    assert (len(table), Breaches.width()) == (4, 3)
    assert table.at_ns.tolist() == [1, 4, 7, 10]
    np.testing.assert_array_equal(table.rows(), rows)


def test_an_empty_table_has_columns_of_int64() -> None:
    table = Deliveries.from_rows(np.empty((0, 8), np.int64))
    assert (len(table), table.write.dtype.name, table.rows().shape) == (0, "int64", (0, 8))


@pytest.mark.parametrize("keep", [np.array([True, False, True]), np.array([0, 2])])
def test_rows_are_selected_by_mask_or_number(keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    table = Breaches.from_rows(np.arange(9, dtype=np.int64).reshape(3, 3)).where(keep)
    assert (table.dashboard.tolist(), table.breach.tolist()) == ([0, 6], [2, 8])


def test_which_writes_were_answered_change_something_or_change_nothing() -> None:
    words = "w1+@1-2 w1=+@3-4 w2?+@5-6 w3+@7-8!500 w4+@9 w5-@10-11!0 w6-@12-13!204"
    writes = history(words).writes
    assert writes.acked().tolist() == [True, True, True, False, False, False, True]
    assert writes.transitions().tolist() == [True, False, False, True, True, True, True]
    assert writes.echoes().tolist() == [False, True, False, False, False, False, False]
    assert writes.http_status.tolist() == [200, 200, 200, 500, UNANSWERED, 0, 204]


def test_a_table_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot reshape"):
        Writes.from_rows(np.arange(9, dtype=np.int64))


@pytest.mark.parametrize(
    ("from_ms", "ended_ms", "stay_ms", "measured_ms"),
    [
        (None, 20_000, (None, None), 10_000),
        (None, 4_000, (None, None), 4_000),  # cut short, or a first part
        (4_000, 7_000, (None, None), 3_000),
        (7_000, 20_000, (None, None), 3_000),
        (None, 20_000, (2_000, 5_000), 3_000),
        (None, 3_000, (2_000, 5_000), 1_000),
        (3_000, 20_000, (2_000, 5_000), 2_000),
        (6_000, 20_000, (2_000, 5_000), 0),  # the drain alone
        (None, 1_000, (2_000, 5_000), 0),  # it never began
        (None, 20_000, (2_000, 50_000), 8_000),
        (None, 20_000, (6_000, 5_000), 0),  # ready too late
    ],
)
def test_a_frame_knows_how_much_is_measured(
    from_ms: float | None, ended_ms: float, stay_ms: tuple[float | None, float | None], measured_ms: float
) -> None:
    names = ("from_ns", "stay_from_ns", "stay_until_ns")
    given = {name: ns(value) for name, value in zip(names, (from_ms, *stay_ms), strict=True) if value is not None}
    frame = history(ended_ms=ended_ms, frame=given).frame
    assert frame.measured_ns == ns(measured_ms)
