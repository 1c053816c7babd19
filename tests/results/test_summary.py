import json
from collections.abc import Mapping
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.results.summary import (
    SCHEMA,
    Blind,
    Collapse,
    Convergence,
    Distribution,
    FindingSummary,
    Leakage,
    Loss,
    Metrics,
    Refusals,
    RunVerdict,
    Staleness,
    Starvation,
    Summary,
    decode,
    encode,
)
from tests.report.samples import all_of_them, empty, held

S = TypeVar("S", bound=msgspec.Struct)

numbers = st.floats(allow_nan=False, allow_infinity=False)
figures = st.none() | numbers
counts = st.integers(0, 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))  # JSON is UTF-8, which has no surrogates

distributions = st.builds(
    Distribution,
    count=counts,
    mean=figures,
    p50=figures,
    p90=figures,
    p95=figures,
    p99=figures,
    p999=figures,
    max=figures,
)
findings = st.builds(
    FindingSummary, name=texts, verdict=texts, value=figures, unit=texts, count=counts, bound=figures,
    first=st.none() | texts, worst=st.none() | texts, last=st.none() | texts, text=texts,
)  # fmt: skip


_VALUES: Mapping[object, st.SearchStrategy[int | float | None]] = {
    int: counts, float | None: figures, int | None: st.none() | counts,
}  # fmt: skip


def _section(kind: type[S]) -> st.SearchStrategy[S]:
    """Any section of this kind: a value of its type in every field."""
    return st.builds(kind, **{field.name: _VALUES[field.type] for field in msgspec.structs.fields(kind)})


@st.composite
def summaries(draw: st.DrawFn) -> Summary:
    """Any summary: the held sample with everything else that a run may fill in."""
    return msgspec.structs.replace(
        held().summary,
        scenario=draw(texts),
        question=draw(texts),
        seed=draw(st.integers(-(2**63), 2**63 - 1)),
        verdict=draw(st.sampled_from(RunVerdict)),
        partial=draw(st.booleans()),
        reason=draw(st.none() | texts),
        metrics=Metrics(**{name: draw(distributions) for name in Metrics.__struct_fields__}),
        collapse=draw(_section(Collapse)),
        leakage=draw(_section(Leakage)),
        loss=draw(_section(Loss)),
        refusals=draw(_section(Refusals)),
        convergence=draw(_section(Convergence)),
        staleness=draw(_section(Staleness)),
        starvation=draw(_section(Starvation)),
        blind=draw(_section(Blind)),
        findings=draw(st.lists(findings, max_size=3)),
    )


@given(summaries())
def test_what_is_written_is_read_again(summary: Summary) -> None:
    assert decode(encode(summary)) == summary


@pytest.mark.parametrize("name", list(all_of_them()))
def test_the_file_is_indented_json_with_a_final_newline(name: str) -> None:
    data = encode(all_of_them()[name].summary)
    assert data.startswith(b'{\n  "schema": 1,\n')
    assert data.endswith(b"}\n")
    assert json.loads(data)["schema"] == SCHEMA


def test_the_keys_that_others_rely_on_are_there() -> None:
    file = json.loads(encode(held().summary))
    assert {"schema", "scenario", "seed", "schedule_hash", "executor", "verdict", "partial", "reason"} <= file.keys()
    latency = {"unit", "count", "mean", "p50", "p90", "p95", "p99", "p999", "max"}
    for name in ("event_to_refetch", "delivery", "debounce", "refetch", "write", "lateness"):
        assert latency <= file["metrics"][name].keys()
    assert {"leaks", "opportunities", "upper_bound_95", "leaked_events", "announced_events"} <= file["leakage"].keys()
    finding = {"name", "verdict", "value", "unit", "count", "bound", "first", "worst", "last", "text"}
    assert finding <= file["findings"][0].keys()


def test_what_was_not_measured_is_null() -> None:
    file = json.loads(encode(empty().summary))
    assert file["metrics"]["delivery"]["p50"] is None
    assert file["leakage"]["upper_bound_95"] is None
    assert file["verdict"] == "unknown"


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"schema": "one"}'])
def test_bytes_that_are_no_summary_are_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def test_a_later_file_with_more_fields_is_read() -> None:
    file = json.loads(encode(held().summary))
    file["invented_later"] = {"x": 1}
    assert decode(json.dumps(file).encode()) == held().summary
