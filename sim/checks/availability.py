"""Availability: was every request answered with success, and every upgrade granted?

Sees: heartbeats and refetches that failed, by status, or could never be sent; upgrades that were refused, and sockets
that the other side ended before they were subscribed. Each failed attempt of a refetch counts, also where a retry hid
it from the user. A request that the page itself gave up is no failure. What was under way when the run ended was
neither answered nor failed, and is counted apart. Cannot see: slowness, which is the latencies' matter.
"""

from typing import Final

import msgspec
import numpy as np

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.history import NEVER_NS, UNANSWERED, History, Outcome

_UNSENT: Final = "heartbeat: never sent, its agent still waited for the answer before"


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of requests that ended, and the failed ones by kind."""

    requests: int = 0
    under_way: int = 0
    """Requests that had no answer yet when the run ended."""
    failures: dict[str, int] = {}
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Availability:
    """One organisation's requests."""
    writes, fetches, sessions = history.writes, history.fetches, history.sessions
    bad_writes = writes.where(~writes.acked() & (writes.http_status != UNANSWERED))
    bad_fetches = fetches.where(fetches.outcome == Outcome.FAILED)
    ended = sessions.where((sessions.closed_ns < NEVER_NS) | (sessions.subscribed_ns < NEVER_NS))
    refused = ended.where((ended.subscribed_ns >= NEVER_NS) & (ended.by_us == 0))
    under_way = (
        int(np.count_nonzero(writes.http_status == UNANSWERED))
        + int(np.count_nonzero(fetches.outcome == Outcome.OPEN))
        + len(sessions)
        - len(ended)
    )
    failures: list[tuple[int, int, str]] = [
        *(
            (at, -1, f"heartbeat: {_status(s)}")
            for at, s in zip(bad_writes.sent_ns, bad_writes.http_status, strict=True)
        ),
        *(
            (at, d, "refetch: the last retry failed")
            for at, d in zip(bad_fetches.sent_ns, bad_fetches.dashboard, strict=True)
        ),
        *(
            (at, d, "refetch: an attempt failed and was retried")
            for at, d, attempts in zip(fetches.sent_ns, fetches.dashboard, fetches.attempts, strict=True)
            for _ in range(attempts - 1)
        ),
        *(
            (at, d, f"upgrade: {_refusal(code)}")
            for at, d, code in zip(refused.opened_ns, refused.dashboard, refused.code, strict=True)
        ),
    ]
    kinds, counts = np.unique([kind for _, _, kind in failures], return_counts=True)
    unsent = history.frame.unsent_writes
    return Availability(
        requests=len(writes) + int(fetches.attempts.sum()) + len(sessions) - under_way + unsent,
        under_way=under_way,
        failures=dict(zip(kinds.tolist(), counts.tolist(), strict=True)) | ({_UNSENT: unsent} if unsent else {}),
        witnesses=Witnesses.of(
            Witness(int(at_ns), history.frame.organisation, int(dashboard), 1.0, kind)
            for at_ns, dashboard, kind in failures
        ),
    )


def merge(one: Availability, other: Availability) -> Availability:
    """Add the counts up."""
    kinds = one.failures.keys() | other.failures.keys()
    return Availability(
        requests=one.requests + other.requests,
        under_way=one.under_way + other.under_way,
        failures={kind: one.failures.get(kind, 0) + other.failures.get(kind, 0) for kind in sorted(kinds)},
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Availability) -> Finding:
    """FAILED on one failed request, UNKNOWN without any request that ended."""
    failed = sum(partial.failures.values())
    if failed:
        verdict = Verdict.FAILED
        kinds = "; ".join(f"{count:,} x {kind}" for kind, count in partial.failures.items())
        text = f"{failed:,} of {partial.requests:,} requests failed: {kinds}"
    elif partial.requests:
        verdict, text = Verdict.HELD, f"all {partial.requests:,} requests and upgrades were answered with success"
    else:
        verdict, text = Verdict.UNKNOWN, "no request was answered"
    if partial.under_way:
        text += f"; {partial.under_way:,} had no answer yet when the run ended"
    return Finding(
        name="availability",
        verdict=verdict,
        value=float(failed) if partial.requests else None,
        unit="requests",
        count=partial.requests,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _status(status: int) -> str:
    return f"answered {status}" if status else "no answer"


def _refusal(code: int) -> str:
    return f"refused with {code}" if 300 <= code < 600 else f"closed with {code} before it was subscribed"
