"""What a live run shows while it runs."""

from time import monotonic_ns
from typing import TYPE_CHECKING, Final

import gevent
from rich.text import Text

from sim.cli.display import Display
from sim.live.figures.progress import Progress
from sim.live.sharing.coordinator import Coordinator, Phase

if TYPE_CHECKING:
    from gevent import Greenlet

_BLOCK_INTERVAL_S: Final = 0.5
_LINE_INTERVAL_S: Final = 5.0


class LiveDisplay(Display):
    """Follows a coordinator. Drawing is left to a greenlet, twice a second: it costs the load generator little."""

    def __init__(self, to_stderr: bool) -> None:
        super().__init__(to_stderr)
        self._follower: Greenlet[[Coordinator], None] | None = None
        self._last: tuple[int, Progress] = (0, Progress())
        self._warned: set[str] = set()

    def follow(self, coordinator: Coordinator) -> None:
        """Show this run until it is over."""
        self._follower = gevent.spawn(self._show, coordinator)

    def stop(self) -> None:
        """Show nothing more."""
        if self._follower is not None:
            self._follower.kill()
            self._follower = None
        super().stop()

    def _show(self, coordinator: Coordinator) -> None:
        shown: Phase | None = None
        next_line_ns = 0
        while coordinator.phase is not Phase.OVER:
            now_ns = monotonic_ns()
            done, text = _phase(coordinator, now_ns)
            self._warn(coordinator)
            if self.console.is_terminal:
                self.show(text, done, self._figures(coordinator, now_ns))
            elif coordinator.phase is not shown or now_ns >= next_line_ns:
                shown, next_line_ns = coordinator.phase, now_ns + round(_LINE_INTERVAL_S * 1e9)
                figures = ", ".join(f"{name} {value}" for name, value in self._figures(coordinator, now_ns))
                self.console.print(f"{text}: {figures}", soft_wrap=True)
            gevent.sleep(_BLOCK_INTERVAL_S)

    def _warn(self, coordinator: Coordinator) -> None:
        """Say once of each kind, and as soon as it is known, what makes the run invalid."""
        for trouble in coordinator.troubles:
            if trouble.kind not in self._warned:
                self._warned.add(trouble.kind)
                self.console.print(Text(trouble.text, style="bold"), soft_wrap=True)

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
        ready, expected = coordinator.roster.ready, coordinator.roster.expected
        return ready / max(expected, 1), f"warm-up: {ready:,} of {expected:,} organisations"
    left_ns = max(0, coordinator.phase_ends_ns - now_ns)
    if coordinator.phase is Phase.WINDOW:
        return 1 - left_ns / plan.window_ns, f"measuring: {left_ns / 1e9:.0f} s left"
    return 1.0, f"draining: at most {left_ns / 1e9:.0f} s"
