"""Every fault, what it is switched on with, and the check that exists for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

EACH_KIND: Final = "probes.per_s=60"
"""Every organisation tries every kind of probe within two seconds."""


@dataclass(frozen=True)
class Row:
    """A fault of the target: how it is asked for, the check that must catch it, and settings of the run."""

    fault: str
    check: str
    settings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The fault without its parameters."""
        return self.fault.partition(":")[0]


TARGET: Final = (
    Row("leak_event:5", "leakage"),
    Row("leak_row:3", "leakage"),
    Row("leak_count:3", "leakage"),
    Row("leak_after_reconnect:3", "leakage", ("dashboard.leaves_per_hour=3000", "dashboard.away_s=0.2")),
    Row("widen_filter:1", "leakage", (EACH_KIND, "probes.hold_s=1")),
    Row("skip_membership_ws:1", "refusals", (EACH_KIND,)),
    Row("skip_membership_rpc:1", "refusals", (EACH_KIND,)),
    Row("skip_membership_crud:1", "refusals", (EACH_KIND,)),
    Row("accept_expired:1", "refusals", (EACH_KIND,)),
    Row("accept_unsigned:1", "refusals", (EACH_KIND,)),
    Row("drop_event:7", "loss", ("loss.deadline_s=1",)),
    Row("duplicate_event:7", "announcements"),
    Row("reorder_event:7", "order"),
    Row("delay_event:1500", "loss", ("loss.deadline_s=1",)),
    Row("late_transition:600", "convergence"),
    Row("lost_write:5", "convergence"),
    Row("stale_rpc:1500", "convergence"),
    Row("stale_rpc:2500", "staleness", ("freshness.within_s=1",)),
    Row("wrong_count:3", "convergence"),
    Row("echo_heartbeat:2", "announcements", ("heartbeat.interval_s=1",)),
    Row("silent_crud:1", "announcements", (EACH_KIND, "loss.deadline_s=1")),
    Row("freeze:0.5:1500", "loss", ("loss.deadline_s=1",)),
    Row("slow_rpc:800", "starvation", ("freshness.within_s=1",)),
    Row("error_rpc:5", "availability"),
    Row("cut_sockets:20", "blind", ("dashboard.reconnect_s=0.5",)),
    Row("refuse_upgrade:5", "availability", ("dashboard.reconnect_s=0.5",)),
    Row("evict_early:1.5", "blind", ("dashboard.reconnect_s=0.5",)),
    Row("no_evict", "blind", ("target.evict_after_s=0.5", "target.evict_sweep_s=0.5", "loss.deadline_s=0.5")),
    Row("pong_silent:1", "protocol", (EACH_KIND, "loss.deadline_s=1")),
    Row("garbage_frame:7", "protocol"),
    Row("half_close:3", "blind", ("dashboard.reconnect_s=0.5",)),
    Row("drop_event:1", "collapse", ("loss.deadline_s=1",)),
)
"""Each is a run of its own against a real target."""

OTHERS: Final[Mapping[str, str]] = {
    "the generator stands still": "generator",
    "the page waits too little": "excess",
    "an answer is shown before its write": "latency",
}
"""Faults that no target can have, and their checks."""

COLLAPSE_NEEDS: Final = "collapse"
"""The one check that never fails: without a refetch there is no ratio, and it is UNKNOWN."""
