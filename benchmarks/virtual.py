"""How much faster than real time the virtual executor is: `python -m benchmarks.virtual [SCENARIO]`.

Time that passes in the model, over the time that modelling it takes, the folding of its history into the checks
included; the best of some runs, since a busy machine only ever makes it slower. Measured on one core of a machine of
2024: 460 for `quick` alone, of which folding takes most.
"""

import sys
from time import perf_counter
from typing import Final

from sim.actors import RunRules
from sim.scenario import load
from sim.virtual.executor import run_virtual
from sim.virtual.faults import Faults

_RUNS: Final = 5


def main() -> None:
    """Print the ratio of a scenario."""
    scenario = load(sys.argv[1] if len(sys.argv) > 1 else "quick", ())
    ratios = []
    for _ in range(_RUNS):
        began_s = perf_counter()
        outcome = run_virtual(RunRules(scenario, scenario.seed), Faults(), False, lambda _: None)
        ratios.append(outcome.simulated_ns / 1e9 / (perf_counter() - began_s))
    print(f"{scenario.name}: {max(ratios):,.0f} x real time (runs: {', '.join(f'{ratio:,.0f}' for ratio in ratios)})")  # noqa: T201


if __name__ == "__main__":
    main()
