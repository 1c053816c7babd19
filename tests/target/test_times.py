from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.target.times import canonical_iso, iso, now_ms

MOMENTS_MS = st.integers(0, 4_000_000_000_000)


def test_the_form_is_the_contracts() -> None:
    moment = datetime(2026, 3, 17, 10, 30, 45, 123_000, UTC)
    assert iso(round(moment.timestamp() * 1_000)) == "2026-03-17T10:30:45.123Z"


@given(MOMENTS_MS, MOMENTS_MS)
def test_texts_sort_as_their_times(left: int, right: int) -> None:
    assert (iso(left) < iso(right)) == (left < right)


@given(MOMENTS_MS)
def test_the_canonical_form_of_a_text_is_the_text(moment: int) -> None:
    assert canonical_iso(iso(moment)) == iso(moment)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-03-17T12:30:45+02:00", "2026-03-17T10:30:45.000Z"),
        ("2026-03-17T10:30:45.123456", "2026-03-17T10:30:45.123Z"),
        ("2026-03-17", "2026-03-17T00:00:00.000Z"),
    ],
)
def test_other_forms_are_understood(text: str, canonical: str) -> None:
    assert canonical_iso(text) == canonical


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "0001-01-01T00:00:00+23:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        canonical_iso(text)


def test_the_clock_runs_forward_in_this_century() -> None:
    first, second = now_ms(), now_ms()
    assert "2025" < iso(first) <= iso(second) < "2100"
