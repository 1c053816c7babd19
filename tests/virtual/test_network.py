import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario import Scenario, load
from sim.virtual.network import Delays, Pipe


def _delays(*settings: str) -> Delays:
    return Delays(_scenario(*settings), np.random.default_rng(5))


def _scenario(*settings: str) -> Scenario:
    return load("quick", settings)


def test_delays_have_the_median_and_the_spread_of_the_scenario() -> None:
    delays = _delays("model.delay_ms=2", "model.delay_sigma=0.5")
    drawn = np.array([delays.draw_ns() for _ in range(20_000)]) / 1e6
    assert abs(np.median(drawn) - 2) < 0.05
    assert abs(np.std(np.log(drawn)) - 0.5) < 0.02


def test_without_a_spread_all_are_equal_and_0_is_nothing() -> None:
    assert {_delays("model.delay_sigma=0").draw_ns() for _ in range(10)} == {200_000}
    assert _delays("model.delay_ms=0").draw_ns() == 0


def test_a_lost_packet_comes_later_and_so_does_all_after_it_on_its_connection() -> None:
    delays = _delays("model.delay_sigma=0", "model.loss=0.1")
    drawn = [delays.draw_ns() for _ in range(10_000)]
    assert set(drawn) == {200_000, 200_200_000}
    assert 0.08 < drawn.count(200_200_000) / len(drawn) < 0.12


@given(st.lists(st.integers(0, 1_000_000), max_size=30))
def test_a_pipe_keeps_the_order(gaps: list[int]) -> None:
    pipe, sent_ns, arrived = Pipe(_delays("model.loss=0.3")), 0, list[int]()
    for gap in gaps:
        sent_ns += gap
        arrived.append(pipe.arrival_ns(sent_ns))
        assert arrived[-1] >= sent_ns
    assert arrived == sorted(arrived)


def test_cuts_come_at_their_rate() -> None:
    assert _delays().until_cut_ns() is None
    delays = _delays("model.cuts_per_hour=3600")
    lives = [delays.until_cut_ns() or 0 for _ in range(10_000)]
    assert abs(np.mean(lives) / 1e9 - 1) < 0.04
