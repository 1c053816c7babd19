import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sim.live.progress import Progress, SparseHistogram, added, progress_of
from sim.live.tally import Tally
from sim.stats import Histogram

times_ns = st.lists(st.integers(0, 10**12), max_size=20)


def _tally(latencies_ns: list[int], writes: int) -> Tally:
    tally = Tally()
    tally.measuring = True
    for latency_ns in latencies_ns:
        tally.shown(latency_ns)
    for _ in range(writes):
        tally.write(1, 0, 200, "")
    return tally


@given(latencies_ns=times_ns)
def test_a_histogram_survives_the_message(latencies_ns: list[int]) -> None:
    sent = msgspec.to_builtins(SparseHistogram.of(Histogram.of(latencies_ns)))
    again = msgspec.convert(sent, SparseHistogram).restored()
    whole = Histogram.of(latencies_ns)
    for q in (0, 50, 95, 100):
        assert again.percentile(q) == whole.percentile(q)
    assert (again.count, again.mean, again.maximum) == (whole.count, whole.mean, whole.maximum)


@given(one=times_ns, other=times_ns, writes=st.integers(0, 5))
def test_workers_add_up_to_the_whole(one: list[int], other: list[int], writes: int) -> None:
    parts = added(progress_of(_tally(one, writes)), progress_of(_tally(other, 2)))
    assert parts == progress_of(_tally(one + other, writes + 2))


@given(latencies_ns=times_ns)
def test_nothing_added_changes_nothing(latencies_ns: list[int]) -> None:
    some = progress_of(_tally(latencies_ns, 3))
    assert added(some, Progress()) == added(Progress(), some) == some
