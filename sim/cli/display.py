"""What a run shows while it runs: one live block on a terminal, plain lines elsewhere."""

import sys
from pathlib import Path
from time import monotonic_ns
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import gevent
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sim.live.coordinator import Coordinator, Phase
from sim.live.progress import Progress
from sim.report.terminal import render_terminal
from sim.results.summary import Summary, encode

if TYPE_CHECKING:
    from gevent import Greenlet

_BLOCK_INTERVAL_S: Final = 0.5
_LINE_INTERVAL_S: Final = 5.0
_BAR_WIDTH: Final = 40


class Display:
    """Follows a coordinator. Drawing is left to a greenlet, twice a second: it costs the load generator little."""

    def __init__(self, to_stderr: bool) -> None:
        self._console = Console(stderr=to_stderr, highlight=False)
        self._live: Live | None = None
        self._follower: Greenlet[[Coordinator], None] | None = None
        self._last: tuple[int, Progress] = (0, Progress())
        self._window_from_ns = 0

    def __enter__(self) -> Self:
        self.say("starting")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def say(self, text: str) -> None:
        """One line about what happens now."""
        self._stop()
        self._console.print(Text(f"{text} ..."))

    def follow(self, coordinator: Coordinator) -> None:
        """Show this run until it is over."""
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._follower = gevent.spawn(self._show, coordinator)

    def conclude(self, summary: Summary, report: Path | None, as_json: bool) -> None:
        """The summary for people, and as JSON on stdout if asked for; `report` is None where none was written."""
        self._console.print(render_terminal(summary, report))
        if as_json:
            sys.stdout.write(encode(summary).decode())
            sys.stdout.flush()

    def _stop(self) -> None:
        if self._follower is not None:
            self._follower.kill()
            self._follower = None
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _show(self, coordinator: Coordinator) -> None:
        shown: Phase | None = None
        next_line_ns = 0
        while coordinator.phase is not Phase.OVER:
            now_ns = monotonic_ns()
            if self._live is not None:
                self._live.update(self._block(coordinator, now_ns), refresh=True)
            elif coordinator.phase is not shown or now_ns >= next_line_ns:
                shown, next_line_ns = coordinator.phase, now_ns + round(_LINE_INTERVAL_S * 1e9)
                self._console.print(self._line(coordinator, now_ns), soft_wrap=True)
            gevent.sleep(_BLOCK_INTERVAL_S)

    def _block(self, coordinator: Coordinator, now_ns: int) -> RenderableType:
        grid = Table.grid(padding=(0, 2))
        for name, value in self._figures(coordinator, now_ns):
            grid.add_row(Text(name, style="dim"), Text(value))
        done, text = _phase(coordinator, now_ns)
        bar = Table.grid()
        bar.add_row(ProgressBar(total=1.0, completed=done, width=_BAR_WIDTH))
        return Group(Text(text, style="bold"), bar, grid)

    def _line(self, coordinator: Coordinator, now_ns: int) -> str:
        figures = ", ".join(f"{name} {value}" for name, value in self._figures(coordinator, now_ns))
        return f"{_phase(coordinator, now_ns)[1]}: {figures}"

    def _figures(self, coordinator: Coordinator, now_ns: int) -> list[tuple[str, str]]:
        progress = coordinator.progress
        before_ns, before = self._last
        self._last = (now_ns, progress)
        seconds = max((now_ns - before_ns) / 1e9, 1e-9) if before_ns else float("inf")
        p95_ns = progress.event_to_refetch.restored().percentile(95)
        late_ns = progress.lateness.restored().percentile(99)
        return [
            ("sockets", f"{progress.subscribed:,}"),
            ("events/s", f"{(progress.deliveries - before.deliveries) / seconds:,.0f}"),
            ("refetches/s", f"{(progress.refetches - before.refetches) / seconds:,.0f}"),
            ("event-to-refetch p95", "-" if p95_ns is None else f"{p95_ns / 1e6:,.0f} ms"),
            ("leaks", f"{progress.leaks:,}"),
            ("lateness p99", "-" if late_ns is None else f"{late_ns / 1e6:,.1f} ms"),
        ]


def _phase(coordinator: Coordinator, now_ns: int) -> tuple[float, str]:
    """How far the phase is, 0 to 1, and its words."""
    plan = coordinator.plan
    if coordinator.phase is Phase.WARM_UP:
        organisations = plan.scenario.fleet.organisations
        return coordinator.ready / organisations, f"warm-up: {coordinator.ready:,} of {organisations:,} organisations"
    left_ns = max(0, coordinator.phase_ends_ns - now_ns)
    if coordinator.phase is Phase.WINDOW:
        return 1 - left_ns / plan.window_ns, f"measuring: {left_ns / 1e9:.0f} s left"
    return 1.0, f"draining: at most {left_ns / 1e9:.0f} s"
