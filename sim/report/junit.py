"""`junit.xml`: one test case per finding, for CI servers."""

from typing import Final
from xml.etree import ElementTree as ET

from sim.report.sentences import PARTIAL_MEANING, plain, verdict_sentence
from sim.report.tables import FindingRow, Row, finding_rows, run_rows
from sim.results.summary import RunVerdict, Summary

_TAG_OF: Final = {"HELD": None, "FAILED": "failure"}
"""The element for a finding's verdict; any other is an `error`: a skipped case passes on most servers."""

_RUN_TAG_OF: Final = {
    RunVerdict.HELD: None,
    RunVerdict.FAILED: "failure",
    RunVerdict.UNKNOWN: "error",
    RunVerdict.INVALID: "error",
}


def junit(summary: Summary) -> bytes:
    """The file's bytes.

    A run that is invalid, or whose verdict no finding explains, has one more test case, named "run".
    """
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", name=f"ztna-sim {plain(summary.scenario)}")
    _add_properties(suite, summary)
    for finding in finding_rows(summary.findings):
        tag = _TAG_OF.get(finding.verdict, "error")
        _add_case(suite, finding.name, tag, finding.text, _details(finding))
    _add_run(suite, summary)
    _add_totals(suite, summary)
    ET.indent(suites)
    data: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _add_properties(suite: ET.Element, summary: Summary) -> None:
    partial = (Row("partial", PARTIAL_MEANING),) if summary.partial else ()
    properties = ET.SubElement(suite, "properties")
    for row in (Row("verdict", summary.verdict.value), *partial, *run_rows(summary)):
        ET.SubElement(properties, "property", name=row.label, value=row.value)


def _add_run(suite: ET.Element, summary: Summary) -> None:
    tag = _RUN_TAG_OF[summary.verdict]
    if tag is None:
        return
    if summary.verdict is RunVerdict.INVALID or suite.find(f"testcase/{tag}") is None:
        meaning = verdict_sentence(summary)
        _add_case(suite, "run", tag, meaning if summary.reason is None else plain(summary.reason), meaning)


def _add_totals(suite: ET.Element, summary: Summary) -> None:
    for total, path in (
        ("tests", "testcase"),
        ("failures", "testcase/failure"),
        ("errors", "testcase/error"),
    ):
        suite.set(total, str(len(suite.findall(path))))
    suite.set("time", f"{summary.load.duration_s:.3f}")
    suite.set("timestamp", plain(summary.started_utc))


def _add_case(suite: ET.Element, name: str, tag: str | None, message: str, details: str) -> None:
    case = ET.SubElement(suite, "testcase", classname=suite.get("name", ""), name=name)
    if tag is None:
        ET.SubElement(case, "system-out").text = f"{message}\n{details}"
    else:
        ET.SubElement(case, tag, message=message).text = details


def _details(finding: FindingRow) -> str:
    lines = [f"value: {finding.value}", f"bound: {finding.bound}", f"cases: {finding.count}"]
    return "\n".join(lines + [f"{names}: {witness}" for names, witness in finding.witnesses])
