import io
from pathlib import Path

import pytest
from rich.console import Console

from sim.report.terminal import render_terminal
from sim.results.summary import Summary
from tests.report.hostile import hostile
from tests.report.samples import all_of_them, empty, failed, held, invalid, partial


def _shown(summary: Summary, width: int = 80, path: Path | None = None, colour: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=colour, color_system="truecolor" if colour else None)
    console.print(render_terminal(summary, path))
    return file.getvalue()


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("name", list(all_of_them()))
def test_nothing_is_cut_or_too_wide(name: str, width: int) -> None:
    summary = all_of_them()[name].summary
    shown = _shown(summary, width)
    assert max(len(line) for line in shown.splitlines()) <= width
    assert "…" not in shown
    assert all(finding.name in _words(shown) and finding.text in _words(shown) for finding in summary.findings)


def test_the_order_is_that_of_the_page() -> None:
    shown = _shown(failed().summary, path=Path("results/x/report.html"))
    marks = (
        "FAILED  steady", "How fresh", "What does the debounce", "Does anything cross", "Findings", "Times, by segment",
        "Load\n", "Load generator", "Report: results/x/report.html",
    )  # fmt: skip
    places = [shown.index(mark) for mark in marks]
    assert places == sorted(places)


def test_a_finding_shows_value_bound_and_witnesses() -> None:
    words = _words(_shown(failed().summary))
    assert "FAILED objective: event_to_refetch.p95_ms < 500 657 ms (bound 500 ms)" in words
    assert "first, worst: machine 17 of organisation 3" in words


def test_without_a_report_none_is_named() -> None:
    assert "Report:" not in _shown(held().summary)


def test_an_invalid_and_a_partial_run_say_so_first() -> None:
    assert _shown(invalid().summary).startswith("INVALID  steady: the generator was saturated")
    assert "The run is invalid:" in _shown(invalid().summary)
    assert _shown(partial().summary).startswith("UNKNOWN, PARTIAL  steady: interrupted after 21 s of 60 s\n")


def test_a_run_without_findings_says_so() -> None:
    assert "Nothing was checked." in _shown(empty().summary)


def test_colour_only_repeats_what_words_say() -> None:
    assert "\x1b[" in _shown(failed().summary, colour=True)
    assert "\x1b[" not in _shown(failed().summary)


def test_hostile_texts_neither_drive_the_terminal_nor_are_read_as_mark_up() -> None:
    shown = _shown(hostile(), width=300)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[link](https://evil.example)" in shown
