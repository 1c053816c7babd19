"""How a page behaves, as numbers: windows, intervals and delays in integer nanoseconds."""

from dataclasses import dataclass
from typing import Final

from sim import contract
from sim.errors import UsageError
from sim.scenario import DashboardOptions

_SECOND_NS: Final = 1_000_000_000
_MS_NS: Final = 1_000_000

HIDDEN_TIMER_ALIGNMENT_NS: Final = _SECOND_NS
"""Chromium lets the timers of a hidden tab fire on whole seconds of the machine's monotonic clock only."""

_AT_LEAST_0: Final = ("debounce_ns", "reconnect_ns", "reconnect_jitter_ns", "hidden_timer_alignment_ns")
_AT_LEAST_1: Final = ("max_wait_ns", "ping_interval_ns", "poll_interval_ns")


@dataclass(frozen=True, slots=True)
class PageRules:
    """The rules of one page; the defaults are the product's (contract 1 and 2).

    Raises `UsageError` for a negative time, and for an interval of 0.
    """

    debounce_ns: int = contract.DEBOUNCE_MS * _MS_NS
    """A refetch leaves when so long no event has come; every event restarts the wait."""
    max_wait_ns: int | None = None
    """Longest time from the first event of a burst to its refetch; None for no limit, as in the product."""
    ping_interval_ns: int | None = None
    """From opening to the first ping, and on to the next; None for no ping, as in the product."""
    poll_interval_ns: int = contract.POLL_INTERVAL_S * _SECOND_NS
    """From one poll tick to the next while no socket is open."""
    reconnect_ns: int = contract.RECONNECT_S * _SECOND_NS
    """From a close, or a refused upgrade, to the next attempt."""
    reconnect_jitter_ns: int = 0
    """Each such wait is longer by a uniform 0 to this."""
    retry_delays_ns: tuple[int, ...] = tuple(delay * _SECOND_NS for delay in contract.RETRY_DELAYS_S)
    """Waits before the retries of a failed fetch; its length is the number of retries."""
    abort: bool = True
    """Whether a cancelled request is aborted on the wire, or ends there by itself and is ignored."""
    hidden_timer_alignment_ns: int = 0
    """While the page is hidden its timers fire on multiples of this only; 0 for at once."""

    def __post_init__(self) -> None:
        for names, least in ((_AT_LEAST_0, 0), (_AT_LEAST_1, 1)):
            for name in names:
                _require(name, getattr(self, name), least)
        for delay_ns in self.retry_delays_ns:
            _require("retry_delays_ns", delay_ns, 0)


def rules_of(options: DashboardOptions) -> PageRules:
    """The rules of a scenario's dashboards.

    Raises `UsageError` for an interval that is not a whole nanosecond long.
    """
    return PageRules(
        debounce_ns=_ns(options.debounce_ms, _MS_NS),
        max_wait_ns=None if options.max_wait_ms is None else _ns(options.max_wait_ms, _MS_NS),
        ping_interval_ns=None if options.ping_interval_s is None else _ns(options.ping_interval_s, _SECOND_NS),
        poll_interval_ns=_ns(options.poll_interval_s, _SECOND_NS),
        reconnect_ns=_ns(options.reconnect_s, _SECOND_NS),
        reconnect_jitter_ns=_ns(options.reconnect_jitter_s, _SECOND_NS),
        retry_delays_ns=tuple(_ns(delay_s, _SECOND_NS) for delay_s in options.retry_delays_s),
        abort=options.abort,
    )


def _ns(value: float, unit_ns: int) -> int:
    return round(value * unit_ns)


def _require(name: str, value_ns: int | None, least_ns: int) -> None:
    if value_ns is not None and value_ns < least_ns:
        raise UsageError(f"page rule {name} = {value_ns}: it must be at least {least_ns} ns")
