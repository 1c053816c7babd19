import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.schedule import Sizes, sizes_for
from tests.schedule.scenarios import scenario

UNIFORM = {"distribution": "uniform", "low": 3, "high": 9}
LOGNORMAL = {"distribution": "lognormal", "median": 40, "sigma": 1.2, "maximum": 300}
ZIPF = {"distribution": "zipf", "exponent": 1.0, "largest": 400, "minimum": 50}


def test_fixed_sizes_are_the_same_for_all() -> None:
    assert {sizes_for(scenario(machines=4, dashboards=0), 1, k) for k in range(9)} == {Sizes(4, 0)}


def test_zipf_falls_by_rank_whatever_the_seed() -> None:
    what = scenario(machines=ZIPF)
    sizes = [sizes_for(what, 1, k).machines for k in range(10)]
    assert sizes == [400, 200, 133, 100, 80, 67, 57, 50, 50, 50]
    assert sizes == [sizes_for(what, 2, k).machines for k in range(10)]


def test_uniform_reaches_every_size_alike() -> None:
    what = scenario(machines=UNIFORM)
    counts = np.bincount([sizes_for(what, 1, k).machines for k in range(7000)], minlength=10)
    assert counts[:3].sum() == 0
    # 1,000 expected in each, with a standard deviation of about 29.
    assert counts[3:].tolist() == pytest.approx([1000] * 7, abs=4 * 29.3)


def test_lognormal_has_its_median_its_sigma_and_its_bounds() -> None:
    what = scenario(machines=LOGNORMAL)
    sizes = np.array([sizes_for(what, 1, k).machines for k in range(5000)])
    assert np.median(sizes) == pytest.approx(40, rel=0.06)
    # One standard deviation below the median lie Phi(-1) = 0.1587 of all.
    assert np.mean(sizes < 40 / np.exp(1.2)) == pytest.approx(0.1587, abs=0.02)
    assert (sizes.min(), sizes.max()) == (1, 300)


def test_lognormal_without_spread_is_the_median() -> None:
    what = scenario(machines={**LOGNORMAL, "sigma": 0})
    assert {sizes_for(what, 1, k).machines for k in range(20)} == {40}


def test_a_large_fleet_does_not_mean_many_dashboards() -> None:
    what = scenario(machines=UNIFORM, dashboards=UNIFORM)
    sizes = [sizes_for(what, 1, k) for k in range(2000)]
    together = np.corrcoef([size.machines for size in sizes], [size.dashboards for size in sizes])[0, 1]
    assert abs(together) < 4 / np.sqrt(2000)


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6))
def test_sizes_of_machines_and_dashboards_are_drawn_apart(seed: int, organisation: int) -> None:
    both = scenario(machines=UNIFORM, dashboards=UNIFORM)
    machines_alone = scenario(machines=UNIFORM, dashboards=7)
    assert sizes_for(both, seed, organisation).machines == sizes_for(machines_alone, seed, organisation).machines
