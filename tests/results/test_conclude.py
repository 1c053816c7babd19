import msgspec
import pytest
from hypothesis import given, settings

from sim.checks import Finding, Partials, Verdict, merge, observe
from sim.checks.generator import Generator, Limits
from sim.checks.partials import merge_all
from sim.history import History
from sim.results.conclude import RunFacts, figures_by_path, run_verdict, summarise
from sim.results.summary import RunVerdict, Summary, decode, encode
from sim.scenario import OBJECTIVE_PATHS, Objective
from sim.stats import Histogram
from tests.checks.words import CLEAN as WORDS
from tests.checks.worlds import BUCKET_NS, WINDOW_MS, partials, worlds
from tests.histories import history, ns

MS = 1_000_000
FACTS = RunFacts(
    scenario="quick", question="Is it?", seed=7, started_utc="2026-03-01T12:00:00Z", executor="live", target="embedded",
    target_cpu_share=0.25,
)  # fmt: skip
GENERATOR = Generator(
    limits=Limits(50, 50, 0.9), lateness=Histogram.of([3 * MS]), hub_lag=Histogram.of([2 * MS]), cpu_shares=(0.5, 0.7),
    workers=2,
)  # fmt: skip
EMPTY = Partials(window_ns=ns(10_000), bucket_ns=ns(1_000))
CLEAN = WORDS.replace("w1+@100-104 e0.1+@103", "w1+@90:100-104 w2=+@200-210 e0.1+@103^2")


def _run(zero: str = CLEAN, one: str = CLEAN, generator: Generator | None = GENERATOR) -> Partials:
    observed = (observe(history(words, organisation=n), bytes([n] * 32)) for n, words in enumerate((zero, one)))
    return msgspec.structs.replace(merge_all(observed, ns(10_000), ns(1_000)), generator=generator)


def _summary(found: Partials, reason: str | None = None, *objectives: str) -> Summary:
    facts = msgspec.structs.replace(FACTS, reason=reason)
    return summarise(found, facts, [Objective.parse(line) for line in objectives])


def test_a_clean_run_is_held_and_its_figures_are_those_of_its_history() -> None:
    summary = _summary(_run(), None, "event_to_refetch.max_ms <= 510", "loss.lost == 0")
    assert (summary.verdict, summary.partial, summary.reason) == (RunVerdict.HELD, False, None)
    assert (summary.metrics.event_to_refetch.count, summary.metrics.event_to_refetch.max) == (2, 510.0)
    assert summary.metrics.event_to_refetch_from_due.mean == 520.0
    assert (summary.metrics.delivery.mean, summary.metrics.debounce.mean, summary.metrics.refetch.mean) == (3, 500, 7)
    assert (summary.metrics.write.mean, summary.metrics.handling.max) == (7.0, 2.0)
    assert (summary.load.organisations, summary.load.writes, summary.load.transitions) == (2, 4, 2)
    assert (summary.load.deliveries, summary.load.refetches, summary.load.refetch_retries) == (2, 2, 0)
    assert summary.load.duration_s == 10.0
    assert (summary.collapse.ratio, summary.collapse.excess_refetches) == (1.0, 0)
    assert (summary.refusals.tried, summary.refusals.granted, summary.refusals.controls) == (4, 0, 2)
    assert (summary.convergence.judged_answers, summary.convergence.contradicted) == (4, 0)
    assert (summary.staleness.longest_ms, summary.staleness.worst_organisation) == (507.0, 0)
    assert (summary.starvation.waits, summary.starvation.longest_debounce_ms) == (2, 500.0)
    assert (summary.blind.sockets, summary.blind.cut) == (2, 0)
    assert (summary.leakage.opportunities, summary.leakage.announced_events) == (2, 2)
    # Clopper and Pearson without a success: 1 - 0.05^(1/2).
    assert summary.leakage.upper_bound_95 == pytest.approx(0.7763932)
    assert (summary.loss.expected, summary.blind.share) == (2, 0.0)
    generator = summary.generator
    assert (generator.valid, generator.workers, generator.cpu_share, generator.target_cpu_share) == (True, 2, 0.7, 0.25)
    assert generator.lateness_p99_ms == 3.0


@pytest.mark.parametrize(
    ("zero", "verdict"),
    [
        (CLEAN, RunVerdict.HELD),
        (f"{CLEAN} w1-@5000-5010", RunVerdict.FAILED),
        (CLEAN.replace("r0@603-610", ""), RunVerdict.HELD),
        (f"{CLEAN} b0@5f", RunVerdict.FAILED),
    ],
)
def test_one_failed_check_fails_the_run(zero: str, verdict: RunVerdict) -> None:
    assert _summary(_run(zero)).verdict is verdict


def test_one_failed_objective_fails_the_run_and_an_unmeasured_one_leaves_it_unknown() -> None:
    assert _summary(_run(), None, "delivery.max_ms < 3").verdict is RunVerdict.FAILED
    assert _summary(_run(), None, "blocked.p95_ms < 3", "generator.cpu_share < 0.1").verdict is RunVerdict.FAILED
    no_pages = _run(*(CLEAN.replace("p0@-600..", ""),) * 2)
    assert _summary(no_pages, None, "blind.share < 0.5").verdict is RunVerdict.UNKNOWN


def test_a_partial_run_is_unknown_and_says_why_and_its_findings_stand() -> None:
    summary = _summary(_run(), "interrupted")
    assert (summary.verdict, summary.partial, summary.reason) == (RunVerdict.UNKNOWN, True, "interrupted")
    cut = _summary(_run(f"{CLEAN} b0@5f"), "interrupted")
    assert cut.verdict is RunVerdict.UNKNOWN
    assert [finding.name for finding in cut.findings if finding.verdict == "FAILED"] == ["protocol"]


def test_a_generator_that_was_the_bottleneck_makes_the_run_invalid_before_all_else() -> None:
    late = msgspec.structs.replace(GENERATOR, lost_workers=("b left",), lost_organisations=(1,))
    summary = _summary(_run(f"{CLEAN} b0@5f", generator=late), "a worker was lost")
    assert (summary.verdict, summary.generator.valid) == (RunVerdict.INVALID, False)
    assert (summary.generator.workers_lost, summary.reason) == (1, "a worker was lost")
    assert _summary(_run(generator=late)).reason == "organisation 1 missing: b left"


def test_a_run_without_anything_is_unknown_and_no_figure_is_made_up() -> None:
    summary = _summary(EMPTY, "the target never answered")
    assert (summary.verdict, summary.generator.valid, summary.generator.workers) == (RunVerdict.UNKNOWN, False, 0)
    assert {finding.verdict for finding in summary.findings} == {"UNKNOWN"}
    assert summary.metrics.delivery.p95 is summary.collapse.ratio is summary.blind.share is None
    assert summary.leakage.upper_bound_95 is None
    figures = figures_by_path(summary)
    assert {path for path, figure in figures.items() if figure is not None} == {
        path
        for path in OBJECTIVE_PATHS
        if path.endswith(".count")
        or path in ("collapse.deliveries", "collapse.refetches", "loss.expected", "blind.evictions", "blind.reconnects")
        or path in ("leakage.opportunities", "leakage.announced_events")
        or path in ("refusals.tried", "refusals.answered", "refusals.controls")
    }


@pytest.mark.parametrize(
    "objective",
    [
        "loss.lost == 0",
        "leakage.leaks == 0",
        "collapse.excess_refetches == 0",
        "leakage.leaked_requests == 0",
        "refusals.granted == 0",
        "convergence.diverged == 0",
        "starvation.starved == 0",
        "staleness.share < 1",
        "blind.cut == 0",
    ],
)
def test_no_fault_out_of_nothing_is_unknown_and_not_held(objective: str) -> None:
    finding = _summary(EMPTY, None, objective).findings[-1]
    assert (finding.verdict, finding.value) == ("UNKNOWN", None)
    assert _summary(_run(), None, objective).findings[-1].verdict == "HELD"


def test_every_objective_names_a_figure_and_they_are_the_summarys() -> None:
    summary = _summary(_run())
    figures = figures_by_path(summary)
    assert list(figures) == list(OBJECTIVE_PATHS)
    assert figures["event_to_refetch.max_ms"] == summary.metrics.event_to_refetch.max == 510.0
    assert figures["write.count"] == 4.0
    assert (figures["leakage.opportunities"], figures["loss.lost"], figures["blind.share"]) == (2.0, 0.0, 0.0)
    assert figures["generator.cpu_share"] == 0.7


def test_witnesses_are_sentences_in_the_summary() -> None:
    found = {finding.name: finding for finding in _summary(_run(f"{CLEAN} b0@5f")).findings}
    assert found["protocol"].first == "0.005 s, organisation 0, dashboard 0: a frame that is not of the contract"
    assert found["loss"].first is None


@settings(max_examples=20)
@given(worlds)
def test_the_summary_is_the_same_in_any_order_and_is_read_again(organisations: list[History]) -> None:
    parts = [partials(each) for each in organisations]
    one = merge_all(parts, ns(WINDOW_MS), BUCKET_NS)
    other = merge_all(reversed(parts), ns(WINDOW_MS), BUCKET_NS)
    summary = summarise(one, FACTS, [])
    assert summary == summarise(other, FACTS, [])
    assert decode(encode(summary)) == summary
    assert summarise(merge(one, EMPTY), FACTS, []) == summary


@pytest.mark.parametrize(
    ("verdicts", "reason", "expected"),
    [
        ({}, None, RunVerdict.HELD),
        ({"loss": Verdict.HELD}, "cut short", RunVerdict.UNKNOWN),
        ({"loss": Verdict.HELD, "blind": Verdict.UNKNOWN}, None, RunVerdict.UNKNOWN),
        ({"loss": Verdict.FAILED, "blind": Verdict.UNKNOWN}, "cut short", RunVerdict.UNKNOWN),
        ({"loss": Verdict.FAILED, "blind": Verdict.UNKNOWN}, None, RunVerdict.FAILED),
        ({"loss": Verdict.HELD, "generator": Verdict.FAILED}, "cut short", RunVerdict.INVALID),
        ({"loss": Verdict.FAILED, "generator": Verdict.FAILED}, None, RunVerdict.INVALID),
        ({"loss": Verdict.HELD, "generator": Verdict.UNKNOWN}, None, RunVerdict.UNKNOWN),
    ],
)
def test_the_verdict_of_a_run(verdicts: dict[str, Verdict], reason: str | None, expected: RunVerdict) -> None:
    findings = [
        Finding(name=name, verdict=verdict, value=None, unit="", count=0, bound=None, text="")
        for name, verdict in verdicts.items()
    ]
    assert run_verdict(findings, reason) is expected
