import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.checks import Verdict
from sim.checks.generator import Gap, Generator, Limits, conclude, merge, named, reasons, saturation
from sim.stats import Histogram
from tests.checks.laws import assert_merges

LIMITS = Limits(max_lateness_ms=50, max_hub_lag_ms=100, max_cpu_share=0.9)
MS = 1_000_000
S = 1_000 * MS
GOOD = Generator(
    limits=LIMITS, lateness=Histogram.of([1 * MS] * 100), hub_lag=Histogram.of([2 * MS] * 100), cpu_shares=(0.5,),
    workers=1,
)  # fmt: skip


def test_a_generator_that_kept_its_schedule_holds() -> None:
    finding = conclude(GOOD)
    assert (finding.verdict, finding.count, finding.bound) == (Verdict.HELD, 100, 50)
    assert finding.value == pytest.approx(1, rel=1e-3)  # three digits, as every percentile
    assert reasons(GOOD) == ()


def _with(**changes: object) -> Generator:
    return msgspec.structs.replace(GOOD, **changes)


@pytest.mark.parametrize(
    ("partial", "said"),
    [
        (_with(lateness=Histogram.of([60 * MS] * 100)), "saturated: sends were 60 ms late at p99 (limit 50 ms)"),
        (_with(hub_lag=Histogram.of([120 * MS] * 100)), "saturated: the event loop was 120 ms late at p99"),
        (_with(cpu_shares=(0.5, 0.95)), "saturated: a worker used 95% of its core (limit 90%)"),
        (_with(errors=("KeyError: 3",), error_count=12), "12 errors inside the generator, one of them: KeyError: 3"),
        (
            _with(lost_workers=("a left",), lost_organisations=(1, 4)),
            "organisations 1, 4 missing: a left",
        ),
    ],
)
def test_each_reason_makes_the_run_invalid_and_says_what_to_do(partial: Generator, said: str) -> None:
    finding = conclude(partial)
    assert finding.verdict is Verdict.FAILED
    assert finding.text.startswith(said)
    assert ("use more workers" in finding.text) == said.startswith("saturated")


def test_limits_are_allowed_to_be_reached() -> None:
    limits = Limits(max_lateness_ms=conclude(GOOD).value or 0, max_hub_lag_ms=100, max_cpu_share=0.5)
    assert conclude(_with(limits=limits)).verdict is Verdict.HELD


def test_one_late_send_of_a_hundred_is_not_the_99th_percentile() -> None:
    assert conclude(_with(lateness=Histogram.of([1 * MS] * 99 + [900 * MS]))).verdict is Verdict.HELD


def test_all_reasons_are_given_worst_first() -> None:
    partial = _with(lost_workers=("a",), lost_organisations=(3,), cpu_shares=(0.99,), errors=("E",), error_count=1)
    assert [reason.split(" ")[0] for reason in reasons(partial)] == ["organisation", "1", "saturated:"]


def test_a_worker_that_was_lost_with_all_of_it_taken_over_makes_no_run_invalid() -> None:
    partial = _with(lost_workers=("a went away, with organisations 1, 4",), gaps=(Gap((1, 4), 12 * S, 15 * S),))
    assert reasons(partial) == ()
    finding = conclude(partial)
    assert finding.verdict is Verdict.HELD
    assert finding.text.endswith("; organisations 1, 4 taken over, and not measured from 12.0 to 15.0 s")


def test_organisations_that_nobody_took_over_are_each_named_once() -> None:
    one = _with(lost_workers=("a went away",), lost_organisations=(3, 7))
    other = _with(lost_workers=("b sent no results",), lost_organisations=(1, 3))
    assert reasons(merge(other, one)) == ("organisations 1, 3, 7 missing: a went away; b sent no results",)


def test_of_many_organisations_the_first_are_named() -> None:
    assert (named(()), named((7,)), named(range(3))) == ("no organisations", "organisation 7", "organisations 0, 1, 2")
    assert named(range(20)).endswith(", 19")
    assert named(range(2_000)).endswith(", 19 and 1,980 more")


def test_a_moment_is_judged_by_the_same_limits_and_in_the_same_words() -> None:
    said = saturation(LIMITS, 51.0, 101.0, 0.91)
    assert [text.split(" p99")[0] for text in said] == [
        "saturated: sends were 51 ms late at", "saturated: the event loop was 101 ms late at",
        "saturated: a worker used 91% of its core (limit 90%); use more workers (--processes) or a smaller fleet",
    ]  # fmt: skip
    assert saturation(LIMITS, 50.0, 100.0, 0.9) == []
    assert saturation(LIMITS, None, None, 0.0) == []


def test_a_generator_that_sent_nothing_is_unknown() -> None:
    finding = conclude(Generator(limits=LIMITS, workers=1))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)


def test_kernel_timestamps_are_had_only_if_every_worker_has_them() -> None:
    assert merge(GOOD, GOOD).kernel_timestamps
    assert not merge(GOOD, _with(kernel_timestamps=False)).kernel_timestamps


workers = st.builds(
    Generator,
    limits=st.just(LIMITS),
    lateness=st.lists(st.integers(0, 200 * MS)).map(Histogram.of),
    hub_lag=st.lists(st.integers(0, 200 * MS)).map(Histogram.of),
    cpu_shares=st.floats(0, 1).map(lambda share: (share,)),
    errors=st.lists(st.text(max_size=3), max_size=2).map(sorted).map(tuple),
    error_count=st.integers(0, 5),
    kernel_timestamps=st.booleans(),
    workers=st.integers(1, 2),
    lost_workers=st.lists(st.text(max_size=3), max_size=1).map(tuple),
    lost_organisations=st.sets(st.integers(0, 9), max_size=3).map(sorted).map(tuple),
    gaps=st.lists(
        st.builds(Gap, organisations=st.just((1, 2)), from_ns=st.integers(0, 9), until_ns=st.integers(9, 20)),
        max_size=2,
    ).map(sorted).map(tuple),
)  # fmt: skip


@given(st.lists(workers, max_size=4))
def test_merging_is_associative_and_commutative(parts: list[Generator]) -> None:
    assert_merges(parts, merge, Generator(limits=LIMITS))
