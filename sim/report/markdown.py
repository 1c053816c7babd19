"""`summary.md`: the run on one screen, for pull requests and job summaries."""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final

from sim.report.sentences import PARTIAL_MEANING, answers, caveat, plain, verdict_sentence, verdict_word
from sim.report.tables import (
    FindingRow,
    Row,
    command,
    finding_rows,
    generator_rows,
    load_rows,
    run_rows,
    segment_rows,
)
from sim.results.summary import Summary

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]#|~$])")
_BACKTICKS: Final = re.compile(r"`+")


def markdown(summary: Summary) -> str:
    """The file's text, in the order of the page."""
    parts = [
        f"# {escaped(summary.scenario)}: {verdict_word(summary)}",
        *([f"*{escaped(summary.question)}*"] if plain(summary.question) else []),
        escaped(verdict_sentence(summary)),
        *([f"**Reason:** {escaped(summary.reason)}"] if summary.reason is not None else []),
        *([PARTIAL_MEANING] if summary.partial else []),
        *([f"**{warning}**"] if (warning := caveat(summary)) else []),
        *(f"**{answer.question}** {escaped(answer.sentence)}" for answer in answers(summary)),
        "## Findings",
        _findings(finding_rows(summary.findings)),
        "## Times, by segment",
        _segments(summary),
        "## Load",
        _pairs(load_rows(summary)),
        "## Load generator",
        _pairs(generator_rows(summary)),
        "## The same run again",
        _code(command(summary)),
        _pairs(run_rows(summary)),
    ]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """A text that Markdown shows as it is, on one line: no mark-up, no HTML, no new cell."""
    return html.escape(_SPECIAL.sub(r"\\\1", plain(text)), quote=False)


def _findings(findings: Sequence[FindingRow]) -> str:
    if not findings:
        return "Nothing was checked."
    rows = ((f.verdict, f.name, f.value, f.bound, f.count, _found(f)) for f in findings)
    return _table(("verdict", "finding", "value", "bound", "cases", "what was found"), "llrrrl", rows)


def _found(finding: FindingRow) -> str:
    return "; ".join([finding.text, *(f"{names}: {witness}" for names, witness in finding.witnesses)])


def _segments(summary: Summary) -> str:
    rows = ((r.name, r.count, r.mean, r.p50, r.p95, r.p99, r.p999, r.max) for r in segment_rows(summary.metrics))
    return _table(("segment", "count", "mean", "p50", "p95", "p99", "p99.9", "max"), "lrrrrrrr", rows)


def _pairs(rows: Iterable[Row]) -> str:
    return _table(("", "", ""), "lrl", ((row.label, row.value, row.remark) for row in rows))


def _table(head: Sequence[str], align: str, rows: Iterable[Sequence[str]]) -> str:
    rule = ["---:" if side == "r" else "---" for side in align]
    body = ([escaped(cell) for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *body))


def _code(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    return f"{fence}\n{text}\n{fence}"
