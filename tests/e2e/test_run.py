"""Whole runs against the embedded target."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.commands import Ended, finding, run_folder, scenario, section, settings, together, ztna

FILES = {
    "summary.json", "summary.md", "scenario.toml", "environment.json", "histograms.npz", "partials.json",
    "plots", "report.html", "junit.xml",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def quick(home: Path) -> Ended:
    """The shipped scenario, shortened; bounds that a busy test machine could miss are left out."""
    lenient = settings(
        "duration_s=2",
        'objectives=["leakage.leaks == 0", "loss.lost == 0"]',
        "generator.max_lateness_ms=60000",
        "generator.max_hub_lag_ms=60000",
        "generator.max_cpu_share=1.0",
    )
    return ztna("run", "quick", *lenient, "--json", "--history", "--out", "quick", cwd=home)


def _run_and_check(folder: Path, processes: str) -> tuple[Ended, Ended]:
    run = ztna("run", scenario(folder), "--json", "--history", "--processes", processes, cwd=folder)
    return run, ztna("check", "latest", "--json", cwd=folder)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[Ended, Ended]]]:
    """A run with so many workers, and its findings from the kept history."""
    runs = {number: partial(_run_and_check, processes=number) for number in ("1", "2", "4")}
    with together(runs, tmp_path_factory) as run_of:
        yield run_of


def test_a_sound_target_is_held_and_stdout_is_the_summary_alone(quick: Ended) -> None:
    assert quick.code == 0, quick.err
    summary = quick.summary
    assert (summary["verdict"], summary["partial"], summary["reason"]) == ("held", False, None)
    assert all(found["verdict"] == "HELD" for found in summary["findings"])  # type: ignore[attr-defined]
    assert "measuring" in quick.err


def test_every_event_arrived_and_was_shown(quick: Ended) -> None:
    summary = quick.summary
    load, loss = section(summary, "load"), section(summary, "loss")
    assert load["transitions"] > 0
    assert load["deliveries"] == loss["expected"] >= 2 * load["transitions"]  # and the probes' PATCHes
    assert (loss["lost"], loss["duplicates"], loss["out_of_order"], load["unexplained_deliveries"]) == (0, 0, 0, 0)
    metrics = summary["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["event_to_refetch"]["count"] == 2 * load["transitions"]


def test_the_mean_is_the_sum_of_the_means_of_its_parts(quick: Ended) -> None:
    metrics = quick.summary["metrics"]
    assert isinstance(metrics, dict)
    whole = metrics["event_to_refetch"]["mean"]
    parts = sum(metrics[name]["mean"] for name in ("delivery", "debounce", "refetch"))
    assert parts == pytest.approx(whole, abs=0.01)


def test_the_run_folder_is_whole(quick: Ended, home: Path) -> None:
    folder = run_folder(home / "quick")
    assert re.fullmatch(r"quick-\d{8}T\d{6}Z-1", folder.name)
    assert {path.name for path in folder.iterdir()} == FILES | {"history.npz"}
    assert json.loads((folder / "summary.json").read_text()) == quick.summary


def test_no_secret_is_in_any_output_or_file(quick: Ended, home: Path) -> None:
    """Tokens, node keys and passwords of the reference backend have shapes that nothing else has."""
    texts = [quick.out, quick.err] + [
        path.read_bytes().decode(errors="replace") for path in run_folder(home / "quick").rglob("*") if path.is_file()
    ]
    for text in texts:
        assert not re.search(r"eyJ[\w-]{10}", text)  # how each JWT begins; three letters alone are in any large image
        assert "node_key" not in text
        assert "password" not in text.lower().replace("e-mail and password", "")


def test_a_kept_history_gives_the_same_findings_again(quick: Ended, home: Path) -> None:
    again = ztna("check", "latest", "--json", "--out", "quick", cwd=home)
    assert again.code == 0
    assert again.summary["findings"] == quick.summary["findings"]


def test_an_objective_that_fails_is_1(quick: Ended, home: Path) -> None:
    assert quick.code == 0
    judged = ztna("check", "latest", "--objective", "collapse.ratio > 1000", "--out", "quick", "--json", cwd=home)
    assert judged.code == 1
    assert finding(judged.summary, "objective: collapse.ratio > 1000")["verdict"] == "FAILED"


def test_an_objective_that_is_none_is_2(quick: Ended, home: Path) -> None:
    assert quick.code == 0
    judged = ztna("check", "latest", "--objective", "nonsense", "--out", "quick", cwd=home)
    assert (judged.code, judged.out) == (2, "")
    assert "nonsense" in judged.err


def test_the_report_is_written_again(quick: Ended, home: Path) -> None:
    folder = run_folder(home / "quick")
    for name in ("report.html", "summary.md", "junit.xml"):
        (folder / name).unlink()
    again = ztna("report", folder.name, "--out", "quick", cwd=home)
    assert again.code == 0
    assert {path.name for path in folder.iterdir()} == FILES | {"history.npz"}
    assert json.loads((folder / "summary.json").read_text()) == quick.summary


@pytest.mark.parametrize("number", ["2", "4"])
def test_any_number_of_workers_runs_the_same_schedule(
    number: str, workers: Callable[[str], tuple[Ended, Ended]]
) -> None:
    (alone, _), (shared, checked) = workers("1"), workers(number)
    assert (alone.code, shared.code) == (0, 0), shared.err
    assert alone.summary["schedule_hash"] == shared.summary["schedule_hash"]
    assert section(shared.summary, "generator")["workers"] == int(number)
    assert section(shared.summary, "loss")["lost"] == 0
    for figure in ("organisations", "machines", "dashboards", "writes", "transitions", "deliveries"):
        assert section(alone.summary, "load")[figure] == section(shared.summary, "load")[figure]
    assert section(alone.summary, "loss")["expected"] == section(shared.summary, "loss")["expected"]
    # Observed again from all workers' histories: what was merged is what one process would have found.
    assert checked.summary["findings"] == shared.summary["findings"]
    assert checked.summary["metrics"] == shared.summary["metrics"]
