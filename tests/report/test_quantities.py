import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report.quantities import at_most, counted, exact, measured, milliseconds, number, seconds, share

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.607, "0.607"),
        (0.61, "0.61"),
        (1.2, "1.2"),
        (9.999, "10"),
        (99.95, "100"),
        (999.6, "1,000"),
        (812_345.0, "812,000"),
        (-3.14159, "-3.14"),
        (0.0001, "0.0001"),
        (0.0000123456, "1.23e-5"),
        (math.inf, "infinite"),
        (math.nan, "no number"),
    ],
)
def test_a_number_has_three_significant_digits(value: float, text: str) -> None:
    assert number(value) == text


@given(finite)
def test_a_number_is_right_to_half_a_percent(value: float) -> None:
    assert math.isclose(float(number(value).replace(",", "")), value, rel_tol=0.00501)


@given(finite)
def test_a_number_has_no_idle_zeros(value: float) -> None:
    assert not re.search(r"\.\d*0($|e)|\.$", number(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [(812_345.0, "812,345"), (0.0, "0"), (2.5, "2.5"), (1e300, number(1e300)), (math.nan, "no number")],
)
def test_whole_numbers_keep_all_their_digits(value: float, text: str) -> None:
    assert exact(value) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 refetches"), (1, "1 refetch"), (12_345, "12,345 refetches")])
def test_a_noun_agrees_with_its_count(count: int, text: str) -> None:
    assert counted(count, "refetch", "refetches") == text


@pytest.mark.parametrize(
    ("value_ms", "text"),
    [
        (None, "not measured"),
        (math.nan, "not measured"),
        (0.0, "0 ms"),
        (0.0000005, "0.0000005 ms"),
        (0.00025, "250 ns"),
        (0.0421, "42.1 µs"),
        (999.4, "999 ms"),
        (999.6, "1 s"),
        (540.0, "540 ms"),
        (1234.0, "1.23 s"),
        (90_000.0, "90 s"),
    ],
)
def test_a_time_has_the_unit_that_suits_it(value_ms: float | None, text: str) -> None:
    assert milliseconds(value_ms) == text.replace("0.0000005", number(0.0000005))


@given(st.floats(min_value=1e-6, max_value=9e8))
def test_a_time_is_never_written_as_a_thousand_of_a_smaller_unit(value_ms: float) -> None:
    text = milliseconds(value_ms)
    assert text.endswith(" s") or "," not in text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ms", "not measured"),
        (1500.0, "ms", "1.5 s"),
        (0.5, "s", "500 ms"),
        (812_345.0, "leaks", "812,345 leaks"),
        (3.0, "", "3"),
    ],
)
def test_a_figure_comes_with_its_unit(value: float | None, unit: str, text: str) -> None:
    assert measured(value, unit) == text


def test_seconds_and_shares() -> None:
    assert seconds(60.0) == "60 s"
    assert share(0.0421) == "4.21 %"
    assert share(None) == "not measured"


def test_a_bound_in_words() -> None:
    assert at_most(1 - 0.05 ** (1 / 812_345)) == "fewer than 1 in 271,000"
    assert at_most(1.0) == "at most 100 %"
    assert at_most(0.6312) == "at most 63.2 %"
    assert at_most(0.0) == "fewer than 1 in 1,000,000,000,000,000"


@given(st.floats(min_value=1e-9, max_value=1.0))
def test_a_bound_in_words_is_never_lower_than_the_bound(proportion: float) -> None:
    text = at_most(proportion)
    if found := re.fullmatch(r"fewer than 1 in ([\d,]+)", text):
        said = 1 / int(found[1].replace(",", ""))
    else:
        said = float(text.removeprefix("at most ").removesuffix(" %")) / 100
    assert proportion * (1 - 1e-12) <= said <= proportion * 1.02
