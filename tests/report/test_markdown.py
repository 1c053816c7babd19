import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report.markdown import escaped, markdown
from tests.report.hostile import SCRIPT, hostile
from tests.report.samples import all_of_them, empty, failed, invalid, partial


def _tables(text: str) -> list[list[str]]:
    blocks = [block.splitlines() for block in text.split("\n\n")]
    return [block for block in blocks if block[0].startswith("|")]


def _cells(line: str) -> list[str]:
    return re.split(r"(?<!\\)\|", line)[1:-1]


@pytest.mark.parametrize("name", list(all_of_them()))
def test_every_table_has_as_many_cells_in_every_line(name: str) -> None:
    tables = _tables(markdown(all_of_them()[name].summary))
    assert len(tables) >= 4
    for table in tables:
        assert len({len(_cells(line)) for line in table}) == 1


def test_the_order_is_that_of_the_page() -> None:
    lines = [line for line in markdown(failed().summary).splitlines() if line.startswith("#")]
    assert lines == [
        "# steady: FAILED",
        "## Findings",
        "## Times, by segment",
        "## Load",
        "## Load generator",
        "## The same run again",
    ]


def test_every_finding_has_a_line() -> None:
    findings = _tables(markdown(failed().summary))[0]
    assert len(findings) == 2 + len(failed().summary.findings)
    assert findings[4].startswith("| FAILED | leakage | 3 | 0 | 812,345 | 3 events reached dashboards")


def test_a_partial_and_an_invalid_run_say_so() -> None:
    assert markdown(partial().summary).startswith("# steady: UNKNOWN, PARTIAL\n")
    assert "**Reason:** interrupted after 21 s of 60 s" in markdown(partial().summary)
    assert "**The run is invalid:" in markdown(invalid().summary)


def test_a_run_without_findings_says_so() -> None:
    assert "\nNothing was checked.\n" in markdown(empty().summary)


def test_hostile_texts_stay_in_their_cells() -> None:
    text = markdown(hostile())
    assert SCRIPT not in text
    assert "<" not in text.replace("```", "").split("ztna-sim run")[0]
    assert all(len({len(_cells(line)) for line in table}) == 1 for table in _tables(text))


@given(st.text())
def test_an_escaped_text_has_no_mark_up_left(text: str) -> None:
    safe = escaped(text)
    assert "\n" not in safe
    assert "<" not in safe
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]|~#]", re.sub(r"\\[\\`*_{}\[\]#|~$]", "", safe))
