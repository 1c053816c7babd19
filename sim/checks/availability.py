"""Availability: was every request answered with success, and every upgrade granted?

Sees: heartbeats and refetches that failed, by status, or could never be sent; upgrades that were refused, and sockets
that the other side ended before they were subscribed; probes that must be granted and were not. Each failed attempt of
a refetch counts, also where a retry hid it from the user. A request that the page itself gave up is no failure. What
was under way when the run ended has failed if it had waited for longer than the deadline of a delivery; else it is
neither answered nor failed, and counted apart. Cannot see: slowness, which is the latencies' matter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.lasting import began_here
from sim.history import (
    NEVER_NS,
    UNANSWERED,
    Fetches,
    History,
    Outcome,
    ProbeOutcome,
    Probes,
    Sessions,
    WriteKind,
    Writes,
)
from sim.schedule import ProbeKind

Ints = NDArray[np.int64]

_CONTROLS: Final = [kind for kind in ProbeKind if kind.is_control]
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
    requests = _Requests.of(history)
    patience_ns = history.frame.ended_ns - history.frame.loss_deadline_ns
    failures = [*_failures(requests), *_unanswered(requests, patience_ns)]
    under_way = requests.under_way_since_ns()
    kinds, counts = np.unique([kind for _, _, kind in failures], return_counts=True)
    still_waiting = int(np.count_nonzero(under_way > patience_ns))
    unsent = history.frame.unsent_writes if history.frame.is_last else 0
    return Availability(
        requests=len(requests) - still_waiting + unsent,
        under_way=still_waiting,
        failures=dict(zip(kinds.tolist(), counts.tolist(), strict=True)) | ({_UNSENT: unsent} if unsent else {}),
        witnesses=Witnesses.of(
            Witness(int(at_ns), history.frame.organisation, int(dashboard), 1.0, kind)
            for at_ns, dashboard, kind in failures
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Requests:
    """What was asked in this part of the run."""

    writes: Writes
    """Heartbeats; a PATCH is a probe."""
    fetches: Fetches
    sessions: Sessions
    """Sockets that were opened in it."""
    controls: Probes
    """Probes that must be granted, and ended."""
    waiting: Probes
    """Those that had not ended."""

    @classmethod
    def of(cls, history: History) -> Self:
        writes, sessions, frame = history.writes, history.sessions, history.frame
        controls = history.probes.where(np.isin(history.probes.kind, _CONTROLS))
        # One that is under way at the end of the run is given up then.
        waits = (controls.outcome == ProbeOutcome.UNANSWERED) & (controls.ended_ns >= frame.ended_ns) & frame.is_last
        return cls(
            writes=writes.where(writes.kind == WriteKind.HEARTBEAT),
            fetches=history.fetches,
            sessions=sessions.where(began_here(sessions.opened_ns, sessions.closed_ns, frame)),
            controls=controls.where(~waits),
            waiting=controls.where(waits),
        )

    def __len__(self) -> int:
        return (
            len(self.writes)
            + int(self.fetches.attempts.sum())
            + len(self.sessions)
            + len(self.controls)
            + len(self.waiting)
        )

    def under_way_since_ns(self) -> Ints:
        """When those were sent that had no answer at the end."""
        writes, fetches, sessions = self.writes, self.fetches, self.sessions
        return np.concatenate(
            [
                writes.sent_ns[writes.http_status == UNANSWERED],
                fetches.sent_ns[fetches.outcome == Outcome.OPEN],
                sessions.opened_ns[(sessions.closed_ns >= NEVER_NS) & (sessions.subscribed_ns >= NEVER_NS)],
                self.waiting.at_ns,
            ]
        )


def _failures(requests: _Requests) -> Iterator[tuple[int, int, str]]:
    """Time, dashboard (-1 for none) and kind of each request that ended badly."""
    writes, fetches, sessions = requests.writes, requests.fetches, requests.sessions
    bad = writes.where(~writes.acked() & (writes.http_status != UNANSWERED))
    for at_ns, status in zip(bad.sent_ns, bad.http_status, strict=True):
        yield at_ns, -1, f"heartbeat: {_status(status)}"
    passing = fetches.failures - (fetches.outcome == Outcome.FAILED)
    for at_ns, dashboard, failures in zip(fetches.sent_ns, fetches.dashboard, passing, strict=True):
        for _ in range(failures):
            yield at_ns, dashboard, "refetch: an attempt failed and was retried"
    failed = fetches.where(fetches.outcome == Outcome.FAILED)
    for at_ns, dashboard in zip(failed.sent_ns, failed.dashboard, strict=True):
        yield at_ns, dashboard, "refetch: the last retry failed"
    refused = sessions.where(
        (sessions.closed_ns < NEVER_NS) & (sessions.subscribed_ns >= NEVER_NS) & (sessions.by_us == 0)
    )
    for at_ns, dashboard, code in zip(refused.opened_ns, refused.dashboard, refused.code, strict=True):
        yield at_ns, dashboard, f"upgrade: {_refusal(code)}"
    yield from _failed_controls(requests.controls)


def _failed_controls(controls: Probes) -> Iterator[tuple[int, int, str]]:
    for number, at_ns, _, _, outcome, code in controls.where(controls.outcome != ProbeOutcome.GRANTED).rows().tolist():
        how = f"refused with {code}" if outcome == ProbeOutcome.REFUSED else "no answer"
        yield at_ns, -1, f"probe {ProbeKind(number).name}: {how}"


def _unanswered(requests: _Requests, before_ns: int) -> Iterator[tuple[int, int, str]]:
    """As `_failures`, for requests that were sent by this time and had no answer when the run ended."""
    writes, fetches, sessions = requests.writes, requests.fetches, requests.sessions
    for at_ns in writes.sent_ns[(writes.http_status == UNANSWERED) & (writes.sent_ns <= before_ns)]:
        yield at_ns, -1, "heartbeat: no answer when the run ended"
    waiting = fetches.where((fetches.outcome == Outcome.OPEN) & (fetches.sent_ns <= before_ns))
    for at_ns, dashboard in zip(waiting.sent_ns, waiting.dashboard, strict=True):
        yield at_ns, dashboard, "refetch: no answer when the run ended"
    opening = sessions.where(
        (sessions.closed_ns >= NEVER_NS) & (sessions.subscribed_ns >= NEVER_NS) & (sessions.opened_ns <= before_ns)
    )
    for at_ns, dashboard in zip(opening.opened_ns, opening.dashboard, strict=True):
        yield at_ns, dashboard, "upgrade: not subscribed when the run ended"
    controls = requests.waiting.where(requests.waiting.at_ns <= before_ns)
    for number, at_ns in zip(controls.kind, controls.at_ns, strict=True):
        yield at_ns, -1, f"probe {ProbeKind(number).name}: no answer when the run ended"


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
        kinds = "; ".join(f"{count:,} x {kind}" for kind, count in sorted(partial.failures.items()))
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
