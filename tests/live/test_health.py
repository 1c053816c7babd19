from collections.abc import Iterator

import pytest
from gevent import get_hub

from sim.checks import generator
from sim.checks.finding import Verdict
from sim.live.health import Health
from sim.scenario import GeneratorLimits
from sim.stats import Histogram
from tests.live.waiting import Inbox

LIMITS = GeneratorLimits(max_lateness_ms=1e6, max_hub_lag_ms=1e6, max_cpu_share=1.0)


@pytest.fixture
def health(hub_errors: list[BaseException]) -> Iterator[Health]:
    """Takes the hub's errors, as in a run, and gives them back."""
    kept = vars(get_hub())["handle_error"]
    yield Health(LIMITS)
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
