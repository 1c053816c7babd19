"""How much faster than real time the virtual executor is.

Time that passes in the model, over the time that it takes: to simulate it, and with the folding of what happened into
the checks. The best of some runs, since a busy machine only ever makes it slower.
"""

import argparse
from time import perf_counter
from typing import Final

from sim.actors import RunRules
from sim.errors import UsageError
from sim.scenario import load
from sim.virtual.executor import VirtualRun
from sim.virtual.faults import Faults

_RUNS: Final = 5


def main() -> None:
    """Print the two ratios of a scenario."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.virtual", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="quick", help="name or TOML file")
    try:
        scenario = load(parser.parse_args().scenario, ())
    except UsageError as error:
        parser.error(str(error))
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
