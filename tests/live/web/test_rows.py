"""The table: the same lines while a run goes on and afterwards, each figure from its place."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.live.figures.progress import Progress, SparseHistogram
from sim.live.web.rows import BLANK, COLUMNS, NOT_MEASURED, Row, final_rows, live_rows, shown
from sim.stats import Histogram
from tests.report import samples

MS = 1_000_000


def _by_name(rows: list[Row]) -> dict[str, Row]:
    named = {row.measure: row for row in rows}
    assert len(named) == len(rows)
    return named


@given(st.integers())
def test_a_whole_number_is_shown_as_it_is(value: int) -> None:
    assert int(shown(value).replace(",", "")) == value
    assert re.fullmatch(r"-?\d{1,3}(,\d{3})*", shown(value))


@given(st.floats(-1e12, 1e12))
def test_another_one_to_two_decimals(value: float) -> None:
    assert float(shown(value).replace(",", "")) == pytest.approx(value, abs=0.00501)
    assert re.fullmatch(r"-?\d{1,3}(,\d{3})*\.\d\d", shown(value))


def test_what_was_not_measured_is_no_figure() -> None:
    assert shown(None) == NOT_MEASURED


def test_a_row_has_a_cell_for_each_column() -> None:
    assert [key for key, _ in COLUMNS] == [field.name for field in msgspec.structs.fields(Row)]


@pytest.mark.parametrize("sample", samples.all_of_them())
def test_no_cell_is_ever_empty(sample: str) -> None:
    rows = [*live_rows(Progress()), *final_rows(samples.all_of_them()[sample].summary)]
    assert [row for row in rows if "" in msgspec.structs.astuple(row)] == []


@pytest.mark.parametrize("sample", samples.all_of_them())
def test_the_end_changes_figures_and_adds_no_line(sample: str) -> None:
    # The script writes the last figures over the live ones, line by line.
    live, final = live_rows(Progress()), final_rows(samples.all_of_them()[sample].summary)
    assert len(live) == len(final)
    same = [one.measure for one, other in zip(live, final, strict=True) if one.measure == other.measure]
    assert {"Event to refetch", "Debounce collapse ratio", "Cross-org leaks", "Generator: errors"} <= set(same)


def test_before_the_first_figure_nothing_is_measured() -> None:
    rows = _by_name(live_rows(Progress()))
    assert rows["Event to refetch"] == Row(measure="Event to refetch", p50="–", p95="–", p99="–", max="–", count="0")
    assert (rows["Debounce collapse ratio"].value, rows["Cross-org leaks"].value) == ("–", "0")


def test_live_rows_hold_the_running_figures() -> None:
    times_ms = (510, 3, 500, 7, 5, 1)
    whole, delivery, debounce, refetch, write, lateness = (
        SparseHistogram.of(Histogram.of([t * MS] * 2)) for t in times_ms
    )
    progress = Progress(
        event_to_refetch=whole, delivery=delivery, debounce=debounce, refetch=refetch, write=write, lateness=lateness,
        collapsed=9, caused=2, deliveries=1_234, leaks=3, overdue=4, subscribed=40, errors=1,
        cpu_share=0.125, lag_ms=1.5,
    )  # fmt: skip
    rows = _by_name(live_rows(progress))
    names = (
        "Event to refetch", "Event to refetch: delivery", "Event to refetch: debounce", "Event to refetch: refetch",
        "Heartbeat", "Generator: lateness",
    )  # fmt: skip
    for name, milliseconds in zip(names, times_ms, strict=True):
        row = rows[name]
        assert (row.value, row.max, row.count) == (BLANK, f"{milliseconds:.2f}", "2")
        assert [float(text) for text in (row.p50, row.p95, row.p99)] == pytest.approx([milliseconds] * 3, rel=1 / 512)
    values = {name: (row.value, row.count) for name, row in rows.items() if row.value != BLANK}
    assert values == {
        "Debounce collapse ratio": ("4.50", "2"),
        "Cross-org leaks": ("3", values["Cross-org leaks"][1]),
        "Deliveries overdue": ("4", "1,234"),
        "Sockets subscribed": ("40", BLANK),
        "Generator: busiest core (%)": ("12.50", BLANK),
        "Generator: event loop late (ms)": ("1.50", BLANK),
        "Generator: errors": ("1", BLANK),
    }


@pytest.mark.parametrize("sample", samples.all_of_them())
def test_final_rows_hold_the_summarys_figures(sample: str) -> None:
    summary = samples.all_of_them()[sample].summary
    rows = _by_name(final_rows(summary))
    for name, times in (
        ("Event to refetch", summary.metrics.event_to_refetch),
        ("Event to refetch: delivery", summary.metrics.delivery),
        ("Event to refetch: debounce", summary.metrics.debounce),
        ("Event to refetch: refetch", summary.metrics.refetch),
        ("Heartbeat", summary.metrics.write),
        ("Generator: lateness", summary.metrics.lateness),
    ):
        figures = [shown(figure) for figure in (times.p50, times.p95, times.p99, times.max, times.count)]
        row = rows[name]
        assert ([row.p50, row.p95, row.p99, row.max, row.count], row.value) == (figures, BLANK)
    assert rows["Cross-org leaks"].value == shown(summary.leakage.leaks)
    assert rows["Cross-org leaks"].count == shown(summary.leakage.opportunities)
    assert rows["Debounce collapse ratio"].value == shown(summary.collapse.ratio)
    assert (rows["Deliveries lost"].value, rows["Deliveries lost"].count) == (
        shown(summary.loss.lost),
        shown(summary.loss.expected),
    )
    share = summary.blind.share
    assert rows["Blind share (%)"].value == shown(None if share is None else 100 * share)
    assert rows["Generator: errors"].value == shown(summary.generator.errors)
