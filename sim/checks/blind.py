"""Blind: how long dashboards had no subscribed socket, and whether their sockets ended as they must.

Sees: the share of the window in which an open page had no subscribed socket, dashboards that never had one, reconnects,
and how each subscribed socket ended. A socket must be evicted (close code 4000, contract 1) after a silence of the
page, neither earlier nor much later: *early* and *overdue*. One that the other side ended in any other way is *cut*;
save those closed for a breach, which are the matter of `protocol`. Cannot see: a socket that is open and silent, which
shows as loss; a silence that the page itself ended by a ping.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.lasting import began_here, end_ns, ended_here, in_window_ns
from sim.checks.protocol import FATAL_CLOSE_CODES
from sim.contract import EVICTION_CODE
from sim.history import NEVER_NS, History, Mounts, RunFrame, Sessions

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CLOCK_TOLERANCE_NS: Final = 1_000_000_000
"""By so much an eviction may come early: a clock of whole seconds."""

WITHOUT_CLOSE_FRAME: Final = (0, 1006)
"""Close codes of sockets that ended without a close frame (RFC 6455, 7.4.1)."""


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """Times are sums over dashboards, within the window. Sets hold pairs of organisation and dashboard."""

    measured_ns: int = 0
    """How much of the window was measured."""
    open_ns: int = 0
    """Time in which a page was open."""
    subscribed_ns: int = 0
    opened: set[tuple[int, int]] = set()
    """Whose page was open in the window, and not only so near its end that a socket may not have come."""
    seeing: set[tuple[int, int]] = set()
    """Who had a subscribed socket in the window."""
    subscribed: set[tuple[int, int]] = set()
    """Who had one at any time."""
    sockets: int = 0
    """Those that were subscribed, at any time."""
    evictions: int = 0
    refused: int = 0
    early: int = 0
    overdue: int = 0
    cut: int = 0
    witnesses: Witnesses = Witnesses()
    """Of sockets that did not end as they must."""


def observe(history: History) -> Blind:
    """One organisation's pages and sockets."""
    frame, sessions, mounts = history.frame, history.sessions, history.mounts
    subscribed = sessions.where(sessions.subscribed_ns < NEVER_NS)
    open_ns = in_window_ns(mounts.from_ns, mounts.until_ns, frame)
    seen_ns = in_window_ns(subscribed.subscribed_ns, subscribed.closed_ns, frame)
    closed = sessions.closed_ns < NEVER_NS
    ended = subscribed.where(ended_here(subscribed.closed_ns, frame))
    began = began_here(subscribed.subscribed_ns, subscribed.closed_ns, frame)
    early, overdue, cut = _is_early(ended, frame), _is_overdue(ended, frame), _is_cut(ended)
    witnesses = [
        *_witnesses(ended.where(early), frame, "evicted after a silence of {:.1f} s: too early"),
        *_witnesses(ended.where(overdue), frame, "not evicted in time: silent for {:.1f} s"),
        *(_cut_witness(row, frame) for row in ended.where(cut).rows().tolist()),
    ]
    return Blind(
        measured_ns=max(0, min(frame.measured_until_ns, frame.ended_ns)),
        open_ns=int(open_ns.sum()),
        subscribed_ns=int(seen_ns.sum()),
        opened=_names(mounts.dashboard[(open_ns > 0) & _had_time(mounts, frame)], frame),
        seeing=_names(subscribed.dashboard[seen_ns > 0], frame),
        subscribed=_names(subscribed.dashboard, frame),
        sockets=int(np.count_nonzero(began)),
        evictions=int(np.count_nonzero((sessions.code == EVICTION_CODE) & closed)),
        refused=int(np.count_nonzero((sessions.code >= 300) & (sessions.code < 600) & closed)),
        early=int(np.count_nonzero(early)),
        overdue=int(np.count_nonzero(overdue)),
        cut=int(np.count_nonzero(cut)),
        witnesses=Witnesses.of(witnesses),
    )


def merge(one: Blind, other: Blind) -> Blind:
    """Add everything up."""
    sums = ("open_ns", "subscribed_ns", "sockets", "evictions", "refused", "early", "overdue", "cut")
    return Blind(
        **{name: getattr(one, name) + getattr(other, name) for name in sums},
        measured_ns=max(one.measured_ns, other.measured_ns),
        opened=one.opened | other.opened,
        seeing=one.seeing | other.seeing,
        subscribed=one.subscribed | other.subscribed,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def share(partial: Blind) -> float | None:
    """The share of the pages' open time without a subscribed socket; None where no page was open."""
    return max(0.0, 1 - partial.subscribed_ns / partial.open_ns) if partial.open_ns else None


def reconnects(partial: Blind) -> int:
    """Subscriptions after the first one of a dashboard."""
    return partial.sockets - len(partial.subscribed)


def never_subscribed(partial: Blind) -> int:
    """Dashboards whose page was open in the window and never had a subscribed socket in it."""
    return len(partial.opened - partial.seeing)


def conclude(partial: Blind) -> Finding:
    """FAILED where a dashboard never had a socket, or one did not end as it must; UNKNOWN where no page was open."""
    blind, never = share(partial), never_subscribed(partial)
    faults = never + partial.early + partial.overdue + partial.cut
    verdict, text = _judged(partial, blind, faults)
    window_s = partial.measured_ns / 1e9
    return Finding(
        name="blind",
        verdict=verdict,
        value=None if blind is None and not faults else float(faults),
        unit="sockets",
        count=partial.sockets + never,
        bound=0.0,
        witnesses=partial.witnesses.merged(
            Witnesses.of(
                Witness(0, organisation, dashboard, window_s, "had no subscribed socket in the whole window")
                for organisation, dashboard in partial.opened - partial.seeing
            )
        ),
        text=text,
    )


def _judged(partial: Blind, blind: float | None, faults: int) -> tuple[Verdict, str]:
    if faults:
        return (
            Verdict.FAILED,
            f"{never_subscribed(partial):,} of {len(partial.opened):,} dashboards had no subscribed socket at all"
            f" ({partial.refused:,} upgrades were refused); of {partial.sockets:,} sockets {partial.early:,} were"
            f" evicted too early, {partial.overdue:,} too late or never, and {partial.cut:,} were cut",
        )
    if blind is None:
        return Verdict.UNKNOWN, "no dashboard was open in the window"
    return (
        Verdict.HELD,
        f"dashboards were blind {blind:.2%} of the time"
        f" ({partial.evictions:,} evictions, {reconnects(partial):,} reconnects)",
    )


def _had_time(mounts: Mounts, frame: RunFrame) -> Bools:
    """Which visits began with the measured time, or long enough before its end."""
    until_ns = min(frame.measured_until_ns, frame.ended_ns) if frame.is_last else frame.measured_until_ns
    return np.asarray((mounts.from_ns <= frame.stay_from_ns) | (mounts.from_ns < until_ns - frame.loss_deadline_ns))


def _names(dashboards: Ints, frame: RunFrame) -> set[tuple[int, int]]:
    return {(frame.organisation, dashboard) for dashboard in dashboards.tolist()}


def _is_evicted(sessions: Sessions) -> Bools:
    return np.asarray((sessions.closed_ns < NEVER_NS) & (sessions.by_us == 0) & (sessions.code == EVICTION_CODE))


def _is_early(sessions: Sessions, frame: RunFrame) -> Bools:
    evicted = _is_evicted(sessions)
    if not frame.evicts:
        return evicted
    return np.asarray(evicted & (sessions.closed_ns - sessions.silent_ns < frame.evict_after_ns - CLOCK_TOLERANCE_NS))


def _is_overdue(sessions: Sessions, frame: RunFrame) -> Bools:
    longest_ns = frame.evict_after_ns + frame.evict_sweep_ns + frame.loss_deadline_ns
    silence_ns = end_ns(sessions.closed_ns, frame) - sessions.silent_ns
    return np.asarray((silence_ns > longest_ns) & frame.evicts)


def _is_cut(sessions: Sessions) -> Bools:
    by_other = (sessions.closed_ns < NEVER_NS) & (sessions.by_us == 0) & (sessions.code != EVICTION_CODE)
    return np.asarray(by_other & ~np.isin(sessions.code, FATAL_CLOSE_CODES))


def _witnesses(sessions: Sessions, frame: RunFrame, text: str) -> Iterator[Witness]:
    ended_ns = end_ns(sessions.closed_ns, frame)
    columns = (ended_ns, sessions.dashboard, ended_ns - sessions.silent_ns)
    for at_ns, dashboard, silence_ns in zip(*(column.tolist() for column in columns), strict=True):
        yield Witness(at_ns, frame.organisation, dashboard, 1.0, text.format(silence_ns / 1e9))


def _cut_witness(row: list[int], frame: RunFrame) -> Witness:
    dashboard, _, _, closed_ns, code, *_ = row
    how = "without a close frame" if code in WITHOUT_CLOSE_FRAME else f"with {code}"
    return Witness(closed_ns, frame.organisation, dashboard, 1.0, f"closed by the other side {how}")
