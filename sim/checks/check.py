"""What a check is to those who fold, merge and conclude all of them alike: a name and three pure functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from sim.checks.finding import Finding, Verdict
from sim.history import History

P = TypeVar("P", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Check(Generic[P]):
    """One check. A partial result P is frozen, and `merge` is associative and commutative with `empty` as neutral."""

    name: str
    empty: P
    observe: Callable[[History], P]
    merge: Callable[[P, P], P]
    conclude: Callable[[P], Finding]

    def observed(self, history: History, broken: dict[str, str]) -> P:
        """The partial result of a history; an exception is noted in `broken`, and nothing was seen."""
        try:
            return self.observe(history)
        except Exception as error:  # a defect of one check must not cost the run its other findings
            broken[self.name] = f"organisation {history.frame.organisation}: {type(error).__name__}: {error}"
            return self.empty

    def merged(self, one: object, other: object) -> P:
        """Both partial results together. Raises `TypeError` for those of another check."""
        return self.merge(self._own(one), self._own(other))

    def concluded(self, partial: object, broken: dict[str, str]) -> Finding:
        """The finding, as `judged`."""
        return judged(self.name, lambda: self.conclude(self._own(partial)), broken)

    def _own(self, partial: object) -> P:
        if not isinstance(partial, type(self.empty)):
            raise TypeError(f"{type(partial).__name__} is no partial result of {self.name}")
        return partial


def judged(name: str, conclude: Callable[[], Finding], broken: dict[str, str]) -> Finding:
    """A conclusion; UNKNOWN for a check that broke, unless it FAILED on what it saw besides: evidence stands."""
    try:
        finding = conclude()
    except Exception as error:
        return unknown(name, f"the check broke: {type(error).__name__}: {error}")
    if name not in broken:
        return finding
    text = f"the check broke: {broken[name]}"
    if finding.verdict is Verdict.FAILED:
        return msgspec.structs.replace(finding, text=f"{finding.text}; {text}")
    return unknown(name, text)


def unknown(name: str, text: str) -> Finding:
    """A finding about nothing."""
    return Finding(name=name, verdict=Verdict.UNKNOWN, value=None, unit="", count=0, bound=None, text=text)
