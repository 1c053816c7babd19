"""Protocol: is every frame and every answer of the contract?

Sees: frames and answers that cannot be read as contract 1, 3 and 5 have them, sockets that had to be closed for a frame
that breaks RFC 6455 or is too large, and sockets that ended with a ping unanswered for longer than the deadline
(contract 1), each counted once. Cannot see: messages of the right shape with wrong content; a pong that came late.
"""

from typing import Final

import msgspec
import numpy as np

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.checks.lasting import end_ns, ended_here
from sim.history import NEVER_NS, Breach, History, Sessions

FATAL_CLOSE_CODES: Final = (1002, 1003, 1007, 1009)
"""RFC 6455, 7.4.1: protocol error, unacceptable data, inconsistent data, message too big."""

_TEXTS: Final = {
    Breach.FRAME: "a frame that is not of the contract",
    Breach.ANSWER: "an answer that is not of the contract",
    Breach.PONG: "a ping that had no pong",
}


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of messages, and of sockets."""

    messages: int = 0
    breaches: int = 0
    without_pong: int = 0
    """Sockets that ended with a ping unanswered for longer than the deadline, those of probes included."""
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Protocol:
    """One organisation's messages."""
    noted, sessions, number = history.breaches, history.sessions, history.frame.organisation
    fatal = sessions.where((sessions.closed_ns < NEVER_NS) & np.isin(sessions.code, FATAL_CLOSE_CODES))
    silent = _without_pong(history)
    noted_pongs = int(np.count_nonzero(noted.breach == Breach.PONG))
    breaches = len(noted) - noted_pongs + len(fatal)
    deliveries = int(np.count_nonzero(history.deliveries.dashboard >= 0))
    return Protocol(
        messages=deliveries + int(history.answers.answers.sum()) + breaches,
        breaches=breaches,
        without_pong=noted_pongs + len(silent),
        witnesses=Witnesses.of(
            [
                *(
                    Witness(at_ns, number, dashboard, 1.0, _TEXTS[Breach(kind)])
                    for dashboard, at_ns, kind in noted.rows().tolist()
                ),
                *(
                    Witness(closed_ns, number, dashboard, 1.0, f"a frame for which the socket was closed with {code}")
                    for dashboard, _, _, closed_ns, code, *_ in fatal.rows().tolist()
                ),
                *(
                    Witness(int(at_ns), number, int(dashboard), 1.0, _TEXTS[Breach.PONG])
                    for dashboard, at_ns in zip(silent.dashboard, silent.unponged_ns, strict=True)
                ),
            ]
        ),
    )


def merge(one: Protocol, other: Protocol) -> Protocol:
    """Add the counts up."""
    return Protocol(
        messages=one.messages + other.messages,
        breaches=one.breaches + other.breaches,
        without_pong=one.without_pong + other.without_pong,
        witnesses=one.witnesses.merged(other.witnesses),
    )


def conclude(partial: Protocol) -> Finding:
    """FAILED on one message that is not of the contract or one ping without a pong, UNKNOWN without any message."""
    faults = partial.breaches + partial.without_pong
    if faults:
        verdict = Verdict.FAILED
        text = (
            f"{partial.breaches:,} of {partial.messages:,} messages were not of the contract, and on"
            f" {partial.without_pong:,} sockets a ping had no pong"
        )
    elif partial.messages:
        verdict, text = Verdict.HELD, f"all {partial.messages:,} messages were of the contract"
    else:
        verdict, text = Verdict.UNKNOWN, "no message arrived"
    return Finding(
        name="protocol",
        verdict=verdict,
        value=float(faults) if faults or partial.messages else None,
        unit="breaches",
        count=partial.messages,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _without_pong(history: History) -> Sessions:
    """Sockets whose oldest unanswered ping was older than the deadline when they closed, or when the run ended."""
    sessions, frame = history.sessions, history.frame
    waited_ns = end_ns(sessions.closed_ns, frame) - sessions.unponged_ns
    return sessions.where(ended_here(sessions.closed_ns, frame) & (waited_ns > frame.loss_deadline_ns))
