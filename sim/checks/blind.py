"""Blind: how long dashboards had no subscribed socket, and whether each of them ever had one.

Sees: the share of the window in which an open page had no subscribed socket, evictions (close code 4000) and
reconnects. Cannot see: a socket that is open and silent, which shows as loss.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.contract import EVICTION_CODE
from sim.history import NEVER_NS, History

Ints = NDArray[np.int64]


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """Times are sums over dashboards, within the window."""

    dashboards: int = 0
    open_ns: int = 0
    """Time in which a page was open."""
    subscribed_ns: int = 0
    never_subscribed: int = 0
    evictions: int = 0
    reconnects: int = 0
    refused: int = 0
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Blind:
    """One organisation's pages and sockets."""
    sessions, mounts = history.sessions, history.mounts
    window_ns = max(0, min(history.frame.window_ns, history.frame.ended_ns))  # a partial run ends before its window
    subscribed = sessions.where(sessions.subscribed_ns < NEVER_NS)
    open_ns = _within(mounts.from_ns, mounts.until_ns, window_ns)
    seen_ns = _within(subscribed.subscribed_ns, subscribed.closed_ns, window_ns)
    ever = set(subscribed.dashboard[seen_ns > 0].tolist())
    never = sorted(set(mounts.dashboard[open_ns > 0].tolist()) - ever)
    again = len(subscribed) - len(np.unique(subscribed.dashboard))
    organisation = history.frame.organisation
    return Blind(
        dashboards=history.frame.dashboards,
        open_ns=int(open_ns.sum()),
        subscribed_ns=int(seen_ns.sum()),
        never_subscribed=len(never),
        evictions=int(np.count_nonzero((sessions.code == EVICTION_CODE) & (sessions.closed_ns < NEVER_NS))),
        reconnects=again,
        refused=int(np.count_nonzero((sessions.code >= 300) & (sessions.code < 600))),
        witnesses=Witnesses.of(
            Witness(0, organisation, dashboard, window_ns / 1e9, "had no subscribed socket in the whole window")
            for dashboard in never
        ),
    )


def merge(one: Blind, other: Blind) -> Blind:
    """Add everything up."""
    names = (
        "dashboards",
        "open_ns",
        "subscribed_ns",
        "never_subscribed",
        "evictions",
        "reconnects",
        "refused",
    )
    return Blind(
        **{name: getattr(one, name) + getattr(other, name) for name in names},
        witnesses=one.witnesses.merged(other.witnesses),
    )


def share(partial: Blind) -> float | None:
    """The share of the pages' open time without a subscribed socket; None where no page was open."""
    return 1 - partial.subscribed_ns / partial.open_ns if partial.open_ns else None


def conclude(partial: Blind) -> Finding:
    """FAILED where a dashboard never had a subscribed socket, UNKNOWN where no page was open."""
    blind = share(partial)
    if blind is None:
        verdict, text = Verdict.UNKNOWN, "no dashboard was open in the window"
    elif partial.never_subscribed:
        verdict = Verdict.FAILED
        text = (
            f"{partial.never_subscribed:,} of {partial.dashboards:,} dashboards had no subscribed socket at all"
            f" ({partial.refused:,} upgrades were refused)"
        )
    else:
        verdict = Verdict.HELD
        text = (
            f"dashboards were blind {blind:.2%} of the time"
            f" ({partial.evictions:,} evictions, {partial.reconnects:,} reconnects)"
        )
    return Finding(
        name="blind",
        verdict=verdict,
        value=None if blind is None else float(partial.never_subscribed),
        unit="dashboards",
        count=partial.dashboards,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _within(from_ns: Ints, until_ns: Ints, window_ns: int) -> Ints:
    """How much of each interval lies in the window."""
    clipped: Ints = np.clip(until_ns, 0, window_ns) - np.clip(from_ns, 0, window_ns)
    return np.maximum(clipped, 0)
