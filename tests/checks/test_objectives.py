import pytest

from sim.checks import Verdict
from sim.checks.objectives import conclude
from sim.scenario import Objective


@pytest.mark.parametrize(
    ("line", "figure", "verdict"),
    [
        ("event_to_refetch.p95_ms < 5000", 4_999.9, Verdict.HELD),
        ("event_to_refetch.p95_ms < 5000", 5_000.0, Verdict.FAILED),
        ("event_to_refetch.p95_ms <= 5000", 5_000.0, Verdict.HELD),
        ("collapse.ratio >= 1.5", 1.4, Verdict.FAILED),
        ("collapse.ratio > 1.5", 1.6, Verdict.HELD),
        ("leakage.leaks == 0", 0.0, Verdict.HELD),
        ("leakage.leaks == 0", 1.0, Verdict.FAILED),
        ("leakage.leaks == 0", None, Verdict.UNKNOWN),
    ],
)
def test_a_figure_is_held_against_its_bound(line: str, figure: float | None, verdict: Verdict) -> None:
    objective = Objective.parse(line)
    (finding,) = conclude([objective], {objective.path: figure})
    assert (finding.verdict, finding.value, finding.bound) == (verdict, figure, objective.bound)
    assert (finding.name, finding.count) == (f"objective: {line}", 0 if figure is None else 1)


def test_a_figure_that_is_not_there_is_unknown() -> None:
    (finding,) = conclude([Objective.parse("loss.lost == 0")], {})
    assert (finding.verdict, finding.text) == (Verdict.UNKNOWN, "loss.lost was not measured")


def test_each_objective_is_a_finding_of_its_own_in_order() -> None:
    lines = ["delivery.p95_ms < 150", "loss.lost == 0"]
    findings = conclude(map(Objective.parse, lines), {"delivery.p95_ms": 200.0, "loss.lost": 0.0})
    assert [(finding.text, finding.unit) for finding in findings] == [
        ("delivery.p95_ms is 200, not as asked for (delivery.p95_ms < 150)", "ms"),
        ("loss.lost is 0, as asked for (loss.lost == 0)", ""),
    ]


def test_without_objectives_there_are_no_findings() -> None:
    assert conclude([], {"loss.lost": 0.0}) == []
