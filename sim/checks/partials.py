"""All checks' partial results of a run together: folded from histories, merged over workers, kept in the run folder."""

from collections.abc import Iterable
from functools import reduce
from typing import Final

import msgspec

from sim.checks import (
    announcements,
    availability,
    blind,
    collapse,
    convergence,
    excess,
    generator,
    latency,
    leakage,
    load,
    loss,
    order,
    protocol,
    refusals,
    staleness,
    starvation,
)
from sim.checks.announcements import Announcements
from sim.checks.availability import Availability
from sim.checks.blind import Blind
from sim.checks.check import Check, judged, unknown
from sim.checks.collapse import Collapse
from sim.checks.convergence import Convergence
from sim.checks.excess import Excess
from sim.checks.finding import Finding, Verdict
from sim.checks.generator import Generator, named
from sim.checks.latency import Latency
from sim.checks.leakage import Leakage
from sim.checks.load import LoadCounts
from sim.checks.loss import Loss
from sim.checks.order import Order
from sim.checks.plain import from_plain, to_plain
from sim.checks.protocol import Protocol
from sim.checks.refusals import Refusals
from sim.checks.staleness import Staleness
from sim.checks.starvation import Starvation
from sim.history import History

CHECKS: Final = (
    Check("latency", Latency(), latency.observe, latency.merge, latency.conclude),
    Check("collapse", Collapse(), collapse.observe, collapse.merge, collapse.conclude),
    Check("excess", Excess(), excess.observe, excess.merge, excess.conclude),
    Check("loss", Loss(), loss.observe, loss.merge, loss.conclude),
    Check("order", Order(), order.observe, order.merge, order.conclude),
    Check("announcements", Announcements(), announcements.observe, announcements.merge, announcements.conclude),
    Check("leakage", Leakage(), leakage.observe, leakage.merge, leakage.conclude),
    Check("refusals", Refusals(), refusals.observe, refusals.merge, refusals.conclude),
    Check("convergence", Convergence(), convergence.observe, convergence.merge, convergence.conclude),
    Check("staleness", Staleness(), staleness.observe, staleness.merge, staleness.conclude),
    Check("starvation", Starvation(), starvation.observe, starvation.merge, starvation.conclude),
    Check("blind", Blind(), blind.observe, blind.merge, blind.conclude),
    Check("availability", Availability(), availability.observe, availability.merge, availability.conclude),
    Check("protocol", Protocol(), protocol.observe, protocol.merge, protocol.conclude),
)
"""Every check of histories, in the order of their findings; `generator`, which has none, comes before them."""


class Partials(msgspec.Struct, frozen=True, kw_only=True):
    """One partial result per check, under its name, and what every report needs besides."""

    window_ns: int
    bucket_ns: int
    load: LoadCounts = LoadCounts()
    schedule_digests: dict[int, bytes] = {}
    """SHA-256 of the schedule that each organisation was run with."""
    latency: Latency = Latency()
    collapse: Collapse = Collapse()
    excess: Excess = Excess()
    loss: Loss = Loss()
    order: Order = Order()
    announcements: Announcements = Announcements()
    leakage: Leakage = Leakage()
    refusals: Refusals = Refusals()
    convergence: Convergence = Convergence()
    staleness: Staleness = Staleness()
    starvation: Starvation = Starvation()
    blind: Blind = Blind()
    availability: Availability = Availability()
    protocol: Protocol = Protocol()
    generator: Generator | None = None
    broken: dict[str, str] = {}
    """Checks that raised an exception, with its text: they are UNKNOWN."""


def observe(history: History, schedule_digest: bytes) -> Partials:
    """Fold one organisation's history, or a part of it, into all checks.

    A check that raises is noted in `broken`, the others go on.
    """
    broken: dict[str, str] = {}
    observed = {check.name: check.observed(history, broken) for check in CHECKS}
    partials = Partials(
        window_ns=history.frame.window_ns,
        bucket_ns=history.frame.bucket_ns,
        load=load.observe(history),
        schedule_digests={history.frame.organisation: schedule_digest},
        broken=broken,
    )
    return msgspec.structs.replace(partials, **observed)


def merge(one: Partials, other: Partials) -> Partials:
    """Both together; associative and commutative."""
    merged = {check.name: check.merged(getattr(one, check.name), getattr(other, check.name)) for check in CHECKS}
    partials = Partials(
        window_ns=one.window_ns,
        bucket_ns=one.bucket_ns,
        load=load.merge(one.load, other.load),
        schedule_digests=one.schedule_digests | other.schedule_digests,
        generator=_merged_generator(one.generator, other.generator),
        broken=_merged_broken(one.broken, other.broken),
    )
    return msgspec.structs.replace(partials, **merged)


def merge_all(partials: Iterable[Partials], window_ns: int, bucket_ns: int) -> Partials:
    """Any number together."""
    return reduce(merge, partials, Partials(window_ns=window_ns, bucket_ns=bucket_ns))


def judge(partials: Partials) -> list[Finding]:
    """The findings of all checks, the generator's first: can the run be judged at all?"""
    broken = partials.broken
    return [
        judged("generator", lambda: _generator_finding(partials.generator), broken),
        *(check.concluded(getattr(partials, check.name), broken) for check in CHECKS),
    ]


def of_all(finding: Finding, partials: Partials) -> Finding:
    """The finding, but UNKNOWN for HELD where organisations are missing: what was not seen may have failed."""
    missing = partials.generator.lost_organisations if partials.generator else ()
    if not missing or finding.verdict is not Verdict.HELD:
        return finding
    text = f"{finding.text}; but of {named(missing)} something is missing"
    return msgspec.structs.replace(finding, verdict=Verdict.UNKNOWN, text=text)


def encode_partials(partials: Partials) -> bytes:
    """The partial results as JSON, equal ones as equal bytes."""
    plain = msgspec.to_builtins(
        partials, enc_hook=to_plain, builtin_types=(bytes,), str_keys=True, order="deterministic"
    )
    return msgspec.json.encode(plain, order="deterministic")


def decode_partials(data: bytes) -> Partials:
    """The partial results of a worker's message or of a file.

    Raises `msgspec.DecodeError` for anything else.
    """
    return msgspec.json.decode(data, type=Partials, dec_hook=from_plain)


def _merged_broken(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    """Of a check that broke twice one text is kept, whichever came first."""
    return {name: min(texts[name] for texts in (one, other) if name in texts) for name in one.keys() | other.keys()}


def _merged_generator(one: Generator | None, other: Generator | None) -> Generator | None:
    return generator.merge(one, other) if one and other else one or other


def _generator_finding(partial: Generator | None) -> Finding:
    return unknown("generator", "no worker reported on itself") if partial is None else generator.conclude(partial)
