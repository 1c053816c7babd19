"""The rules: the product's as defaults, a scenario's when given, impossible ones refused."""

import re
from collections.abc import Callable

import pytest

from sim import contract
from sim.dashboard import PageRules, rules_of
from sim.errors import UsageError
from sim.scenario import DashboardOptions


def test_defaults_are_those_of_the_contract() -> None:
    rules = PageRules()
    assert rules.debounce_ns == contract.DEBOUNCE_MS * 10**6
    assert rules.poll_interval_ns == contract.POLL_INTERVAL_S * 10**9
    assert rules.reconnect_ns == contract.RECONNECT_S * 10**9
    assert rules.retry_delays_ns == (10**9, 2 * 10**9, 4 * 10**9)
    assert (rules.max_wait_ns, rules.ping_interval_ns, rules.reconnect_jitter_ns) == (None, None, 0)
    assert rules.abort


def test_a_scenario_that_says_nothing_has_the_same_rules() -> None:
    assert rules_of(DashboardOptions()) == PageRules()


def test_every_option_of_a_scenario_reaches_its_rule() -> None:
    options = DashboardOptions(
        debounce_ms=0.3,
        max_wait_ms=2_000.0,
        ping_interval_s=25.0,
        poll_interval_s=10.0,
        reconnect_s=1.5,
        reconnect_jitter_s=0.7,
        retry_delays_s=(0.1,),
        abort=False,
    )
    assert rules_of(options) == PageRules(
        debounce_ns=300_000,
        max_wait_ns=2_000_000_000,
        ping_interval_ns=25_000_000_000,
        poll_interval_ns=10_000_000_000,
        reconnect_ns=1_500_000_000,
        reconnect_jitter_ns=700_000_000,
        retry_delays_ns=(100_000_000,),
        abort=False,
    )


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda: PageRules(debounce_ns=-1), "debounce_ns = -1: it must be at least 0 ns"),
        (lambda: PageRules(reconnect_ns=-1), "reconnect_ns = -1: it must be at least 0 ns"),
        (lambda: PageRules(reconnect_jitter_ns=-1), "reconnect_jitter_ns = -1: it must be at least 0 ns"),
        (
            lambda: PageRules(hidden_timer_alignment_ns=-1),
            "hidden_timer_alignment_ns = -1: it must be at least 0 ns",
        ),
        (lambda: PageRules(retry_delays_ns=(1, -2)), "retry_delays_ns = -2: it must be at least 0 ns"),
        (lambda: PageRules(max_wait_ns=0), "max_wait_ns = 0: it must be at least 1 ns"),
        (lambda: PageRules(ping_interval_ns=0), "ping_interval_ns = 0: it must be at least 1 ns"),
        (lambda: PageRules(poll_interval_ns=0), "poll_interval_ns = 0: it must be at least 1 ns"),
    ],
)
def test_a_time_that_cannot_be_is_refused(build: Callable[[], PageRules], problem: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"page rule {problem}")):
        build()


def test_an_interval_too_short_for_the_clock_is_refused() -> None:
    with pytest.raises(UsageError, match="poll_interval_ns = 0"):
        rules_of(DashboardOptions(poll_interval_s=1e-12))
