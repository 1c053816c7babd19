import pytest

from sim.checks import Finding, Verdict
from sim.checks.check import Check, judged, unknown
from sim.checks.loss import Loss, conclude, merge, observe
from sim.checks.order import Order
from tests.histories import history

LOSS = Check("loss", Loss(), observe, merge, conclude)


def test_a_check_is_its_functions() -> None:
    told, broken = history("s0@-500.. w1+@100-104 e0.1+@103"), dict[str, str]()
    partial = LOSS.observed(told, broken)
    assert (partial, broken) == (observe(told), {})
    assert LOSS.merged(partial, partial) == merge(partial, partial)
    assert LOSS.concluded(partial, broken) == conclude(partial)


def test_the_partial_results_of_another_check_are_refused() -> None:
    with pytest.raises(TypeError, match="Order is no partial result of loss"):
        LOSS.merged(Loss(), Order())
    finding = LOSS.concluded(Order(), {})
    assert (finding.verdict, finding.text) == (
        Verdict.UNKNOWN,
        "the check broke: TypeError: Order is no partial result of loss",
    )


def test_a_check_that_raises_saw_nothing_and_says_why() -> None:
    def raises(_: object) -> Loss:
        raise ValueError("no such thing")

    broken: dict[str, str] = {}
    assert Check("loss", Loss(), raises, merge, conclude).observed(history(organisation=3), broken) == Loss()
    assert broken == {"loss": "organisation 3: ValueError: no such thing"}


@pytest.mark.parametrize("verdict", [Verdict.HELD, Verdict.UNKNOWN])
def test_what_broke_is_unknown(verdict: Verdict) -> None:
    finding = Finding(name="loss", verdict=verdict, value=0.0, unit="", count=1, bound=0.0, text="so")
    assert judged("loss", lambda: finding, {}) == finding
    assert judged("loss", lambda: finding, {"loss": "why"}) == unknown("loss", "the check broke: why")


def test_what_failed_stays_failed() -> None:
    finding = Finding(name="loss", verdict=Verdict.FAILED, value=1.0, unit="", count=1, bound=0.0, text="so")
    stays = judged("loss", lambda: finding, {"loss": "why"})
    assert (stays.verdict, stays.value, stays.text) == (Verdict.FAILED, 1.0, "so; the check broke: why")
