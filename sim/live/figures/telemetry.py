"""The three measures as OpenTelemetry instruments, beside Locust's own; with `--otel`, and only then, it is imported.

Each process tells of its own organisations. Counters add up over processes; the ratio does not, and is to be taken
from the two counters where there are several. Names follow OpenTelemetry's semantic conventions: seconds, durations
called so, things that are counted in the plural with the thing as their unit.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from typing import Final

import gevent
from opentelemetry.metrics import CallbackOptions, Meter, Observation, get_meter

from sim.live.figures.tally import DELIVERY, EVENT_TO_REFETCH, Row, Tally

_NS_PER_S: Final = 1e9
_RECORDED_AT_ONCE: Final = 500
"""Takes some milliseconds; then it is the turn of the hub's callbacks."""
_BOUNDARIES_S: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.51, 0.52, 0.55, 0.6, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 50, 100,
)  # fmt: skip
"""OpenTelemetry's default is for milliseconds. Close together behind the page's debounce window of 0.5 s."""


@cache
def process_telemetry() -> "Telemetry":
    """That of this process, on the meter provider that Locust has set up."""
    return Telemetry(get_meter("ztna-sim", version("ztna-sim")))


class Telemetry:
    """Is given what each tally has, a while after the other: a process drives one run at a time."""

    def __init__(self, meter: Meter) -> None:
        self._tally = Tally()
        self._told = (0, 0, 0)
        self._times = {
            name: meter.create_histogram(
                f"ztna.{key}.duration", "s", description, explicit_bucket_boundaries_advisory=_BOUNDARIES_S
            )
            for name, key, description in (
                (EVENT_TO_REFETCH, "event_to_refetch", "From the write on a machine to the refetch that shows it"),
                (DELIVERY, "delivery", "From the write on a machine to the arrival of its event at a dashboard"),
            )
        }
        self._counters = (
            meter.create_counter("ztna.deliveries", "{delivery}", "Events that arrived since the window began"),
            meter.create_counter("ztna.refetches", "{refetch}", "Refetches that deliveries caused since then"),
            meter.create_counter("ztna.leaks", "{leak}", "Events, rows and counts of another organisation"),
        )
        meter.create_observable_gauge(
            "ztna.collapse_ratio", [self._ratio], "1", "Deliveries per refetch that they caused, in this process"
        )

    def take(self, tally: Tally, rows: Sequence[Row]) -> None:
        """Tell of these rows, which were taken of the tally just now, and of what it has counted."""
        for row in rows:
            if (times := self._times.get(row.name)) is not None:
                for number, took_ns in enumerate(row.took_ns.tolist(), 1):
                    times.record(took_ns / _NS_PER_S)
                    if number % _RECORDED_AT_ONCE == 0:
                        gevent.sleep(0)
        if tally is not self._tally:
            self._tally, self._told = tally, (0, 0, 0)
        now = (tally.collapsed, tally.caused, tally.leaks)
        for counter, count, told in zip(self._counters, now, self._told, strict=True):
            counter.add(count - told)
        self._told = now

    def _ratio(self, _: CallbackOptions) -> Iterable[Observation]:
        """Of the latest run; nothing where no delivery has caused a refetch."""
        if self._tally.caused:
            yield Observation(self._tally.collapsed / self._tally.caused)
