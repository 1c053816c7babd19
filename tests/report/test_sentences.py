import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report.sentences import answers, caveat, findings_sentence, plain, verdict_sentence, verdict_word
from sim.results.summary import Collapse, Distribution, Leakage, RunVerdict, Summary
from sim.stats import upper_bound
from tests.report.samples import all_of_them, empty, failed, held, invalid, partial


def _with_leakage(**changes: int | float | None) -> Summary:
    summary = held().summary
    return msgspec.structs.replace(summary, leakage=msgspec.structs.replace(summary.leakage, **changes))


def _with_collapse(deliveries: int, refetches: int, excess: int = 0) -> Summary:
    ratio = deliveries / refetches if refetches else None
    collapse = Collapse(
        deliveries=deliveries, refetches=refetches, ratio=ratio, excess_refetches=excess, boundary_deliveries=0
    )
    return msgspec.structs.replace(held().summary, collapse=collapse)


def _with_latency(**figures: int | float | None) -> Summary:
    summary = held().summary
    latency = msgspec.structs.replace(Distribution(), **figures)
    metrics = msgspec.structs.replace(summary.metrics, event_to_refetch=latency)
    return msgspec.structs.replace(summary, metrics=metrics)


def test_freshness_names_median_p95_and_the_parts() -> None:
    fresh = answers(held().summary)[0]
    assert fresh.figure == "527 ms"
    assert fresh.sentence == (
        "A change is on the screen after 527 ms in the median and 657 ms at p95 (12,345 events). Of 548 ms on "
        "average, the delivery took 2.36 ms, the debounce 535 ms and the refetch 10.8 ms. Dashboards showed something "
        "outdated 22 % of the time, 5.41 s at most at a stretch."
    )


def test_without_staleness_nothing_is_said_of_it() -> None:
    assert "outdated" not in answers(empty().summary)[0].sentence
    staleness = msgspec.structs.replace(held().summary.staleness, longest_ms=None)
    fresh = answers(msgspec.structs.replace(empty().summary, staleness=staleness))[0]
    assert fresh.sentence.endswith("no answer. Dashboards showed something outdated 22 % of the time.")


def test_freshness_of_one_event_without_a_p95() -> None:
    fresh = answers(_with_latency(count=1, p50=610.0))[0]
    assert fresh.sentence.startswith("A change is on the screen after 610 ms in the median (1 event). Dashboards")


def test_the_debounce_saves_and_costs() -> None:
    saved = answers(held().summary)[1]
    assert saved.figure == "3.06 to 1"
    assert saved.sentence == (
        "The debounce turned 9,812 deliveries into 3,210 refetches (3.06 to 1) and held each event back by 535 ms "
        "on average."
    )


def test_one_delivery_and_one_refetch_are_singular() -> None:
    assert "turned 1 delivery into 1 refetch (1 to 1)" in answers(_with_collapse(1, 1))[1].sentence


def test_deliveries_without_a_refetch_have_no_ratio() -> None:
    saved = answers(_with_collapse(5, 0))[1]
    assert (saved.figure, saved.sentence) == ("no answer", "5 deliveries caused no refetch.")


@pytest.mark.parametrize(
    ("excess", "text"),
    [
        (1, "1 refetch is not explained by the debounce rule."),
        (2, "2 refetches are not explained by the debounce rule."),
    ],
)
def test_excess_refetches_are_told_whatever_else_was_seen(excess: int, text: str) -> None:
    for deliveries, refetches in ((9, 3), (0, 0), (5, 0)):
        assert text in answers(_with_collapse(deliveries, refetches, excess))[1].sentence


def test_no_leak_is_a_result_with_a_bound() -> None:
    leakage = answers(_with_leakage(opportunities=812_345, upper_bound_95=upper_bound(0, 812_345)))[2]
    assert leakage.figure == "0 leaks"
    assert leakage.sentence.startswith(
        "0 leaks in 812,345 opportunities: with 95 % confidence fewer than 1 in 271,000."
    )


def test_one_leak_in_one_opportunity() -> None:
    leakage = answers(_with_leakage(leaks=1, opportunities=1, upper_bound_95=1.0))[2]
    assert leakage.figure == "1 leak"
    assert leakage.sentence.startswith("1 leak in 1 opportunity: with 95 % confidence at most 100 %.")


def test_leaked_rows_show_where_no_event_leaked() -> None:
    leakage = answers(_with_leakage(leaked_rows=2, leaked_counts=1))[2]
    assert leakage.figure == "3 rows, counts or requests"
    assert "2 belonged to another organisation; 1 count included machines of another" in leakage.sentence


def test_granted_requests_show_where_nothing_else_leaked() -> None:
    one = answers(_with_leakage(leaked_requests=1, inspected_requests=40))[2]
    assert one.figure == "1 row, count or request"
    assert one.sentence.endswith("Of 40 requests for another organisation, 1 was granted.")
    none = answers(_with_leakage(inspected_requests=1))[2]
    assert none.sentence.endswith("Of 1 request for another organisation, 0 were granted.")


def test_refused_requests_are_an_answer_even_without_opportunities() -> None:
    unseen = {"opportunities": 0, "upper_bound_95": None, "inspected_answers": 0, "inspected_rows": 0}
    assert answers(_with_leakage(inspected_requests=3, **unseen))[2].figure == "0 leaks"
    assert answers(_with_leakage(inspected_requests=0, **unseen))[2].figure == "no answer"


def test_inspected_answers_are_an_answer_even_without_opportunities() -> None:
    leakage = answers(_with_leakage(opportunities=0, upper_bound_95=None))[2]
    assert leakage.figure == "0 leaks"
    assert "no opportunities" in leakage.sentence


def test_a_run_in_which_nothing_happened_has_no_answers() -> None:
    assert [answer.figure for answer in answers(empty().summary)] == ["no answer"] * 3


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.none() | st.floats(0, 1))
def test_no_sentence_holds_a_none_a_nan_or_a_wrong_plural(
    leaks: int, opportunities: int, deliveries: int, refetches: int, bound: float | None
) -> None:
    leaking = Leakage(
        leaks=leaks, opportunities=opportunities, upper_bound_95=bound, leaked_events=leaks, announced_events=1,
        leaked_rows=leaks, leaked_counts=0, inspected_rows=1, inspected_answers=opportunities, unknown_rows=0,
        unknown_events=0, leaked_requests=leaks, inspected_requests=opportunities,
    )  # fmt: skip
    summary = msgspec.structs.replace(_with_collapse(deliveries, refetches), leakage=leaking)
    for answer in answers(summary):
        assert not re.search(
            r"None|nan|no number|(?<![\d.,])1 (leaks|deliveries|refetches|opportunities)\b|  ", answer.sentence
        )
        assert answer.sentence.endswith(".")


@pytest.mark.parametrize(
    ("summary", "word"),
    [
        (held().summary, "HELD"),
        (failed().summary, "FAILED"),
        (invalid().summary, "INVALID"),
        (partial().summary, "UNKNOWN, PARTIAL"),
    ],
)
def test_the_verdict_is_a_word(summary: Summary, word: str) -> None:
    assert verdict_word(summary) == word


def test_the_verdict_counts_its_findings_worst_first() -> None:
    assert verdict_sentence(failed().summary).endswith("8 findings: 2 failed, 1 unknown, 5 held.")
    assert findings_sentence([]) == "There are no findings."
    assert findings_sentence(held().summary.findings[:1]) == "1 finding: 1 held."


def test_a_run_that_ended_early_and_held_until_then_says_both() -> None:
    findings = [finding for finding in held().summary.findings if finding.verdict == "HELD"]
    summary = msgspec.structs.replace(held().summary, verdict=RunVerdict.UNKNOWN, partial=True, findings=findings)
    assert verdict_sentence(summary).startswith("The run could not be judged as a whole; nothing failed")
    for other in (msgspec.structs.replace(summary, findings=[]), partial().summary):
        assert verdict_sentence(other).startswith("The run could not be judged. ")


def test_only_an_invalid_run_warns_of_its_answers() -> None:
    warned = {name for name, sample in all_of_them().items() if caveat(sample.summary)}
    assert warned == {"invalid"}
    assert len({verdict_sentence(msgspec.structs.replace(held().summary, verdict=v)) for v in RunVerdict}) == 4


@given(st.text())
def test_plain_text_is_one_line_of_what_xml_allows(text: str) -> None:
    clean = plain(text)
    assert plain(clean) == clean
    assert "\n" not in clean
    assert not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e]", clean)


def test_plain_text_leaves_words_alone() -> None:
    assert plain("  Zürich\n is\tfine – 漢字 ") == "Zürich is fine – 漢字"
