"""Each fault of the target is caught by the check that exists for it, with the target's own count."""

from pathlib import Path

import pytest

from tests.e2e.commands import Ended, environment_of, finding, run_folder, scenario, section, settings, ztna


def _hits(tmp_path: Path, fault: str) -> int:
    """How often the target itself says that the fault hit."""
    counters = environment_of(run_folder(tmp_path / "results"))["target_fault_counters"]
    assert isinstance(counters, dict)
    hits = counters[fault]["hits"]
    assert isinstance(hits, int)
    assert hits > 0
    return hits


def _failed(tmp_path: Path, fault: str, *overrides: str) -> Ended:
    shown = ztna("run", scenario(tmp_path), "--json", "--fault", fault, *settings(*overrides), cwd=tmp_path)
    assert shown.code == 1, shown.err
    assert shown.summary["verdict"] == "failed"
    return shown


def test_leak_event(tmp_path: Path) -> None:
    summary = _failed(tmp_path, "leak_event:5").summary
    assert section(summary, "leakage")["leaks"] == _hits(tmp_path, "leak_event")
    assert finding(summary, "leakage")["verdict"] == "FAILED"


def test_leak_row(tmp_path: Path) -> None:
    summary = _failed(tmp_path, "leak_row:3").summary
    assert section(summary, "leakage")["leaked_rows"] == _hits(tmp_path, "leak_row")
    assert finding(summary, "leakage")["verdict"] == "FAILED"


def test_drop_event(tmp_path: Path) -> None:
    summary = _failed(tmp_path, "drop_event:7", "loss.deadline_s=1").summary
    assert section(summary, "loss")["lost"] == _hits(tmp_path, "drop_event")
    assert finding(summary, "loss")["verdict"] == "FAILED"


def test_duplicate_event(tmp_path: Path) -> None:
    summary = _failed(tmp_path, "duplicate_event:7").summary
    assert section(summary, "loss")["duplicates"] == _hits(tmp_path, "duplicate_event")
    assert finding(summary, "loss")["verdict"] == "FAILED"


def test_delay_event(tmp_path: Path) -> None:
    objective = "delivery.p50_ms < 300"
    summary = _failed(tmp_path, "delay_event:300", f"objectives=['{objective}']").summary
    metrics = summary["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["delivery"]["count"] == _hits(tmp_path, "delay_event")
    assert finding(summary, f"objective: {objective}")["verdict"] == "FAILED"


def test_freeze(tmp_path: Path) -> None:
    objective = "write_from_due.max_ms < 700"
    summary = _failed(tmp_path, "freeze:1:900", f"objectives=['{objective}']", "duration_s=3").summary
    assert _hits(tmp_path, "freeze") == 1
    assert finding(summary, f"objective: {objective}")["verdict"] == "FAILED"


@pytest.mark.parametrize("page", ["dashboard", "health"])
def test_without_a_fault_there_is_none(page: str, tmp_path: Path) -> None:
    shown = ztna("run", scenario(tmp_path), "--json", *settings(f"dashboard.page={page}"), cwd=tmp_path)
    assert shown.code == 0, shown.out + shown.err
    assert environment_of(run_folder(tmp_path / "results"))["target_fault_counters"] == {}
