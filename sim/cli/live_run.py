"""`ztna-sim run`, live: real sockets against a target."""

import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from sim.cli.live_display import LiveDisplay
from sim.live.prepare import Request
from sim.live.run import run_live
from sim.live.sharing.coordinator import Coordinator
from sim.results.executed import Executed


def drive(request: Request, processes: int, takes_over: bool, display: LiveDisplay) -> Executed:
    """Run it, shown on this display. Ctrl-C ends it early; what was measured is kept."""

    def watch(coordinator: Coordinator) -> None:
        display.follow(coordinator)
        _on_interrupt(lambda: coordinator.halt("ended by the user"))

    with tempfile.TemporaryDirectory(prefix="ztna-sim-") as scratch:
        return run_live(request, processes, takes_over, Path(scratch), watch)


def _on_interrupt(halt: Callable[[], None]) -> None:
    """Ctrl-C once ends the run with a folder; twice, at once and without."""
    import gevent

    def interrupted() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        halt()

    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, interrupted)
