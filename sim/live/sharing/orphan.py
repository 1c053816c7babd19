"""What becomes of a worker's figures when its coordinator has gone away: a partial run folder of its own."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from sim.checks import Partials
from sim.errors import RunFolderError
from sim.live.sharing.plan import Plan
from sim.report.folder import write_executed
from sim.results.executed import Executed
from sim.results.folder import created_folder


def write_orphan(plan: Plan, partials: Partials, history: bytes, reason: str) -> None:
    """Write a run folder of this worker's organisations alone, and say where it is on stderr."""
    scenario = plan.scenario
    executed = Executed(
        scenario=scenario,
        started=datetime.now(UTC) - timedelta(seconds=scenario.duration_s),
        executor="live",
        target=plan.url,
        partials=_alone(partials, scenario.fleet.organisations),
        history=history or None,
        reason=f"{reason}; these are the organisations of one worker",
        environment={"target": plan.url},
    )
    try:
        with created_folder(Path(plan.out), scenario, executed.started) as folder:
            write_executed(folder, executed, executed.summary())
            sys.stderr.write(f"ztna-sim: {reason}; what this worker measured is in {folder}\n")
    except RunFolderError as error:
        sys.stderr.write(f"ztna-sim: {reason}; {error}\n")


def _alone(partials: Partials, organisations: int) -> Partials:
    """The partial results, which say themselves what is missing."""
    missing = tuple(number for number in range(organisations) if number not in partials.schedule_digests)
    generator = partials.generator
    if generator is None:
        return partials
    return msgspec.structs.replace(partials, generator=msgspec.structs.replace(generator, lost_organisations=missing))
