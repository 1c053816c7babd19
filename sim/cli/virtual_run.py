"""`ztna-sim run --executor virtual`: the same run under a virtual clock, with a modelled network and backend."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from time import perf_counter

from sim.actors import RunRules
from sim.cli.display import Display
from sim.history import write_histories
from sim.results.executed import Executed
from sim.scenario import Scenario
from sim.virtual.executor import VirtualRun
from sim.virtual.faults import Faults


def drive(scenario: Scenario, faults: Sequence[str], keep_history: bool, display: Display) -> Executed:
    """Run it, shown on this display.

    Raises `UsageError` for a fault that the virtual executor does not have.
    """
    run = VirtualRun(RunRules(scenario, scenario.seed), Faults(faults), keep_history)
    started, began_s = datetime.now(UTC), perf_counter()
    run.simulate(lambda done: display.show("simulating", done, [("window", f"{done:.0%}")]))
    took_s = perf_counter() - began_s
    outcome = run.outcome()
    simulated_s = outcome.simulated_ns / 1e9
    display.say(f"{simulated_s:,.1f} s simulated in {took_s:,.2f} s, {simulated_s / took_s:,.0f} x real time")
    return Executed(
        scenario=scenario,
        started=started,
        executor="virtual",
        target="modelled",
        partials=outcome.partials,
        history=write_histories(outcome.histories) if keep_history else None,
        reason=outcome.reason,
        environment={
            "target": "modelled",
            "target_faults": list(faults),
            "target_fault_counters": {name: asdict(count) for name, count in outcome.fault_counts.items()},
            "simulated_s": simulated_s,
            "took_s": took_s,
        },
    )
