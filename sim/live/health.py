"""The generator watches itself: hub lag, CPU, and errors that gevent would swallow."""

from time import monotonic_ns, process_time_ns
from types import TracebackType
from typing import Final

from gevent import get_hub

from sim.checks import generator
from sim.live.socket import KERNEL_TIMESTAMPS
from sim.scenario import GeneratorLimits
from sim.stats import Histogram

_PROBE_INTERVAL_S: Final = 0.02
_KEPT_ERRORS: Final = 10


class Health:
    """Instruments of one worker; `begin` and `end` enclose the measured window."""

    def __init__(self, limits: GeneratorLimits) -> None:
        self._limits = limits
        self._lag = Histogram()
        self._errors: list[str] = []
        self._error_count = 0
        self._probe_due_ns = 0
        self._timer = get_hub().loop.timer(0.0)
        self._cpu_from_ns = 0
        self._from_ns = 0
        self._cpu_share: float | None = None
        self._take_errors_of_the_hub()

    def begin(self) -> None:
        """The window begins."""
        self._from_ns = monotonic_ns()
        self._cpu_from_ns = process_time_ns()
        self._probe()

    def end(self) -> None:
        """The window ends."""
        if self._from_ns and self._cpu_share is None:
            elapsed_ns = max(monotonic_ns() - self._from_ns, 1)
            self._cpu_share = (process_time_ns() - self._cpu_from_ns) / elapsed_ns
        self._timer.stop()

    def error(self, text: str) -> None:
        """Something broke inside the generator: the run is invalid."""
        self._error_count += 1
        if len(self._errors) < _KEPT_ERRORS:
            self._errors.append(text)

    def partial(self, lateness: Histogram) -> generator.Generator:
        """This worker's word on itself. `lateness` is that of its sends, from its histories."""
        limits = self._limits
        return generator.Generator(
            limits=generator.Limits(limits.max_lateness_ms, limits.max_hub_lag_ms, limits.max_cpu_share),
            lateness=lateness,
            hub_lag=self._lag,
            cpu_shares=() if self._cpu_share is None else (self._cpu_share,),
            errors=tuple(self._errors),
            error_count=self._error_count,
            kernel_timestamps=KERNEL_TIMESTAMPS,
            workers=1,
        )

    def _probe(self) -> None:
        now_ns = monotonic_ns()
        if self._probe_due_ns:
            self._lag.record(max(0, now_ns - self._probe_due_ns))
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


def _innermost(trace: TracebackType | None) -> str:
    """Where it was raised, for the error's text."""
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f" ({code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} in {code.co_name})"
