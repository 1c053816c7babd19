"""Rows for Locust's own statistics: requests by kind, deliveries, and event-to-refetch; never a ratio.

Locust counts an entry in 4 us where our own event costs 0.2: at 5,000 deliveries per second that would be the dearest
thing here. So where nobody but Locust's statistics listens to `events.request`, rows are added to them as Locust's
master adds those of its workers, a batch at a time; where somebody else does, it is fired once for each.
"""

from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from math import floor, log10
from time import time
from typing import TYPE_CHECKING, Final, cast

import gevent
import locust.stats
import numpy as np
from locust.env import Environment
from locust.exception import CatchResponseError
from locust.stats import RequestStats, StatsEntry

from sim.live.figures.tally import Row, Tally

if TYPE_CHECKING:
    from locust.stats import StatsEntryDict

    from sim.live.figures.telemetry import Telemetry

_LEAST_MS: Final = 0.001
_NS_PER_MS: Final = 1e6
_POWERS: Final = 10.0 ** np.arange(19)
_DIGITS_END: Final = 1001
"""999.7 is rounded to 1000."""
_FIRED_AT_ONCE: Final = 500
"""Takes some milliseconds; then it is the turn of the hub's callbacks."""


def fire_entries(environment: Environment, tally: Tally) -> None:
    """Hand over what has come since the last time. Not to be called in a callback of the hub: listeners may do I/O."""
    rows = tally.take_rows()
    telemetry = _telemetry() if getattr(environment.parsed_options, "otel", False) else None
    if telemetry is not None:
        telemetry.take(tally, rows)
    if _is_for_statistics_alone(environment):
        for row in rows:
            _add(environment.stats, row)
    else:
        _fire(environment.events.request.fire, rows)


def use_fine_buckets() -> None:
    """Locust keeps two digits of a response time, 10 ms at the debounce window's 500; from now on three.

    To be called in the master and in the workers alike. It is the way that Locust's documentation names.
    """
    setattr(locust.stats, "bucket_response_time", to_three_digits)  # noqa: B010  # typed for whole milliseconds


def to_three_digits(milliseconds: float) -> float:
    """A response time, rounded to three significant digits; whole from 100 ms on, as Locust shows it."""
    if milliseconds < _LEAST_MS:
        return 0
    exponent = floor(log10(milliseconds))
    power = float(_POWERS[abs(exponent - 2)])
    return _of_digits(round(milliseconds * power if exponent < 2 else milliseconds / power), exponent)


def _of_digits(digits: int, exponent: int) -> float:
    """The same figure wherever it comes from, since it is a key: the float that is nearest to it."""
    return digits / float(_POWERS[2 - exponent]) if exponent < 2 else digits * round(_POWERS[exponent - 2])


@cache
def _telemetry() -> "Telemetry | None":
    """None where OpenTelemetry is not installed; Locust has said so."""
    if find_spec("opentelemetry") is None:
        return None
    from sim.live.figures.telemetry import process_telemetry

    return process_telemetry()


def _is_for_statistics_alone(environment: Environment) -> bool:
    """Whether the runner's own listener is the only one. Where Locust does not say, it counts as one of several."""
    listeners: list[Callable[..., None]] = vars(environment.events.request).get("_handlers", [])
    return [listener.__module__ for listener in listeners] == ["locust.runners"]


def _fire(fire: Callable[..., None], rows: list[Row]) -> None:
    for number, (row, took_ns, failure) in enumerate(_each(rows), 1):
        fire(
            request_type=row.kind,
            name=row.name,
            response_time=took_ns / _NS_PER_MS,
            response_length=0,
            exception=CatchResponseError(failure) if failure else None,
            context={},
        )
        if number % _FIRED_AT_ONCE == 0:
            gevent.sleep(0)


def _each(rows: list[Row]) -> Iterator[tuple[Row, int, str]]:
    for row in rows:
        for took_ns in row.took_ns.tolist():
            yield row, took_ns, ""
        for failure in row.failures:
            yield row, failure.took_ns, failure.reason


def _add(stats: RequestStats, row: Row) -> None:
    if row.took_ns.size:
        entry = _entry(stats, row)
        stats.get(row.name, row.kind).extend(entry)
        stats.total.extend(entry)
    for failure in row.failures:
        stats.log_request(row.kind, row.name, cast("int", failure.took_ns / _NS_PER_MS), 0)
        stats.log_error(row.kind, row.name, CatchResponseError(failure.reason))


def _entry(stats: RequestStats, row: Row) -> StatsEntry:
    """As a worker would send it."""
    now_s = time()
    milliseconds = row.took_ns / _NS_PER_MS
    entry = {
        "name": row.name,
        "method": row.kind,
        "last_request_timestamp": now_s,
        "start_time": now_s,
        "num_requests": row.took_ns.size,
        "total_response_time": float(milliseconds.sum()),
        "min_response_time": float(milliseconds.min()),
        "max_response_time": float(milliseconds.max()),
        "response_times": _counted(milliseconds),
        "num_reqs_per_sec": {int(now_s): row.took_ns.size},
    }
    return StatsEntry.unserialize(cast("StatsEntryDict", entry), stats)


def _counted(milliseconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[float, int]:
    """How many there are of each `to_three_digits`."""
    some = milliseconds[milliseconds >= _LEAST_MS]
    exponents = np.floor(np.log10(some)).astype(np.int64)
    powers = _POWERS[np.abs(exponents - 2)]
    digits = np.rint(np.where(exponents < 2, some * powers, some / powers)).astype(np.int64)
    both, counts = np.unique(exponents * _DIGITS_END + digits, return_counts=True)
    found: dict[float, int] = {0: milliseconds.size - some.size} if some.size < milliseconds.size else {}
    exponents, digits = np.divmod(both, _DIGITS_END)
    for exponent, digit, count in zip(exponents.tolist(), digits.tolist(), counts.tolist(), strict=True):
        key = _of_digits(digit, exponent)
        found[key] = found.get(key, 0) + count
    return found
