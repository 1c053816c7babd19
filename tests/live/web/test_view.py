"""What the script is told: where the run is, what is wrong with it, and what it came to."""

from pathlib import Path

import msgspec
import pytest

from sim.live.figures.progress import Progress
from sim.live.sharing.coordinator import Phase
from sim.live.sharing.post import Join, Planned, Running
from sim.live.web.rows import final_rows, live_rows
from sim.live.web.view import Banner, View, rows_of, view_of
from tests.live.web.sessions import Page, page
from tests.report import samples


def _progressed(made: Page, progress: Progress) -> None:
    """A worker joins the run and sends these figures."""
    made.nodes.connect("a")
    made.nodes.say("a", Join(run=""))
    run = made.nodes.told(Planned, "a")[-1].run
    made.nodes.say("a", Running(run=run, progress=msgspec.json.encode(progress)))


def test_before_the_first_run_there_is_nothing() -> None:
    assert view_of(page().session) == View(
        scenario="", phase="", elapsed_s=0.0, window_s=0.0, banners=[], is_over=False, has_report=False, points=[],
        rows=[],
    )  # fmt: skip


def test_while_it_runs_the_rows_are_the_running_figures() -> None:
    made = page()
    made.begin()
    progress = Progress(leaks=2, deliveries=5, workers=1)
    _progressed(made, progress)
    view = view_of(made.session)
    assert (view.scenario, view.phase, view.elapsed_s, view.window_s) == ("small", "warm-up", 0.0, 60.0)
    assert (view.is_over, view.has_report, view.banners) == (False, False, [])
    assert view.rows == rows_of(made.session) == live_rows(progress)


def test_what_makes_it_invalid_is_said_while_it_runs() -> None:
    made = page()
    coordinator = made.begin()
    _progressed(made, Progress(workers=1, saturated=("saturated: sends were 99 ms late",)))
    warning = Banner(level="warning", text="This run is invalid if it goes on so: saturated: sends were 99 ms late")
    assert view_of(made.session).banners == [warning]
    coordinator.phase = Phase.OVER
    assert view_of(made.session).banners == []


@pytest.mark.parametrize(
    ("sample", "level", "word"),
    [
        (samples.held(), "success", "HELD: "),
        (samples.failed(), "error", "FAILED: "),
        (samples.invalid(), "warning", "INVALID"),
        (samples.empty(), "warning", "UNKNOWN"),
    ],
)
@pytest.mark.parametrize("folder", [None, Path("there")])
def test_afterwards_the_verdict_comes_first(sample: samples.Sample, level: str, word: str, folder: Path | None) -> None:
    made = page()
    made.begin()
    made.end(sample.summary, folder)
    view = view_of(made.session)
    assert (view.is_over, view.has_report) == (True, folder is not None)
    assert view.banners[0].level == level
    assert view.banners[0].text.startswith(word)
    assert view.rows == rows_of(made.session) == final_rows(sample.summary)


def test_a_partial_run_says_why() -> None:
    made = page()
    made.begin()
    summary = samples.partial().summary
    made.end(summary, None)
    verdict, reason = view_of(made.session).banners
    assert ", PARTIAL: " in verdict.text
    assert reason == Banner(level="warning", text=str(summary.reason))


def test_a_problem_comes_before_all_else() -> None:
    made = page()
    made.session.problem = "--host needs --credentials FILE"
    assert view_of(made.session).banners == [Banner(level="error", text="--host needs --credentials FILE")]
    made.begin()
    made.end(samples.held().summary, None)
    assert [banner.level for banner in view_of(made.session).banners] == ["error", "success"]
