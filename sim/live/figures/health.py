"""The generator watches itself: hub lag, CPU, and errors that gevent would swallow."""

from collections import deque
from time import monotonic_ns, process_time_ns
from types import TracebackType
from typing import Final, NamedTuple

from gevent import get_hub

from sim.checks import generator
from sim.history import NEVER_NS
from sim.live.wire.socket import KERNEL_TIMESTAMPS
from sim.scenario import GeneratorLimits
from sim.stats import Histogram

_PROBE_INTERVAL_S: Final = 0.02
_RECENT_NS: Final = 1_000_000_000
_KEPT_ERRORS: Final = 10


class Recent(NamedTuple):
    """How the generator did in about the last second."""

    lateness_ms: float | None
    """Of its sends, at p99; None where it sent nothing."""
    lag_ms: float
    """By how much its event loop was late at p99: of some fifty looks the worst."""
    cpu_share: float


class Clocks(NamedTuple):
    """What two clocks say at one moment."""

    now_ns: int
    cpu_ns: int
    """CPU time of this process."""

    def share_until(self, later: "Clocks") -> float:
        """CPU time per time."""
        return (later.cpu_ns - self.cpu_ns) / max(later.now_ns - self.now_ns, 1)


class Lately:
    """What the last second was like; has no clock of its own."""

    def __init__(self, clocks: Clocks) -> None:
        self._lags_ns: deque[tuple[int, int]] = deque()
        self._clocks = clocks
        self._lateness = Histogram()
        self._share = 0.0
        self._lateness_ms: float | None = None

    def looked(self, now_ns: int, lag_ns: int) -> None:
        """The event loop came to a look by so much too late."""
        self._lags_ns.append((now_ns, lag_ns))
        while self._lags_ns[0][0] <= now_ns - _RECENT_NS:
            self._lags_ns.popleft()

    def recent(self, clocks: Clocks, next_look_ns: int, lateness: Histogram) -> Recent:
        """Now, with the next look due at this time and this lateness of all sends until now.

        CPU share and lateness are those between calls that are a second or more apart.
        """
        if clocks.now_ns - self._clocks.now_ns >= _RECENT_NS:
            self._share, self._clocks = self._clocks.share_until(clocks), clocks
            late_ns = lateness.since(self._lateness).percentile(99)
            self._lateness_ms = None if late_ns is None else late_ns / 1e6
            self._lateness = lateness + Histogram()
        lags_ns = [lag_ns for at_ns, lag_ns in self._lags_ns if at_ns > clocks.now_ns - _RECENT_NS]
        return Recent(self._lateness_ms, max(0, clocks.now_ns - next_look_ns, *lags_ns) / 1e6, self._share)


class Health:
    """Instruments of one worker, from its creation on; `begin` and `end` enclose the measured window."""

    def __init__(self, limits: GeneratorLimits) -> None:
        self.limits = generator.Limits(limits.max_lateness_ms, limits.max_hub_lag_ms, limits.max_cpu_share)
        self.error_count = 0
        self._lag = Histogram()
        self._lately = Lately(_clocks())
        self._errors: list[str] = []
        self._is_measuring = False
        self._from: Clocks | None = None
        self._cpu_share: float | None = None
        self._timer = get_hub().loop.timer(0.0)
        self._probe_due_ns = monotonic_ns()
        self._take_errors_of_the_hub()
        self._probe()

    def begin(self) -> None:
        """The window begins."""
        self._from = _clocks()
        self._is_measuring = True

    def end(self) -> None:
        """The window ends."""
        if self._from is not None and self._is_measuring:
            self._cpu_share = self._from.share_until(_clocks())
        self._is_measuring = False

    def stop(self) -> None:
        """No more measuring."""
        self._timer.stop()
        self._probe_due_ns = NEVER_NS

    @property
    def is_judged(self) -> bool:
        """Whether it matters what it does now: until the window ends. Folding a run's last part takes all there is."""
        return self._cpu_share is None

    def recent(self, lateness: Histogram) -> Recent:
        """The last second, from the creation on. `lateness` is that of all sends until now."""
        return self._lately.recent(_clocks(), self._probe_due_ns, lateness)

    def error(self, text: str) -> None:
        """Something broke inside the generator: the run is invalid."""
        self.error_count += 1
        if len(self._errors) < _KEPT_ERRORS:
            self._errors.append(text)

    def partial(self, lateness: Histogram) -> generator.Generator:
        """This worker's word on itself. `lateness` is that of its sends, from its histories."""
        return generator.Generator(
            limits=self.limits,
            lateness=lateness,
            hub_lag=self._lag,
            cpu_shares=() if self._cpu_share is None else (self._cpu_share,),
            errors=tuple(self._errors),
            error_count=self.error_count,
            kernel_timestamps=KERNEL_TIMESTAMPS,
            workers=1,
        )

    def _probe(self) -> None:
        now_ns = monotonic_ns()
        lag_ns = max(0, now_ns - self._probe_due_ns)
        self._lately.looked(now_ns, lag_ns)
        if self._is_measuring:
            self._lag.record(lag_ns)
        self._probe_due_ns = now_ns + round(_PROBE_INTERVAL_S * 1e9)
        self._timer.stop()
        self._timer.close()
        self._timer = get_hub().loop.timer(_PROBE_INTERVAL_S)
        self._timer.start(self._probe, update=True)

    def _take_errors_of_the_hub(self) -> None:
        """An exception in a callback of the hub is printed and forgotten: here it makes the run invalid."""
        hub = get_hub()
        handle = hub.handle_error

        def noted(
            context: object | None,
            type: type[BaseException] | None,  # noqa: A002  # gevent passes it by this name
            value: BaseException | str | None,
            tb: TracebackType | None,
        ) -> None:
            if type is not None and issubclass(type, Exception):
                self.error(f"{type.__name__}: {value}{_innermost(tb)}")
            else:
                handle(context, type, value, tb)

        setattr(hub, "handle_error", noted)  # noqa: B010  # a method of the one hub of this process


def _clocks() -> Clocks:
    return Clocks(monotonic_ns(), process_time_ns())


def _innermost(trace: TracebackType | None) -> str:
    """Where it was raised, for the error's text."""
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f" ({code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} in {code.co_name})"
