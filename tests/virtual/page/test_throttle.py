"""Chromium's formula, with its mean for its chance."""

import pytest

from sim.virtual.page.throttle import MEAN_NS, PERIOD_NS, Throttle


def _delays_ns(throttle: Throttle, failures: int, age_ns: int = 0) -> list[int]:
    delays_ns = []
    for _ in range(failures):
        delays_ns.append(throttle.begin(age_ns))
        throttle.end(age_ns, succeeded=False)
    return delays_ns


def test_every_failure_doubles_the_delay_up_to_the_mean() -> None:
    delays_ns = _delays_ns(Throttle(), 18)
    assert delays_ns[:16] == [(MEAN_NS << failed) // 65_536 for failed in range(16)]
    assert delays_ns[16:] == [MEAN_NS, MEAN_NS]


def test_after_one_success_it_takes_two_failures() -> None:
    throttle = Throttle()
    throttle.begin(0)
    throttle.end(0, succeeded=True)
    assert _delays_ns(throttle, 4) == [MEAN_NS // 65_536, MEAN_NS // 65_536, MEAN_NS // 32_768, MEAN_NS // 32_768]


def test_a_pending_handshake_counts_like_a_failure() -> None:
    throttle = Throttle()
    throttle.begin(0)
    assert throttle.begin(0) == MEAN_NS // 32_768


@pytest.mark.parametrize(("periods", "forgotten"), [(1, False), (2, True)])
def test_failures_are_forgotten_two_periods_after_the_last_success(periods: int, forgotten: bool) -> None:
    throttle = Throttle()
    throttle.begin(0)
    throttle.end(0, succeeded=True)
    _delays_ns(throttle, 40)
    _delays_ns(throttle, 40, PERIOD_NS)
    (delay_ns,) = _delays_ns(throttle, 1, periods * PERIOD_NS)
    assert delay_ns == (MEAN_NS // 65_536 if forgotten else MEAN_NS)


def test_nothing_is_forgotten_while_a_handshake_is_pending() -> None:
    throttle = Throttle()
    _delays_ns(throttle, 40)
    throttle.begin(0)
    assert throttle.begin(PERIOD_NS) == MEAN_NS
