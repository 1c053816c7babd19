"""Refusals: is what must be refused refused, while what must be granted is granted?

Sees: probes by kind (`ProbeKind`): requests and sockets for another organisation, with an expired or with an unsigned
token, which must be refused (contract 1, 5, 6); and controls of our own, which must be granted: a target that refuses
everybody refuses nothing in particular. Cannot see: other ways in than those that are tried; kinds that could not be
tried, as with no expired token at hand. A filter for another organisation may be accepted, as a filter may narrow: what
it brings is the matter of `leakage`.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from sim.checks.finding import Finding, Verdict, Witness, Witnesses
from sim.history import History, ProbeOutcome
from sim.schedule import ProbeKind

CONTROLS: Final = tuple(kind for kind in ProbeKind if kind.is_control)
MUST_BE_REFUSED: Final = tuple(
    kind for kind in ProbeKind if not kind.is_control and kind is not ProbeKind.FOREIGN_FILTER
)


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """How probes ended."""

    granted: int = 0
    refused: int = 0
    unanswered: int = 0

    @property
    def answered(self) -> int:
        """Those that say anything."""
        return self.granted + self.refused

    @property
    def tried(self) -> int:
        """All of them."""
        return self.answered + self.unanswered

    def __add__(self, other: "Outcomes") -> "Outcomes":
        return Outcomes(
            granted=self.granted + other.granted,
            refused=self.refused + other.refused,
            unanswered=self.unanswered + other.unanswered,
        )


class Refusals(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes by the name of the kind of probe."""

    by_kind: dict[str, Outcomes] = {}
    witnesses: Witnesses = Witnesses()


def observe(history: History) -> Refusals:
    """One organisation's probes."""
    by_kind: dict[str, Outcomes] = {}
    witnesses = []
    for number, at_ns, _, other, outcome, code in history.probes.rows().tolist():
        kind = ProbeKind(number)
        by_kind[kind.name] = by_kind.get(kind.name, Outcomes()) + _ONE[outcome]
        if outcome == ProbeOutcome.GRANTED and kind in MUST_BE_REFUSED:
            text = f"{kind.name}{_whom(kind, other)} was granted with {code}"
            witnesses.append(Witness(at_ns, history.frame.organisation, -1, 1.0, text))
    return Refusals(by_kind=by_kind, witnesses=Witnesses.of(witnesses))


def merge(one: Refusals, other: Refusals) -> Refusals:
    """Add the counts up."""
    kinds = one.by_kind.keys() | other.by_kind.keys()
    none = Outcomes()
    return Refusals(
        by_kind={kind: one.by_kind.get(kind, none) + other.by_kind.get(kind, none) for kind in sorted(kinds)},
        witnesses=one.witnesses.merged(other.witnesses),
    )


def outcomes(partial: Refusals, kinds: Iterable[ProbeKind]) -> Outcomes:
    """Those of all these kinds together."""
    return sum((partial.by_kind.get(kind.name, Outcomes()) for kind in kinds), Outcomes())


def conclude(partial: Refusals) -> Finding:
    """FAILED where one was granted that must not be; UNKNOWN where nothing was answered, or a control was refused."""
    tried, controls = outcomes(partial, MUST_BE_REFUSED), outcomes(partial, CONTROLS)
    verdict, text = _judged(partial, tried, controls)
    return Finding(
        name="refusals",
        verdict=verdict,
        value=float(tried.granted) if tried.answered else None,
        unit="granted",
        count=tried.answered,
        bound=0.0,
        witnesses=partial.witnesses,
        text=text,
    )


def _judged(partial: Refusals, tried: Outcomes, controls: Outcomes) -> tuple[Verdict, str]:
    if tried.granted:
        granted = {kind.name: partial.by_kind.get(kind.name, Outcomes()).granted for kind in MUST_BE_REFUSED}
        kinds = ", ".join(f"{count:,} x {name}" for name, count in granted.items() if count)
        return (
            Verdict.FAILED,
            f"{tried.granted:,} of {tried.answered:,} probes that must be refused were granted: {kinds}",
        )
    if not tried.answered:
        return Verdict.UNKNOWN, f"no probe that must be refused was answered ({tried.tried:,} were sent)"
    if controls.refused or not controls.granted:
        if controls.answered:
            doubt = f"so were {controls.refused:,} of {controls.answered:,} that must be granted"
        else:
            doubt = "none that must be granted was answered"
        return (
            Verdict.UNKNOWN,
            f"all {tried.answered:,} probes that must be refused were, but {doubt}: a target that refuses everybody"
            " proves nothing",
        )
    return (
        Verdict.HELD,
        f"all {tried.answered:,} probes that must be refused were refused ({_numbers(partial)}), and all"
        f" {controls.granted:,} that must be granted were granted{_untried(partial)}",
    )


def _numbers(partial: Refusals) -> str:
    refused = {kind.name: partial.by_kind.get(kind.name, Outcomes()).refused for kind in MUST_BE_REFUSED}
    return ", ".join(f"{count:,} x {name}" for name, count in refused.items() if count)


def _untried(partial: Refusals) -> str:
    names = [kind.name for kind in (*CONTROLS, *MUST_BE_REFUSED) if kind.name not in partial.by_kind]
    return f"; not tried: {', '.join(names)}" if names else ""


def _whom(kind: ProbeKind, other: int) -> str:
    return f" after organisation {other}" if kind.is_foreign else ""


_ONE: Final = {
    ProbeOutcome.GRANTED: Outcomes(granted=1),
    ProbeOutcome.REFUSED: Outcomes(refused=1),
    ProbeOutcome.UNANSWERED: Outcomes(unanswered=1),
}
