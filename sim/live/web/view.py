"""The state of the tab besides its table: where the run is, what is wrong with it, and its course."""

import msgspec

from sim.live.figures.series import Point
from sim.live.session import Session
from sim.live.sharing.coordinator import Phase
from sim.live.web.rows import Row, final_rows, live_rows
from sim.report.sentences import verdict_sentence, verdict_word


class Banner(msgspec.Struct, frozen=True, kw_only=True):
    """One line above everything else."""

    level: str
    """`info`, `success`, `warning` or `error`: Locust's page has a colour for each."""
    text: str


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What the script draws."""

    scenario: str
    phase: str
    """Empty before the first run, and where one could not begin."""
    elapsed_s: float
    window_s: float
    banners: list[Banner]
    is_over: bool
    """Whether there is a summary; `has_report` says whether it could be written."""
    has_report: bool
    points: list[Point]
    rows: list[Row]
    """The table; it is in Locust's own statistics, too, which the page asks for only while a test runs."""


def view_of(session: Session) -> View:
    """The view now."""
    coordinator = session.coordinator
    plan = coordinator.plan if coordinator is not None else None
    return View(
        scenario=plan.scenario.name if plan else "",
        phase=_phase(session),
        elapsed_s=max(coordinator.run_clock_ns, 0) / 1e9 if coordinator is not None else 0.0,
        window_s=plan.window_ns / 1e9 if plan else 0.0,
        banners=_banners(session),
        is_over=session.summary is not None,
        has_report=session.folder is not None,
        points=session.series.points,
        rows=rows_of(session),
    )


def _phase(session: Session) -> str:
    if session.coordinator is not None:
        return session.coordinator.phase
    return "preparing" if session.is_under_way else ""


def rows_of(session: Session) -> list[Row]:
    """The table now; empty before the first run."""
    if session.summary is not None:
        return final_rows(session.summary)
    return live_rows(session.coordinator.progress) if session.coordinator is not None else []


def _banners(session: Session) -> list[Banner]:
    found = [Banner(level="error", text=session.problem)] if session.problem else []
    summary, coordinator = session.summary, session.coordinator
    if summary is not None:
        level = {"held": "success", "failed": "error"}.get(summary.verdict, "warning")
        found.append(Banner(level=level, text=f"{verdict_word(summary)}: {verdict_sentence(summary)}"))
        if summary.reason:
            found.append(Banner(level="warning", text=summary.reason))
    elif coordinator is not None and coordinator.phase is not Phase.OVER:
        found += [Banner(level="warning", text=trouble.text) for trouble in coordinator.troubles]
    return found
