"""How much faster than real time the virtual executor is: `python -m benchmarks.virtual [SCENARIO]`.

Time that passes in the model, over the time that it takes: to simulate it, and with the folding of what happened into
the checks. The best of some runs, since a busy machine only ever makes it slower.
"""

import sys
from time import perf_counter
from typing import Final

from sim.actors import RunRules
from sim.scenario import load
from sim.virtual.executor import VirtualRun
from sim.virtual.faults import Faults

_RUNS: Final = 5


def main() -> None:
    """Print the two ratios of a scenario."""
    scenario = load(sys.argv[1] if len(sys.argv) > 1 else "quick", ())
    simulating, all_of_it = [], []
    for _ in range(_RUNS):
        run = VirtualRun(RunRules(scenario, scenario.seed), Faults(), keep_history=False)
        began_s = perf_counter()
        run.simulate(lambda _: None)
        simulated_s = perf_counter()
        passed_s = run.outcome().simulated_ns / 1e9
        simulating.append(passed_s / (simulated_s - began_s))
        all_of_it.append(passed_s / (perf_counter() - began_s))
    print(f"{scenario.name}: {max(simulating):,.0f} x real time, with all checks {max(all_of_it):,.0f} x")  # noqa: T201


if __name__ == "__main__":
    main()
