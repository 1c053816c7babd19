import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.checks import Partials, merge, observe
from sim.results.sections import Sections, distribution, sections_of
from sim.results.summary import Blind, Convergence, Loss, Refusals, Staleness, Starvation
from sim.stats import Histogram
from tests.histories import history, ns


def _sections(*words: str, frame: dict[str, int | bool] | None = None) -> Sections:
    found = Partials(window_ns=ns(10_000), bucket_ns=ns(1_000))
    for number, text in enumerate(words):
        found = merge(found, observe(history(text, organisation=number, frame=frame or {}), bytes(32)))
    return sections_of(found, None)


def test_loss_brings_together_what_three_checks_have() -> None:
    words = (
        "s0@-500.. w1+@100-104 w1-@2000-2004 w1=-@2500-2504 w2+@3000-3004 patch3@4000-4004~9"
        " e0.1-@2003 e0.1+@2010~100 e0.1-@2503~2500 e0.1-@2600~2000"
    )
    assert _sections(words).loss == Loss(
        lost=1, expected=3, duplicates=1, out_of_order=1, echoes=1, patches=1, unannounced=1
    )


def test_refusals_count_what_must_be_refused_and_what_must_be_granted() -> None:
    words = "q0@1-2g:200 q2@1-2r:403 q4@1-2u q1@1-2r:403o1 q3@1-2g:200o1 q11@1-2u"
    assert _sections(words).refusals == Refusals(tried=3, answered=2, granted=1, controls=3, controls_refused=1)
    assert (_sections(words).leakage.leaked_requests, _sections(words).leakage.inspected_requests) == (1, 2)


def test_how_sockets_ended_is_told() -> None:
    words = "p0@-600.. s0@-500..3000!4000 s0@3100..5000!1006 s0@5100.. p1@-600.."
    frame = {"evict_after_ns": ns(10_000), "evict_sweep_ns": ns(1_000), "loss_deadline_ns": ns(1_000)}
    blind = _sections(words, frame=frame).blind
    assert blind.share == pytest.approx(0.51)
    assert blind == Blind(
        share=blind.share, evictions=1, reconnects=2, sockets=3, never_subscribed=1, early_evictions=1,
        overdue_evictions=1, cut=1,
    )  # fmt: skip


SHOWN = "p0@-600.. s0@-500.. load0@-450--400 m1-@-900 v0.1-@-400"


def test_what_is_shown_is_held_against_the_truth() -> None:
    wrong = f"{SHOWN} w1+@100-104 e0.1+@103 r0@603-610 a0@610:10%2"
    sections = _sections(wrong, frame={"fresh_within_ns": ns(3_000)})
    assert sections.convergence == Convergence(
        judged_answers=2, judged_dashboards=1, contradicted=1, diverged=1, unseen=0, miscounted=1
    )
    staleness = sections.staleness
    assert (staleness.overlong, staleness.worst_organisation) == (1, 0)
    assert staleness.share == staleness.worst_share == pytest.approx(0.99, abs=0.001)
    assert staleness.dashboard_seconds == pytest.approx(9.9, abs=0.01)
    assert staleness.longest_ms == pytest.approx(19_900, abs=5)


@pytest.mark.parametrize(
    ("rest", "causes"),
    [
        (" ".join(f"e0.1+@{at}~{at}" for at in range(100, 2_000, 400)) + " r0@2200-2210", (1, 0, 0)),
        ("e0.1+@100~100 r0@600x1300 e0.2+@800~800 r0@1300-1900", (0, 1, 0)),
        ("e0.1+@100~100 r0@600-1900", (0, 0, 1)),
        ("e0.1+@100~100 r0@600-610", (0, 0, 0)),
    ],
)
def test_starved_waits_are_told_by_cause(rest: str, causes: tuple[int, int, int]) -> None:
    starvation = _sections(f"{SHOWN} {rest}", frame={"fresh_within_ns": ns(1_500)}).starvation
    by_cause = (starvation.starved_by_debounce, starvation.starved_by_cancelling, starvation.starved_otherwise)
    assert by_cause == causes
    assert starvation.starved == sum(causes) == starvation.organisations


def test_what_was_not_measured_is_none() -> None:
    sections = _sections("")
    assert set(msgspec.structs.astuple(sections.staleness)) == {None}
    assert sections.starvation == Starvation(
        waits=0, starved=0, starved_by_debounce=0, starved_by_cancelling=0, starved_otherwise=0, organisations=0,
        longest_wait_ms=None, longest_debounce_ms=None, longest_chain=0,
    )  # fmt: skip
    # A page was open, but nothing that it showed could be compared.
    assert (
        _sections("p0@-600.. s0@-500..").staleness
        == sections.staleness
        == Staleness(
            dashboard_seconds=None,
            share=None,
            longest_ms=None,
            overlong=None,
            worst_organisation=None,
            worst_share=None,
        )
    )


@given(st.lists(st.integers(0, 2**62), min_size=1))
def test_percentiles_rise_to_the_exact_maximum(values: list[int]) -> None:
    figures = distribution(Histogram.of(values))
    rising = [figures.p50, figures.p90, figures.p95, figures.p99, figures.p999, figures.max]
    assert None not in rising
    assert rising == sorted(rising, key=lambda value: value or 0)
    assert (figures.count, figures.max) == (len(values), max(values) / 1e6)


def test_an_empty_distribution_has_no_figures() -> None:
    assert set(msgspec.structs.astuple(distribution(Histogram()))) == {"ms", 0, None}
