"""What a worker leaves whose coordinator has gone away."""

import json
from pathlib import Path

import msgspec
import pytest

from sim.checks import Partials, observe
from sim.checks.generator import Generator, Limits
from sim.checks.partials import merge_all
from sim.history import read_histories, write_histories
from sim.live.sharing.orphan import write_orphan
from sim.live.sharing.plan import Plan
from sim.results.folder import read_run
from sim.results.summary import RunVerdict
from sim.stats import Histogram
from tests.checks.words import CLEAN
from tests.histories import history, ns
from tests.live.plans import NOWHERE, plan_of, scenario

GONE = "the coordinator went away"


def _partials(*organisations: int, instruments: bool = True) -> Partials:
    parts = [observe(history(CLEAN, organisation=number), bytes([number] * 32)) for number in organisations]
    whole = merge_all(parts, ns(10_000), ns(1_000))
    generator = Generator(limits=Limits(50, 50, 0.9), lateness=Histogram.of([1_000]), cpu_shares=(0.5,), workers=1)
    return msgspec.structs.replace(whole, generator=generator if instruments else None)


def _plan(out: Path) -> Plan:
    return plan_of(scenario(4, 10.0), out=str(out))


def _folder(parent: Path) -> Path:
    (folder,) = parent.iterdir()
    return folder


def test_it_is_a_run_folder_that_can_be_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = write_histories([history(CLEAN, organisation=number) for number in (1, 3)])
    write_orphan(_plan(tmp_path / "out"), _partials(1, 3), kept, GONE)
    folder = _folder(tmp_path / "out")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"ztna-sim: {GONE}; what this worker measured is in {folder}\n")
    run = read_run(folder)
    assert (run.scenario.name, run.summary.scenario, run.summary.executor) == ("small", "small", "live")
    assert set(run.partials.schedule_digests) == {1, 3}
    assert run.summary.load.organisations == 2
    assert (folder / "report.html").stat().st_size > 0
    again = read_histories((folder / "history.npz").read_bytes())
    assert sorted(one.frame.organisation for one in again) == [1, 3]
    assert json.loads((folder / "environment.json").read_text())["target"] == NOWHERE
    for file in folder.rglob("*"):
        assert not file.is_file() or b"tok-secret" not in file.read_bytes(), file


def test_it_is_partial_says_why_and_judges_nothing_that_it_did_not_see(tmp_path: Path) -> None:
    write_orphan(_plan(tmp_path), _partials(1, 3), b"", GONE)
    folder = _folder(tmp_path)
    run = read_run(folder)
    assert (run.summary.partial, run.summary.reason) == (True, f"{GONE}; these are the organisations of one worker")
    assert run.summary.verdict is not RunVerdict.HELD
    assert [finding.name for finding in run.summary.findings if finding.verdict == "HELD"] == []
    assert run.partials.generator is not None
    assert run.partials.generator.lost_organisations == (0, 2)
    assert not (folder / "history.npz").exists()


def test_two_workers_of_one_machine_take_a_folder_each(tmp_path: Path) -> None:
    for organisations in ((0,), (0, 1, 2, 3)):
        write_orphan(_plan(tmp_path), _partials(*organisations), b"", GONE)
    one, all_of_them = (read_run(folder) for folder in sorted(tmp_path.iterdir()))
    assert set(one.partials.schedule_digests) == {0}
    assert all_of_them.partials.generator is not None
    assert all_of_them.partials.generator.lost_organisations == ()
    assert (all_of_them.summary.verdict, all_of_them.summary.partial) == (RunVerdict.UNKNOWN, True)


def test_even_of_nothing_there_is_one(tmp_path: Path) -> None:
    write_orphan(_plan(tmp_path), _partials(instruments=False), b"", GONE)
    run = read_run(_folder(tmp_path))
    assert (run.summary.partial, run.summary.load.organisations) == (True, 0)


def test_where_it_cannot_be_written_that_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("a file")
    write_orphan(_plan(tmp_path / "out"), _partials(0), b"", GONE)
    said = capsys.readouterr().err
    assert said.startswith(f"ztna-sim: {GONE}; --out {tmp_path / 'out'}: ")
    assert said.count("\n") == 1
