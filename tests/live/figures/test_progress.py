from collections.abc import Iterator

import msgspec
import pytest
from gevent import get_hub
from hypothesis import given
from hypothesis import strategies as st

from sim.live.figures.health import Health
from sim.live.figures.progress import Progress, SparseHistogram, added, progress_of
from sim.live.figures.tally import Tally
from sim.scenario import GeneratorLimits
from sim.stats import Histogram

times_ns = st.lists(st.integers(0, 10**12), max_size=20)


@pytest.fixture(scope="module")
def health() -> Iterator[Health]:
    made = Health(GeneratorLimits(max_lateness_ms=100, max_hub_lag_ms=1e9, max_cpu_share=1))
    yield made
    made.stop()
    vars(get_hub()).pop("handle_error", None)


def _tally(latencies_ns: list[int], writes: int, late_ns: int = 0) -> Tally:
    tally = Tally()
    tally.measuring = True
    for latency_ns in latencies_ns:
        tally.delivered(latency_ns)
        tally.shown(latency_ns, 500, 7)
    for _ in range(writes):
        tally.written(1, late_ns, 200, "")
    return tally


def _without_moment(progress: Progress) -> Progress:
    """Of the run alone: what the generator does just now differs from one look to the next."""
    return msgspec.structs.replace(progress, lag_ms=0.0, cpu_share=0.0, workers=0)


@given(latencies_ns=times_ns)
def test_a_histogram_survives_the_message(latencies_ns: list[int]) -> None:
    sent = msgspec.to_builtins(SparseHistogram.of(Histogram.of(latencies_ns)))
    again = msgspec.convert(sent, SparseHistogram).restored()
    whole = Histogram.of(latencies_ns)
    for q in (0, 50, 95, 100):
        assert again.percentile(q) == whole.percentile(q)
    assert (again.count, again.mean, again.maximum) == (whole.count, whole.mean, whole.maximum)


@given(one=times_ns, other=times_ns, writes=st.integers(0, 5))
def test_workers_add_up_to_the_whole(health: Health, one: list[int], other: list[int], writes: int) -> None:
    parts = added(progress_of(_tally(one, writes), health), progress_of(_tally(other, 2), health))
    assert _without_moment(parts) == _without_moment(progress_of(_tally(one + other, writes + 2), health))
    assert parts.workers == 2


@given(latencies_ns=times_ns)
def test_nothing_added_changes_nothing(health: Health, latencies_ns: list[int]) -> None:
    some = progress_of(_tally(latencies_ns, 3), health)
    assert added(some, Progress()) == added(Progress(), some) == some


def test_the_segments_add_up(health: Health) -> None:
    progress = progress_of(_tally([10_000, 30_000], 0), health)
    means = [h.restored().mean or 0 for h in (progress.delivery, progress.debounce, progress.refetch)]
    assert means == [20_000, 500, 7]
    assert progress.event_to_refetch.restored().mean == sum(means)


def test_what_is_saturated_is_said_at_once_until_the_window_ends() -> None:
    strict = Health(GeneratorLimits(max_lateness_ms=1, max_hub_lag_ms=1e-6, max_cpu_share=1))
    (said,) = progress_of(_tally([], 5), strict).saturated
    strict.begin()
    assert len(progress_of(_tally([], 5), strict).saturated) == 1
    strict.end()
    assert progress_of(_tally([], 5), strict).saturated == ()
    strict.stop()
    assert said.startswith("saturated: the event loop was ")
    assert said.endswith(" ms late at p99 (limit 1e-06 ms); use more workers (--processes) or a smaller fleet")


def test_what_is_sent_of_many_events_is_small(health: Health) -> None:
    tally = _tally([500_000_000 + 1_000 * k for k in range(20_000)], 0)
    assert len(msgspec.json.encode(progress_of(tally, health))) < 20_000
