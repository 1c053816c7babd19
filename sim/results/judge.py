"""A run judged again from its folder: the same pure functions over what was kept."""

from collections.abc import Sequence

import msgspec

from sim.checks import Partials, observe
from sim.checks.partials import merge_all
from sim.errors import RunFolderError
from sim.history import read_histories
from sim.results.conclude import RunFacts, summarise
from sim.results.folder import HISTORY, Run
from sim.results.summary import Summary
from sim.scenario import Objective


def judged_again(run: Run, objectives: Sequence[Objective]) -> Summary:
    """The summary under these objectives; from the kept history if there is one, else from the partial results.

    Raises `RunFolderError` for a history that cannot be read.
    """
    kept = run.summary
    facts = RunFacts(
        scenario=kept.scenario,
        question=kept.question,
        seed=kept.seed,
        started_utc=kept.started_utc,
        executor=kept.executor,
        target=kept.target,
        actors=kept.actors,
        reason=kept.reason if kept.partial else None,
        target_cpu_share=kept.generator.target_cpu_share,
    )
    return summarise(_partials(run), facts, objectives)


def _partials(run: Run) -> Partials:
    file = run.folder / HISTORY
    if not file.exists():
        return run.partials
    try:
        histories = read_histories(file.read_bytes())
    except OSError as error:
        raise RunFolderError(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RunFolderError(f"{file}: damaged: {error}") from None
    digests = run.partials.schedule_digests
    # A history without a digest ended in the warm-up: it is kept, but nothing of it was measured.
    measured = [history for history in histories if history.frame.organisation in digests]
    observed = (observe(history, digests[history.frame.organisation]) for history in measured)
    merged = merge_all(observed, run.partials.window_ns, run.partials.bucket_ns)
    return msgspec.structs.replace(merged, generator=run.partials.generator)
