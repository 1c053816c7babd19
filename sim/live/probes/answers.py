"""Judges answers to probes: was it refused, granted, or is it no answer to the question?"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from sim.actors import Contents
from sim.contract import MachineRow, RowCount
from sim.errors import UNREADABLE
from sim.history import ProbeOutcome
from sim.live.wire.answers import Reader
from sim.live.wire.http import Reply
from sim.schedule import ProbeKind

RPCS: Final = frozenset({ProbeKind.OWN_RPC, ProbeKind.FOREIGN_RPC, ProbeKind.EXPIRED_RPC, ProbeKind.UNSIGNED_RPC})

_REFUSALS: Final = frozenset({401, 403, 404})
"""Contract 5. Too many requests (429) is no refusal of this one, and no more is a defect (5xx)."""


class Judgement(NamedTuple):
    """What an answer says."""

    outcome: ProbeOutcome
    contents: Contents | None = None
    """Rows that came for the own organisation: whose are they?"""
    is_breach: bool = False
    """Whether it claims success and is not of the contract."""


class _Envelope(msgspec.Struct, frozen=True):
    success: bool = True
    data: msgspec.Raw = msgspec.Raw()


class _Stats(msgspec.Struct, frozen=True, rename="camel"):
    """What may tell of an organisation, its members included (contract 3)."""

    machines: list[MachineRow]
    machine_count: RowCount
    online_count: RowCount
    members: list[msgspec.Raw] = []


class _StatsData(msgspec.Struct, frozen=True):
    data: _Stats


class _Changes(msgspec.Struct, frozen=True):
    changes: int


def is_success(status: int) -> bool:
    """Whether an HTTP status says so."""
    return 200 <= status < 300


def outcome_of(status: int) -> ProbeOutcome:
    """What an HTTP status says that is not success."""
    return ProbeOutcome.REFUSED if status in _REFUSALS else ProbeOutcome.UNANSWERED


def judge(kind: ProbeKind, reply: Reply, reader: Reader) -> Judgement:
    """What the reply to a probe says.

    Granted are: to oneself, data, rows or a change; to an expired or unsigned token, data or any success; after
    another organisation, what is not the own organisation's: own rows are no leak, should a target disregard whom it
    was asked for.
    """
    if not is_success(reply.status):
        return Judgement(outcome_of(reply.status))
    try:
        envelope = msgspec.json.decode(reply.body, type=_Envelope)
        if not envelope.success:
            return Judgement(ProbeOutcome.REFUSED)
        if kind is ProbeKind.OWN_PATCH:
            changes = msgspec.json.decode(envelope.data, type=_Changes).changes
            return Judgement(_granted_if(changes > 0))
        if kind in RPCS:
            return _judge_stats(kind, envelope.data, reader)
        return _judge_rows(kind, envelope.data, reader)
    except UNREADABLE:
        return Judgement(ProbeOutcome.UNANSWERED, is_breach=reply.status == 200)


def _judge_stats(kind: ProbeKind, data: msgspec.Raw, reader: Reader) -> Judgement:
    answer = msgspec.json.decode(data, type=_StatsData | None)
    if answer is None:
        return Judgement(ProbeOutcome.REFUSED)
    stats = answer.data
    if not kind.is_foreign:
        return Judgement(ProbeOutcome.GRANTED, reader.counted(stats.machines, stats.machine_count, stats.online_count))
    if stats.machines:
        return Judgement(_granted_if(_has_others(stats.machines, reader)))
    return Judgement(_granted_if(bool(stats.machine_count or stats.online_count or stats.members)))


def _judge_rows(kind: ProbeKind, data: msgspec.Raw, reader: Reader) -> Judgement:
    rows = msgspec.json.decode(data, type=list[MachineRow] | None) or []
    if kind.is_foreign:
        return Judgement(_granted_if(_has_others(rows, reader)))
    return Judgement(_granted_if(bool(rows) or not kind.is_control), reader.rows(rows))


def _has_others(rows: Sequence[MachineRow], reader: Reader) -> bool:
    return reader.rows(rows).own_rows < len(rows)


def _granted_if(granted: bool) -> ProbeOutcome:
    return ProbeOutcome.GRANTED if granted else ProbeOutcome.REFUSED
