"""`report.html`: one file that opens offline, for somebody who has never seen the tool."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sim.report.glossary import GLOSSARY
from sim.report.sentences import PARTIAL_MEANING, answers, caveat, plain, verdict_sentence
from sim.report.tables import command, finding_rows, generator_rows, load_rows, run_rows, segment_rows
from sim.results.summary import Summary

_SIGNS: Final = {"HELD": "✓", "FAILED": "✗", "UNKNOWN": "?", "INVALID": "!"}
_NUMBER_WITH_UNIT: Final = re.compile(r"(\d) (?=(?:ns|µs|ms|s|%)(?!\w))")
_BLUE: Final = "#0072b2"


@dataclass(frozen=True, slots=True)
class PagePlot:
    """A plot as the page shows it; `svg` is an `<svg>` element that goes into the page as it is."""

    title: str
    how_to_read: str
    svg: str


def html(summary: Summary, plots: Iterable[PagePlot]) -> str:
    """The whole page. Texts of the summary are escaped; the plots' SVG is trusted."""
    environment = Environment(
        loader=PackageLoader("sim.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["unbroken"] = unbroken
    return environment.get_template("page.html.j2").render(
        scenario=plain(summary.scenario),
        question=plain(summary.question),
        started=plain(summary.started_utc),
        verdict=summary.verdict.upper(),
        verdict_sentence=verdict_sentence(summary),
        partial=summary.partial,
        partial_meaning=PARTIAL_MEANING,
        reason=None if summary.reason is None else plain(summary.reason),
        caveat=caveat(summary),
        answers=answers(summary),
        findings=finding_rows(summary.findings),
        segments=segment_rows(summary.metrics),
        load=load_rows(summary),
        generator=generator_rows(summary),
        run=run_rows(summary),
        command=command(summary),
        plots=[{"title": p.title, "how_to_read": p.how_to_read, "svg": _labelled(p)} for p in plots],
        glossary=GLOSSARY,
        sign_of=sign_of,
        tone_of=tone_of,
    )


def unbroken(text: str) -> str:
    """The text with its numbers and units held together at the end of a line."""
    return _NUMBER_WITH_UNIT.sub("\\1\N{NO-BREAK SPACE}", text)


def sign_of(verdict: str) -> str:
    """A sign that tells the verdicts apart without colour."""
    return _SIGNS.get(verdict, "?")


def tone_of(verdict: str) -> str:
    """The page's class for a verdict; any that it does not know looks like UNKNOWN."""
    return verdict.lower() if verdict in _SIGNS else "unknown"


def _labelled(plot: PagePlot) -> Markup:
    label = escape(f"Plot: {plot.title}. {plot.how_to_read}")
    svg = plot.svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    return Markup(svg.replace(_BLUE, "var(--plot-blue)"))  # our own drawing, no text of a user in it
