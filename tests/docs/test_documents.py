"""What the pages name exists, and what they state is so."""

import math
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from sim import contract
from sim.checks import Partials, judge
from sim.contract import Change, ErrorCode, Status
from sim.history import RunFrame
from sim.history.builder import HistoryBuilder
from sim.history.file import TABLES, write_histories
from sim.report.folder import write_executed
from sim.results.executed import Executed
from sim.results.summary import Distribution, FindingSummary, Metrics, RunVerdict, Summary
from sim.scenario import tables
from sim.stats import upper_bound
from sim.target.envelope import success
from sim.target.frames import event_message
from tests.docs.pages import CONTRACT, MEASURES, ROOT, code, codes, headings, rows, sections
from tests.report.samples import empty
from tests.scenario.files import SMALLEST, loaded

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("results/**/README.md"))]
SOURCE = (ROOT / "sim" / "contract.py").read_text(encoding="utf-8")
FRAME = RunFrame(
    organisation=0, machines=1, dashboards=1, window_ns=10, ended_ns=10, bucket_ns=10, debounce_ns=1,
    max_wait_ns=None, loss_deadline_ns=1,
)  # fmt: skip


# All pages.


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        linked = page.parent / name if name else page
        assert linked.exists(), link
        assert not anchor or anchor in headings(linked.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", [CONTRACT, MEASURES], ids=["contract", "measures"])
def test_files_and_keys_that_are_named_exist(page: str) -> None:
    named = codes(page)
    keys = {f"{table}.{key}" for table, names in tables().items() for key in names}
    sections_of_summary = {f"{part}.{field}" for part, field in _summary_fields()}
    for name in named:
        if re.fullmatch(r"(sim|docs|tests|scenarios)/[\w./]*", name):
            assert (ROOT / name).exists(), name
        elif re.fullmatch(r"(dashboard|target|heartbeat|loss|generator)\.\w+", name):
            assert name in keys | sections_of_summary, name


# The contract.


def test_the_contract_has_sections_1_to_8() -> None:
    numbers = [heading.partition(".")[0] for heading in sections(CONTRACT)]
    assert numbers[:8] == [str(number) for number in range(1, 9)]
    assert not any(number.isdecimal() for number in numbers[8:])


def _constants() -> Iterator[tuple[str, str, str]]:
    """Number of the section, name and value of every constant that the contract states."""
    for heading, body in sections(CONTRACT).items():
        for name, value, *_ in rows(body, "constant", "value"):
            yield heading.partition(".")[0], code(name), code(value)


def test_constants_have_the_values_of_the_code() -> None:
    for _, name, value in _constants():
        actual: object = getattr(contract, name)
        told = ", ".join(map(str, actual)) if isinstance(actual, tuple) else str(actual)
        assert (name, value) == (name, told)


def test_every_constant_of_the_code_is_stated() -> None:
    stated = [name for _, name, _ in _constants()]
    of_contract = [name for name in vars(contract) if re.fullmatch(r"[A-Z][A-Z_]+", name) and name != "FAULTS_PATH"]
    assert sorted(stated) == sorted(of_contract)


def test_a_constant_stands_in_the_section_that_its_comment_names() -> None:
    sections_named = dict(re.findall(r"^([A-Z_]+): Final = .*# contract (\d)", SOURCE, re.MULTILINE))
    stated = {name: number for number, name, _ in _constants() if name in sections_named}
    assert stated == sections_named


def test_code_words_in_capitals_are_of_the_contract() -> None:
    known = {*ErrorCode.__members__, *Change.__members__, "GET", "POST", "PATCH", "DELETE", *vars(contract)}
    words = {word for word in codes(CONTRACT) if re.fullmatch(r"[A-Z][A-Z_]+", word)}
    assert words - {contract.TOKEN_ALGORITHM} <= known


def test_messages_are_those_of_the_code() -> None:
    event = event_message("machines", Change.UPDATE, {}, "2026-03-17T10:30:45.200Z").decode()
    head, tail = event.split("{}")
    for text in (contract.subscribe_frame(), contract.PING_FRAME, contract.stats_request("ORG").decode(), head, tail):
        assert text in CONTRACT
    assert '"filter":"org_id=eq.ORG"' in contract.subscribe_frame("ORG")
    assert '"filter":"org_id=eq.ORG"' in CONTRACT
    before, after = contract.health_query("ORG").split(contract.HEALTH_COLUMNS)
    assert before in CONTRACT
    assert after in CONTRACT
    assert success(None).body == b'{"success":true,"data":null,"error":null}'
    assert {status.value for status in Status} <= set(codes(CONTRACT))


def test_contradictions_are_listed_in_order_and_every_one_that_is_named() -> None:
    listed = [row[0] for row in rows(sections(CONTRACT)["Contradictions"], "no.")]
    assert listed == sorted(set(listed), key=lambda number: int(number[1:]))
    texts = [CONTRACT, *(path.read_text(encoding="utf-8") for path in ROOT.glob("sim/**/*.py"))]
    named = {number for text in texts for number in re.findall(r"\bC\d{1,2}\b", text)}
    assert named == set(listed)


def test_the_contradictions_of_the_code_stand_in_the_text_of_the_page() -> None:
    before, _, _ = CONTRACT.partition("## Contradictions")
    assert set(re.findall(r"\(C\d+\)", before))
    for number in re.findall(r"contract \d, (C\d+)", SOURCE):
        assert f"({number})" in before, number


def test_the_own_tests_of_the_seed_are_all_there() -> None:
    assert [row[0] for row in rows(CONTRACT, "test")] == ["ST1", "ST2", "ST3", "ST4", "ST5"]


def test_every_section_that_a_comment_refers_to_exists() -> None:
    numbers = {heading.partition(".")[0] for heading in sections(CONTRACT)}
    for path in [*ROOT.glob("sim/**/*.py"), *ROOT.glob("docs/*.md"), *ROOT.glob("scenarios/*.toml")]:
        assert set(re.findall(r"\bcontract (\d+)\b", path.read_text(encoding="utf-8"))) <= numbers, path


# The measures.


def _summary_fields() -> set[tuple[str, str]]:
    """Part and field of everything in a summary, as the page's reference names them."""
    found = {("each of metrics", name) for name in Distribution.__struct_fields__}
    found |= {("each of findings", name) for name in FindingSummary.__struct_fields__}
    for field in msgspec.structs.fields(Summary):
        kind = field.type
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found |= {(field.name, name) for name in kind.__struct_fields__}
        elif field.name != "findings":
            found.add(("top", field.name))
    return found


def test_the_reference_of_the_summary_is_complete() -> None:
    named = [
        (part.replace("`", ""), name)
        for part, names, _ in rows(sections(MEASURES)["`summary.json`"], "part")
        for name in codes(names)
    ]
    assert len(named) == len(set(named))
    assert set(named) == _summary_fields()


def test_figures_named_in_the_text_are_distributions() -> None:
    text = sections(MEASURES)["From sent, and from due"]
    assert set(codes(text)) <= set(Metrics.__struct_fields__)


def test_tables_and_columns_of_the_history() -> None:
    stated = {code(name): codes(columns) for name, _, columns in rows(sections(MEASURES)["`history.npz`"], "table")}
    assert stated == {name: [field.name for field in fields(kind)] for name, kind in TABLES.items()}


def test_the_example_reads_a_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = HistoryBuilder()
    builder.delivery(0, 0, 0, 2, 5, 7, 10)
    (tmp_path / "history.npz").write_bytes(write_histories([builder.build(FRAME, 0)]))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    (example,) = re.findall(r"```python\n(.*?)```", MEASURES, re.DOTALL)
    exec(example, names)
    handling_ns = names["handling_ns"]
    assert isinstance(handling_ns, np.ndarray)
    assert handling_ns.tolist() == [3]


def test_files_of_a_run_folder(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    scenario = loaded(tmp_path, SMALLEST)
    partials = Partials(window_ns=10**9, bucket_ns=10**9)
    executed = Executed(
        scenario=scenario, started=datetime.now(UTC), executor="live", target="embedded", partials=partials,
        history=write_histories([]),
    )  # fmt: skip
    write_executed(run, executed, empty().summary)
    written = {f"{path.name}/" if path.is_dir() else path.name for path in run.iterdir()}
    stated = [name for cell, _ in rows(sections(MEASURES)["The run folder"], "file") for name in codes(cell)]
    assert sorted(stated) == sorted(written)


def test_the_checks_are_those_that_judge_a_run() -> None:
    stated = [code(row[0]) for row in rows(sections(MEASURES)["The checks"], "check")]
    found = [finding.name for finding in judge(Partials(window_ns=1, bucket_ns=1))]
    assert stated == found


def test_verdicts_and_their_exit_codes() -> None:
    stated = {code(verdict): int(number) for verdict, _, number in rows(MEASURES, "verdict")}
    assert stated == {verdict.value: verdict.exit_code for verdict in RunVerdict}


def test_closed_forms_have_the_values_of_the_table() -> None:
    window_s = contract.DEBOUNCE_MS / 1_000
    table = rows(MEASURES, "r, events/s")
    assert len(table) == 8
    for rate_text, ratio, wait_s in table:
        rate = float(rate_text)
        burst = math.exp(rate * window_s)
        assert (float(ratio), float(wait_s)) == (float(f"{burst:.4g}"), float(f"{(burst - 1) / rate:.4g}"))


def test_bounds_have_the_values_of_the_table() -> None:
    table = rows(MEASURES, "opportunities without a leak")
    assert len(table) == 3
    for trials, told in table:
        bound = upper_bound(0, int(trials.replace(",", "")))
        assert bound is not None
        assert float(told) == float(f"{bound:.4g}")
