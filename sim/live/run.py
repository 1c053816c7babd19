"""A live run from start to end, with Locust as a library."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sim.live.embedded import EmbeddedTarget
from sim.live.engine import coordinator_of
from sim.live.prepare import Request, prepared
from sim.live.sharing.coordinator import Coordinator, Outcome
from sim.live.sharing.plan import Plan
from sim.results.executed import Executed


def run_live(
    request: Request, processes: int, takes_over: bool, scratch: Path, watch: Callable[[Coordinator], None]
) -> Executed:
    """Run it. `scratch` is a folder of this run alone, for files that hold secrets; `watch` is called before load.

    Raises as `prepared` for what is wrong before any load; what goes wrong later is the outcome's reason.
    """
    with prepared(request, scratch) as (plan, embedded), coordinator_of(plan, processes, takes_over) as coordinator:
        time_target(coordinator, embedded)
        watch(coordinator)
        started = datetime.now(UTC)
        return executed_of(coordinator.run(), started, request, plan, embedded)


def time_target(coordinator: Coordinator, embedded: EmbeddedTarget | None) -> None:
    """Read the embedded target's CPU clock at both ends of the window."""
    if embedded is not None:
        coordinator.on_window = embedded.begin
        coordinator.on_window_end = embedded.end


def executed_of(
    outcome: Outcome, started: datetime, request: Request, plan: Plan, embedded: EmbeddedTarget | None
) -> Executed:
    """What a run left, with what its target says of itself."""
    target = "embedded" if embedded else plan.url
    return Executed(
        scenario=plan.scenario,
        started=started,
        executor="live",
        target=target,
        partials=outcome.partials,
        history=outcome.history,
        reason=outcome.reason,
        environment={
            "workers": outcome.workers,
            "target": target,
            "target_faults": list(request.faults),
            "target_fault_counters": embedded.fault_counters() if embedded and request.faults else {},
        },
        target_cpu_share=embedded.cpu_share(plan.scenario.duration_s) if embedded else None,
    )
