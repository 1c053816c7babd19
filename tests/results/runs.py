"""Runs of the small language as they are left in a folder."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sim.checks import observe
from sim.checks.generator import Generator, Limits
from sim.checks.partials import merge_all
from sim.history import History, write_histories
from sim.results.executed import Executed
from sim.results.folder import created_folder, write_run
from sim.scenario import load
from sim.stats import Histogram
from tests.checks.words import CLEAN
from tests.histories import history, ns

STARTED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
LOSSY = f"{CLEAN} w1-@3000-3004"


def organisations(*words: str) -> list[History]:
    """An organisation for each text."""
    return [history(text, organisation=number) for number, text in enumerate(words)]


def written(parent: Path, histories: list[History], *, keep: bool, reason: str | None = None, seed: int = 7) -> Path:
    """The folder of a run of these histories; a history with nothing after its start is one of the warm-up alone."""
    scenario = load("quick", [f"seed={seed}"])
    measured = [each for each in histories if each.frame.ended_ns >= 0]
    digests = (bytes([each.frame.organisation] * 32) for each in measured)
    partials = merge_all(map(observe, measured, digests), ns(10_000), ns(1_000))
    generator = Generator(limits=Limits(50, 50, 0.9), lateness=Histogram.of([1_000]), cpu_shares=(0.5,), workers=1)
    partials = msgspec.structs.replace(partials, generator=generator)
    executed = Executed(
        scenario=scenario,
        started=STARTED,
        executor="live",
        target="embedded",
        partials=partials,
        history=write_histories(histories) if keep else None,
        reason=reason,
        environment={"workers": 1},
    )
    with created_folder(parent, scenario, STARTED) as folder:
        write_run(folder, executed, executed.summary())
    return folder
