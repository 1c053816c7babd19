from xml.etree import ElementTree as ET

import msgspec
import pytest

from sim.report.junit import junit
from sim.report.sentences import plain
from sim.results.summary import RunVerdict, Summary
from tests.report.hostile import TEXT, hostile
from tests.report.samples import all_of_them, empty, failed, held, invalid, partial


def _suite(summary: Summary) -> ET.Element:
    suite = ET.fromstring(junit(summary)).find("testsuite")
    assert suite is not None
    return suite


def _outcomes(summary: Summary) -> dict[str, str]:
    return {case.get("name", ""): case[0].tag for case in _suite(summary).iter("testcase")}


def test_a_finding_is_a_case_and_its_verdict_the_outcome() -> None:
    assert _outcomes(failed().summary) == {
        "latency": "system-out",
        "collapse": "system-out",
        "leakage": "failure",
        "loss": "system-out",
        "generator": "system-out",
        "blind": "error",
        "objective: event_to_refetch.p95_ms < 5000": "system-out",
        "objective: event_to_refetch.p95_ms < 500": "failure",
    }


@pytest.mark.parametrize("name", list(all_of_them()))
def test_the_totals_are_those_of_the_cases(name: str) -> None:
    suite = _suite(all_of_them()[name].summary)
    outcomes = [case[0].tag for case in suite.iter("testcase")]
    assert suite.get("tests") == str(len(outcomes))
    assert suite.get("failures") == str(outcomes.count("failure"))
    assert suite.get("errors") == str(outcomes.count("error"))


def test_an_invalid_run_is_an_error_of_its_own_with_its_reason() -> None:
    case = _suite(invalid().summary).find("testcase[@name='run']/error")
    assert case is not None
    assert (case.get("message") or "").startswith("the generator was saturated")


def test_a_run_without_findings_is_not_green() -> None:
    assert _outcomes(empty().summary) == {"run": "error"}


@pytest.mark.parametrize(
    ("verdict", "outcome"), [(RunVerdict.FAILED, {"run": "failure"}), (RunVerdict.UNKNOWN, {"run": "error"})]
)
def test_a_verdict_that_no_finding_explains_gets_a_case(verdict: RunVerdict, outcome: dict[str, str]) -> None:
    summary = msgspec.structs.replace(held().summary, verdict=verdict, findings=[], reason=None)
    assert _outcomes(summary) == outcome


@pytest.mark.parametrize("summary", [held().summary, failed().summary, partial().summary])
def test_a_verdict_that_a_finding_explains_gets_none(summary: Summary) -> None:
    assert "run" not in _outcomes(summary)


def test_a_failure_names_the_witnesses_and_the_bound() -> None:
    failure = _suite(failed().summary).find("testcase[@name='leakage']/failure")
    assert failure is not None
    assert failure.get("message") == "3 events reached dashboards of other organisations"
    lines = (failure.text or "").splitlines()
    assert lines[:3] == ["value: 3", "bound: 0", "cases: 812,345"]
    assert lines[3].startswith("first, worst: machine 17")


def test_hostile_texts_stay_text() -> None:
    suite = _suite(hostile())
    case = next(suite.iter("testcase"))
    assert case.get("name") == plain(TEXT)
    assert case[0].get("message") == plain(TEXT)
    assert case[0].tag == "error"


def test_the_run_can_be_found_again() -> None:
    properties = {p.get("name"): p.get("value") for p in _suite(partial().summary).iter("property")}
    assert properties["seed"] == "7"
    assert properties["verdict"] == "unknown"
    assert "partial" in properties
