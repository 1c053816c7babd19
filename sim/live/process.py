"""A worker process of `ztna-sim run --processes N`: started by the engine, never by hand."""

import sys
from dataclasses import replace
from pathlib import Path

from sim.live.engine import serve_share
from sim.live.prepare import plan_of


def main() -> None:
    """Read the plan from the arguments that the engine gives, and serve it."""
    scenario_file, credentials_file, url, seed, workers, master_port, keep_history = sys.argv[1:8]
    plan = plan_of(Path(scenario_file), Path(credentials_file), url, int(seed), tuple(sys.argv[8:]))
    plan = replace(plan, workers=int(workers), keep_history=bool(int(keep_history)))
    serve_share(plan, int(master_port))


if __name__ == "__main__":
    main()
