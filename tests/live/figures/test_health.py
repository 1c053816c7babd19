from collections.abc import Iterator
from time import monotonic_ns

import numpy as np
import pytest
from gevent import get_hub

from sim.checks import generator
from sim.checks.finding import Verdict
from sim.history import NEVER_NS
from sim.live.figures.health import Clocks, Health, Lately
from sim.scenario import GeneratorLimits
from sim.stats import Histogram
from tests.live.waiting import Inbox

MS = 1_000_000
LIMITS = GeneratorLimits(max_lateness_ms=1e6, max_hub_lag_ms=1e6, max_cpu_share=1.0)


@pytest.fixture
def health(hub_errors: list[BaseException]) -> Iterator[Health]:
    """Takes the hub's errors, as in a run, and gives them back."""
    kept = vars(get_hub())["handle_error"]
    made = Health(LIMITS)
    yield made
    made.stop()
    setattr(get_hub(), "handle_error", kept)  # noqa: B010
    assert hub_errors == []


def _raise_in_the_hub(count: int) -> None:
    done: Inbox[int] = Inbox()

    def broken(k: int) -> None:
        done.add(k)
        raise ValueError(f"broken {k}")

    timers = [get_hub().loop.timer(0.0) for _ in range(count)]
    for k, timer in enumerate(timers):
        timer.start(broken, k)
    done.wait(count)


def test_an_error_in_a_callback_makes_the_run_invalid_with_its_text(
    health: Health, capfd: pytest.CaptureFixture[str]
) -> None:
    _raise_in_the_hub(1)
    partial = health.partial(Histogram.of([1, 2, 3]))
    assert partial.error_count == 1
    assert partial.errors[0].startswith("ValueError: broken 0 (test_health.py:")
    finding = generator.conclude(partial)
    assert finding.verdict is Verdict.FAILED
    assert "ValueError: broken 0" in finding.text
    assert capfd.readouterr().err == ""


def test_of_many_errors_the_first_are_kept_and_all_are_counted(health: Health) -> None:
    _raise_in_the_hub(25)
    partial = health.partial(Histogram())
    assert partial.error_count == 25
    assert [text.split(" (")[0] for text in partial.errors] == [f"ValueError: broken {k}" for k in range(10)]


def test_a_quiet_window_is_held_and_its_instruments_have_figures(health: Health) -> None:
    health.begin()
    probes: Inbox[int] = Inbox()
    timer = get_hub().loop.timer(0.05, 0.05)
    timer.start(lambda: probes.add(1))
    probes.wait(4)
    timer.stop()
    health.end()
    health.end()
    partial = health.partial(Histogram.of([1_000] * 10))
    assert partial.hub_lag.count >= 2
    assert len(partial.cpu_shares) == 1
    assert partial.cpu_shares[0] > 0
    assert generator.conclude(partial).verdict is Verdict.HELD


def test_a_window_that_never_began_has_no_share(health: Health) -> None:
    health.end()
    assert health.partial(Histogram()).cpu_shares == ()


def _block(seconds: float) -> None:
    """What no callback of the hub may do."""
    until_ns = monotonic_ns() + round(seconds * 1e9)
    while monotonic_ns() < until_ns:
        pass


def test_instruments_run_before_the_window_but_the_verdict_rests_on_the_window_alone(health: Health) -> None:
    _block(0.2)
    assert health.recent(Histogram()).lag_ms > 100
    assert health.partial(Histogram()).hub_lag.count == 0


def test_a_window_is_judged_from_its_first_moment(health: Health) -> None:
    health.begin()
    _block(0.3)
    looked: Inbox[int] = Inbox()
    timer = get_hub().loop.timer(0.0)
    timer.start(looked.add, 1)
    looked.wait(1)
    health.end()
    partial = health.partial(Histogram.of([1]))
    assert (partial.hub_lag.maximum or 0) > 200 * MS
    assert partial.cpu_shares[0] > 0


def test_after_its_end_it_is_not_late(health: Health) -> None:
    health.stop()
    before = health.recent(Histogram()).lag_ms
    _block(0.1)
    assert health.recent(Histogram()).lag_ms <= before


def test_of_the_looks_of_the_last_second_the_latest_counts() -> None:
    lately = Lately(Clocks(0, 0))
    for at_ms, lag_ms in ((100, 5), (900, 80), (1500, 20)):
        lately.looked(at_ms * MS, lag_ms * MS)
    lags = [lately.recent(Clocks(at_ms * MS, 0), NEVER_NS, Histogram()).lag_ms for at_ms in (1500, 1899, 1900, 2500)]
    assert lags == [80, 80, 20, 0]


def test_a_stall_is_seen_while_it_lasts() -> None:
    lately = Lately(Clocks(0, 0))
    lately.looked(100 * MS, 1 * MS)
    lags = [lately.recent(Clocks(at_ms * MS, 0), 120 * MS, Histogram()).lag_ms for at_ms in (110, 520, 3120)]
    assert lags == [1, 400, 3000]


def test_share_and_lateness_are_those_since_the_look_a_second_before() -> None:
    lately = Lately(Clocks(0, 0))
    sent = Histogram.of([300 * MS] * 100)

    def at(now_ms: int, cpu_ms: int) -> tuple[float, int | None]:
        recent = lately.recent(Clocks(now_ms * MS, cpu_ms * MS), NEVER_NS, sent)
        return recent.cpu_share, None if recent.lateness_ms is None else round(recent.lateness_ms)

    assert at(500, 400) == (0.0, None)
    assert at(1000, 800) == (0.8, 300)
    sent.record_many(np.array([2 * MS] * 100))
    assert at(1500, 810) == (0.8, 300)
    assert at(2000, 900) == (0.1, 2)
    assert at(4000, 2900) == (1.0, None)
