import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from sim.stats import upper_bound


def test_it_equals_the_handbooks_bound() -> None:
    # NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.4.1: the exact two-sided interval of 90 % for 4
    # defectives in 20 ends at 0.401029; a root finder gave it, right to five digits.
    assert upper_bound(4, 20) == pytest.approx(0.401029, abs=2e-6)


@pytest.mark.parametrize(
    ("failures", "lower"),
    [(1, 0.005050763), (2, 0.052744951), (3, 0.146632800), (4, 0.283582064), (5, 0.478176250)],
)
def test_it_equals_a_published_table_seen_from_the_other_side(failures: int, lower: float) -> None:
    # Lower bounds of 97.5 % for 5 trials, from the vignette of R package ExactCIone 1.0.5 (WbinoCI_lower).
    assert upper_bound(5 - failures, 5, 0.975) == pytest.approx(1 - lower, abs=1e-8)


@given(st.integers(1, 10_000), st.sampled_from([0.9, 0.95, 0.99]))
def test_without_success_it_is_the_closed_form(trials: int, confidence: float) -> None:
    assert upper_bound(0, trials, confidence) == pytest.approx(1 - (1 - confidence) ** (1 / trials), rel=1e-9)


@pytest.mark.parametrize("trials", [100, 1_000, 1_000_000])
def test_without_success_it_is_near_the_rule_of_three(trials: int) -> None:
    # Hanley and Lippman-Hand (1983), JAMA 249(13), 1743-1745: 3 / n, from n = 30 on.
    assert upper_bound(0, trials) == pytest.approx(3 / trials, rel=0.02)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_it_is_where_so_few_successes_become_unlikely(case: tuple[int, int]) -> None:
    successes, trials = case
    bound = upper_bound(successes, trials)
    assert bound is not None
    assert binom.cdf(successes, trials, bound) == pytest.approx(0.05, rel=1e-6)


def test_all_successes_bound_nothing_and_no_trials_say_nothing() -> None:
    assert upper_bound(3, 3) == 1.0
    assert upper_bound(0, 0) is None


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"),
    [(-1, 5, 0.95), (6, 5, 0.95), (0, -1, 0.95), (1, 5, 0.0), (1, 5, 1.0)],
)
def test_what_cannot_be_is_refused(successes: int, trials: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"successes|confidence"):
        upper_bound(successes, trials, confidence)
