"""Protocol: is every frame and every answer of the contract?

Sees: frames and answers that cannot be read as contract 1, 3 and 5 have them, sockets that had to be closed for a frame
that breaks RFC 6455 or is too large, and events that announce a heartbeat which changed nothing (contract 1: only a
change is announced). Cannot see: other messages of the right shape with wrong content.
"""

from typing import Final

import msgspec
import numpy as np

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.history import NO_LAST_SEEN, UNEXPLAINED, Breach, Deliveries, History

FATAL_CLOSE_CODES: Final = (1002, 1003, 1007, 1009)
"""RFC 6455, 7.4.1: protocol error, unacceptable data, inconsistent data, message too big."""

_TEXTS: Final = {
    Breach.FRAME: "a frame that is not of the contract",
    Breach.ANSWER: "an answer that is not of the contract",
}


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of messages."""

    messages: int = 0
    breaches: int = 0
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Protocol:
    """One organisation's messages."""
    breaches, sessions, number = history.breaches, history.sessions, history.frame.organisation
    fatal = sessions.where(np.isin(sessions.code, FATAL_CLOSE_CODES))
    witnesses = [
        Witness(int(at_ns), number, int(dashboard), 1.0, _TEXTS[Breach(kind)])
        for dashboard, at_ns, kind in breaches.rows().tolist()
    ]
    witnesses += [
        Witness(int(at_ns), number, int(dashboard), 1.0, f"a frame for which the socket was closed with {code}")
        for dashboard, at_ns, code in zip(fatal.dashboard, fatal.closed_ns, fatal.code, strict=True)
    ]
    malformed = len(witnesses)
    echoes = _echoes(history)
    witnesses += [
        Witness(
            int(at_ns), number, int(dashboard), 1.0, f"an event for a heartbeat of machine {machine} without a change"
        )
        for dashboard, at_ns, machine in zip(echoes.dashboard, echoes.arrived_ns, echoes.machine, strict=True)
    ]
    return Protocol(
        messages=len(history.deliveries) + int(history.answers.answers.sum()) + malformed,
        breaches=len(witnesses),
        witnesses=Witnesses.of(witnesses),
    )


def _echoes(history: History) -> Deliveries:
    """Events of heartbeats that changed nothing. Without `last_seen` it is not sure enough whose events they are."""
    explained = history.deliveries.where(
        (history.deliveries.write != UNEXPLAINED) & (history.deliveries.last_seen_ms != NO_LAST_SEEN)
    )
    return explained.where(history.writes.echoes()[explained.write])


def merge(one: Protocol, other: Protocol) -> Protocol:
    """Add the counts up."""
    return Protocol(
        messages=one.messages + other.messages,
        breaches=one.breaches + other.breaches,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Protocol) -> Finding:
    """FAILED on one message that is not of the contract, UNKNOWN without any message."""
    if partial.breaches:
        verdict = Verdict.FAILED
        text = f"{partial.breaches:,} of {partial.messages:,} messages were not of the contract"
    elif partial.messages:
        verdict, text = Verdict.HELD, f"all {partial.messages:,} messages were of the contract"
    else:
        verdict, text = Verdict.UNKNOWN, "no message arrived"
    return Finding(
        name="protocol",
        verdict=verdict,
        value=float(partial.breaches) if partial.messages else None,
        unit="messages",
        count=partial.messages,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )
