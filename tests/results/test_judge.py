from pathlib import Path

import msgspec
import pytest

from sim.errors import RunFolderError
from sim.results.folder import HISTORY, read_run
from sim.results.judge import judged_again
from sim.results.summary import RunVerdict
from sim.scenario import Objective
from tests.checks.words import CLEAN
from tests.histories import history
from tests.results.runs import LOSSY, organisations, written

OBJECTIVES = [Objective.parse("loss.lost == 0"), Objective.parse("event_to_refetch.p95_ms < 400")]


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("words", [CLEAN, LOSSY])
def test_a_run_that_is_judged_again_by_its_own_objectives_is_the_same(tmp_path: Path, keep: bool, words: str) -> None:
    run = read_run(written(tmp_path, organisations(CLEAN, words), keep=keep))
    assert judged_again(run, run.scenario.objectives) == run.summary


def test_the_kept_history_gives_what_the_partial_results_give(tmp_path: Path) -> None:
    with_history, without = (
        judged_again(read_run(written(tmp_path, organisations(CLEAN, LOSSY), keep=keep)), OBJECTIVES)
        for keep in (True, False)
    )
    assert with_history == without
    assert [finding.verdict for finding in with_history.findings if "objective" in finding.name] == ["FAILED", "FAILED"]


def test_other_objectives_give_another_verdict(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, organisations(CLEAN, CLEAN), keep=False))
    assert judged_again(run, []).verdict is RunVerdict.HELD
    assert judged_again(run, OBJECTIVES).verdict is RunVerdict.FAILED


def test_the_history_is_observed_anew(tmp_path: Path) -> None:
    folder = written(tmp_path, organisations(CLEAN, CLEAN), keep=True)
    lossy = written(tmp_path, organisations(CLEAN, LOSSY), keep=True)
    (folder / HISTORY).write_bytes((lossy / HISTORY).read_bytes())
    assert judged_again(read_run(folder), []).loss.lost == 1


@pytest.mark.parametrize("keep", [True, False])
def test_a_partial_run_stays_partial(tmp_path: Path, keep: bool) -> None:
    run = read_run(written(tmp_path, organisations(CLEAN, CLEAN), keep=keep, reason="interrupted"))
    again = judged_again(run, [])
    assert (again.partial, again.reason, again.verdict) == (True, "interrupted", RunVerdict.UNKNOWN)


def test_a_run_that_ended_in_its_warm_up_is_judged_though_its_history_was_kept(tmp_path: Path) -> None:
    warm_up = history("p0@-600..-100 s0@-500.. w1+@-300--290", ended_ms=-100)
    run = read_run(written(tmp_path, [warm_up], keep=True, reason="the target stopped answering"))
    again = judged_again(run, run.scenario.objectives)
    assert again == run.summary
    assert (again.load.organisations, again.verdict) == (0, RunVerdict.UNKNOWN)


@pytest.mark.parametrize("data", [b"", b"no such thing", b"PK\x03\x04"])
def test_a_damaged_history_is_one_clear_line(tmp_path: Path, data: bytes) -> None:
    folder = written(tmp_path, organisations(CLEAN), keep=True)
    (folder / HISTORY).write_bytes(data)
    with pytest.raises(RunFolderError, match=r"history\.npz: damaged: "):
        judged_again(read_run(folder), [])


def test_a_history_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    folder = written(tmp_path, organisations(CLEAN), keep=False)
    (folder / HISTORY).mkdir()
    with pytest.raises(RunFolderError, match=r"history\.npz: cannot be read: Is a directory"):
        judged_again(read_run(folder), [])


def test_judging_again_leaves_the_run_alone(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, organisations(CLEAN), keep=True))
    before = msgspec.structs.asdict(run.summary)
    judged_again(run, OBJECTIVES)
    assert msgspec.structs.asdict(read_run(run.folder).summary) == before
