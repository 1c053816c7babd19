"""The summary on the terminal, for 80 columns and more, readable without colour."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.checks import Verdict
from sim.report.sentences import PARTIAL_MEANING, Answer, answers, caveat, plain, verdict_sentence, verdict_word
from sim.report.tables import NO_FIGURE, FindingRow, Row, finding_rows, generator_rows, load_rows, segment_rows
from sim.results.summary import Summary

_COLOURS: Final = {"HELD": "green", "FAILED": "red", "UNKNOWN": "yellow", "INVALID": "magenta"}


def render_terminal(summary: Summary, report_path: Path | None) -> RenderableType:
    """The run in the order of the page; `report_path` is named at the end where there is one."""
    parts: list[RenderableType] = [*_verdict(summary), Text()]
    if (warning := caveat(summary)) is not None:
        parts.append(Text(warning, style="bold"))
    parts += [_answer(answer) for answer in answers(summary)]
    parts += _section("Findings", _findings(finding_rows(summary.findings)))
    parts += _section("Times, by segment", _segments(summary))
    parts += _section("Load", _pairs(load_rows(summary)))
    parts += _section("Load generator", _pairs(generator_rows(summary)))
    if report_path is not None:
        parts += [Text(), Text(f"Report: {plain(str(report_path))}", overflow="fold")]
    return Group(*parts)


def _verdict(summary: Summary) -> Iterable[RenderableType]:
    word = verdict_word(summary)
    reason = "" if summary.reason is None else f": {plain(summary.reason)}"
    yield Text.assemble(
        (word, f"bold {_colour(summary.verdict.upper())}"), f"  {plain(summary.scenario)}", (reason, "bold")
    )
    if plain(summary.question):
        yield Text(plain(summary.question), style="italic")
    yield Text(verdict_sentence(summary))
    if summary.partial:
        yield Text(PARTIAL_MEANING)


def _colour(verdict: str) -> str:
    return _COLOURS.get(verdict, "yellow")


def _answer(answer: Answer) -> RenderableType:
    return Group(Text(answer.question, style="bold"), Padding(Text(answer.sentence), (0, 0, 0, 2)))


def _section(title: str, content: RenderableType) -> tuple[RenderableType, ...]:
    return Text(), Text(title, style="bold"), content


def _findings(findings: tuple[FindingRow, ...]) -> RenderableType:
    if not findings:
        return Text("Nothing was checked.")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(Text(finding.verdict, style=f"bold {_colour(finding.verdict)}"), _finding(finding))
    return table


def _finding(finding: FindingRow) -> Text:
    """What held, in a line; what did not, with its figures and witnesses."""
    if finding.verdict == Verdict.HELD:
        return Text.assemble((finding.name, "bold"), "  ", finding.text)
    bound = "" if finding.bound == NO_FIGURE else f" (bound {finding.bound})"
    lines = [finding.text, *(f"{names}: {witness}" for names, witness in finding.witnesses)]
    value = "" if finding.value == NO_FIGURE else f"  {finding.value}"
    head = Text.assemble((finding.name, "bold"), value, bound)
    return Text("\n").join([head, *(Text(line) for line in lines if line)])


def _segments(summary: Summary) -> Table:
    table = _table()
    table.add_column("segment", overflow="fold")
    for column in ("count", "p50", "p95", "p99", "max"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in segment_rows(summary.metrics):
        table.add_row(*(Text(cell) for cell in (row.name, row.count, row.p50, row.p95, row.p99, row.max)))
    return table


def _pairs(rows: tuple[Row, ...]) -> Table:
    table = _table(show_header=False)
    table.add_column(overflow="fold", min_width=25)
    table.add_column(justify="right", overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for row in rows:
        table.add_row(Text(row.label), Text(row.value), Text(row.remark))
    return table


def _table(*, show_header: bool = True) -> Table:
    return Table(box=box.SIMPLE_HEAD, show_header=show_header, show_edge=False, pad_edge=False, padding=(0, 1))
