import json
import os
from pathlib import Path

import numpy as np
import pytest

from sim.errors import RunFolderError
from sim.results.executed import Executed
from sim.results.figures import Figures
from sim.results.folder import (
    ENVIRONMENT,
    HISTOGRAMS,
    HISTORY,
    LATEST,
    PARTIALS,
    SCENARIO,
    SUMMARY,
    created_folder,
    find_run,
    read_run,
    write_run,
)
from sim.scenario import load
from tests.checks.words import CLEAN
from tests.results.runs import STARTED, organisations, written


def test_a_folder_is_named_after_scenario_time_and_seed(tmp_path: Path) -> None:
    with created_folder(tmp_path / "results", load("quick", ["seed=7"]), STARTED) as folder:
        assert folder == tmp_path / "results" / "quick-20260301T120000Z-7"
        assert folder.is_dir()


def test_a_run_that_writes_nothing_leaves_nothing(tmp_path: Path) -> None:
    with created_folder(tmp_path / "results", load("quick"), STARTED):
        pass
    assert not (tmp_path / "results").exists()
    (tmp_path / "kept").mkdir()
    with created_folder(tmp_path / "kept", load("quick"), STARTED):
        pass
    assert (tmp_path / "kept").is_dir()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    scenario = load("quick", ["seed=7"])
    with created_folder(tmp_path, scenario, STARTED) as first, created_folder(tmp_path, scenario, STARTED) as second:
        assert [folder.name.rpartition("Z-")[2] for folder in (first, second)] == ["7", "7-2"]
        assert first.is_dir()
        assert second.is_dir()


def test_a_run_is_read_again_as_it_was_written(tmp_path: Path) -> None:
    folder = written(tmp_path, organisations(CLEAN, CLEAN), keep=True)
    run = read_run(folder)
    assert run.scenario == load("quick", ["seed=7"])
    assert (run.summary.scenario, run.summary.seed, run.summary.load.writes) == ("quick", 7, 2)
    assert run.partials.latency.histograms["delivery"].count == run.summary.metrics.delivery.count == 2
    assert {file.name for file in folder.iterdir()} == {
        SUMMARY, SCENARIO, ENVIRONMENT, PARTIALS, HISTOGRAMS, HISTORY,
    }  # fmt: skip
    assert json.loads((folder / ENVIRONMENT).read_text())["workers"] == 1


def test_the_figures_of_a_run_that_was_read_are_those_of_the_file(tmp_path: Path) -> None:
    folder = written(tmp_path, organisations(CLEAN, CLEAN), keep=False)
    kept, again = Figures.from_bytes((folder / HISTOGRAMS).read_bytes()), read_run(folder).figures
    np.testing.assert_array_equal(kept.writes_per_bucket, again.writes_per_bucket)
    np.testing.assert_array_equal(kept.histograms["delivery"].count, again.histograms["delivery"].count)
    assert kept.writes_per_bucket.sum() == 2


def test_the_history_is_kept_only_when_asked_for(tmp_path: Path) -> None:
    assert not (written(tmp_path, organisations(CLEAN), keep=False) / HISTORY).exists()
    assert (written(tmp_path, organisations(CLEAN), keep=True) / HISTORY).exists()


@pytest.mark.parametrize("name", [SUMMARY, PARTIALS, SCENARIO])
@pytest.mark.parametrize("data", [b"", b"{}", b"{", b"\xff\xfe\x00", b"schema = 1\n", b"null"])
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, name: str, data: bytes) -> None:
    folder = written(tmp_path, organisations(CLEAN), keep=False)
    (folder / name).write_bytes(data)
    with pytest.raises(RunFolderError, match=f"^{folder}: damaged: ") as raised:
        read_run(folder)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("name", [SUMMARY, PARTIALS, SCENARIO])
def test_a_missing_file_is_one_clear_line(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path, organisations(CLEAN), keep=False)
    (folder / name).unlink()
    with pytest.raises(RunFolderError, match=name):
        read_run(folder)


def test_a_folder_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"not a run folder \(summary.json: No such file or directory\)"):
        read_run(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RunFolderError, match=r"^--out .*/file: the run folder cannot be made: Not a directory$"):
        created_folder(tmp_path / "file", load("quick"), STARTED).__enter__()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, organisations(CLEAN), keep=False))
    gone = tmp_path / "gone"
    executed = Executed(
        scenario=run.scenario, started=STARTED, executor="live", target="embedded", partials=run.partials
    )
    with pytest.raises(RunFolderError, match=r"gone/summary.json: cannot be written: No such file or directory"):
        write_run(gone, executed, run.summary)


def test_latest_is_the_run_whose_summary_is_the_newest(tmp_path: Path) -> None:
    older, newer = (written(tmp_path, organisations(CLEAN), keep=False, seed=seed) for seed in (9, 3))
    os.utime(older / SUMMARY, (1_000, 1_000))
    os.utime(newer / SUMMARY, (2_000, 2_000))
    (tmp_path / "no run").mkdir()
    assert find_run(LATEST, tmp_path) == newer
    os.utime(older / SUMMARY, (3_000, 3_000))
    assert find_run(LATEST, tmp_path) == older


def test_a_run_is_found_by_its_path_and_by_its_name(tmp_path: Path) -> None:
    folder = written(tmp_path, organisations(CLEAN), keep=False)
    assert find_run(str(folder), tmp_path / "elsewhere") == folder
    assert find_run(folder.name, tmp_path) == folder


def test_where_there_is_no_run_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"there is no run in .* yet: `ztna-sim run quick` makes one"):
        find_run(LATEST, tmp_path)
    with pytest.raises(RunFolderError, match=r"nothing: there is no such folder, nor .*; `latest` is the newest run"):
        find_run("nothing", tmp_path)
