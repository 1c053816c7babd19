"""`ztna-sim run`, live: real sockets against a target."""

import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from sim.cli.executed import Executed
from sim.cli.live_display import LiveDisplay
from sim.live.coordinator import Coordinator
from sim.live.run import Request, run_live


def drive(request: Request, display: LiveDisplay) -> Executed:
    """Run it, shown on this display. Ctrl-C ends it early; what was measured is kept."""

    def watch(coordinator: Coordinator) -> None:
        display.follow(coordinator)
        _on_interrupt(lambda: coordinator.halt("ended by the user"))

    with tempfile.TemporaryDirectory(prefix="ztna-sim-") as scratch:
        result = run_live(request, Path(scratch), watch)
    return Executed(
        executor="live",
        target=result.target,
        partials=result.outcome.partials,
        history=result.outcome.history,
        reason=result.outcome.reason,
        environment={
            "workers": request.workers,
            "target": result.target,
            "target_faults": list(request.faults),
            "target_fault_counters": result.fault_counters,
        },
        target_cpu_share=result.target_cpu_share,
    )


def _on_interrupt(halt: Callable[[], None]) -> None:
    """Ctrl-C once ends the run with a folder; twice, at once and without."""
    import gevent

    def interrupted() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        halt()

    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, interrupted)
