import numpy as np
import pytest

from sim.schedule.intents import NO_END, Intents, Wish, intents_for
from tests.schedule.scenarios import S, scenario


def _burst(machines: int = 40, organisation: int = 0, **burst: object) -> Intents:
    return intents_for(scenario(bursts=[burst]), 1, organisation, machines)


def test_a_wave_lifts_its_share_within_its_spread() -> None:
    intents = _burst(kind="wave", at_s=10, share=0.5, spread_s=20)
    assert set(intents.wish.tolist()) == {Wish.RISE}
    assert len(set(intents.machine.tolist())) == 20
    assert ((intents.at_ns >= 10 * S) & (intents.at_ns < 30 * S)).all()
    assert np.ptp(intents.at_ns) > 10 * S


def test_a_site_falls_silent_at_once_and_comes_back_within_its_spread() -> None:
    intents = _burst(kind="site_outage", at_s=10, share=0.5, down_s=30, spread_s=5)
    assert set(intents.wish.tolist()) == {Wish.BLACKOUT}
    assert set(intents.at_ns.tolist()) == {10 * S}
    assert ((intents.end_ns >= 40 * S) & (intents.end_ns < 45 * S)).all()


def test_a_rolling_restart_goes_evenly_from_machine_to_machine() -> None:
    intents = _burst(machines=11, kind="rolling_restart", at_s=10, spread_s=20, down_s=3)
    assert intents.at_ns.tolist() == [(10 + 2 * k) * S for k in range(11)]
    assert (intents.end_ns - intents.at_ns == 3 * S).all()
    assert sorted(intents.machine.tolist()) == list(range(11))
    assert intents.machine.tolist() != list(range(11))


def test_a_flapping_machine_goes_down_once_a_period() -> None:
    intents = _burst(kind="flapping", at_s=10, share=0.1, lasts_s=20, period_s=4)
    for machine in set(intents.machine.tolist()):
        down_ns = intents.at_ns[intents.machine == machine]
        assert down_ns.size == 5
        assert (np.diff(down_ns) == 4 * S).all()
        assert down_ns[0] < 14 * S
    assert (intents.end_ns - intents.at_ns == 2 * S).all()
    assert len(set(intents.machine.tolist())) == 4


def test_no_flapping_machine_goes_down_after_the_flapping() -> None:
    intents = _burst(machines=400, kind="flapping", at_s=10, lasts_s=6, period_s=4)
    assert ((intents.at_ns >= 10 * S) & (intents.at_ns < 16 * S)).all()
    # Half of the phases, those below 2 s, leave room for a second time down.
    assert intents.at_ns.size == pytest.approx(600, abs=4 * 10)


def test_a_mass_reconnect_moves_no_machine() -> None:
    assert _burst(kind="mass_reconnect", at_s=10).at_ns.size == 0


@pytest.mark.parametrize(("organisation", "taking"), [(0, True), (2, True), (3, False), (9, False)])
def test_only_the_first_organisations_take_part(organisation: int, taking: bool) -> None:
    intents = _burst(organisation=organisation, kind="wave", at_s=10, organisations=0.3)
    assert (intents.at_ns.size > 0) is taking


@pytest.mark.parametrize(
    ("rate", "wish"),
    [
        ("up_per_hour", Wish.RISE),
        ("down_per_hour", Wish.FALL),
        ("crash_per_hour", Wish.VANISH),
        ("flap_per_hour", Wish.ABSENCE),
    ],
)
def test_each_rate_has_its_wish_and_its_mean(rate: str, wish: Wish) -> None:
    churn = {rate: 36.0, "flap_down_s": 7.0}
    intents = intents_for(scenario(churn=churn), 1, 0, 1000)
    assert set(intents.wish.tolist()) == {wish}
    # 36 an hour on 1,000 machines for 100 s: 1,000 expected, with a standard deviation of 32.
    assert intents.at_ns.size == pytest.approx(1000, abs=4 * 32)
    ends = intents.end_ns - intents.at_ns
    assert (ends == 7 * S).all() if wish is Wish.ABSENCE else (intents.end_ns == NO_END).all()


def test_all_sources_come_in_the_order_of_time() -> None:
    churn = {"up_per_hour": 500, "crash_per_hour": 500}
    bursts = [{"kind": "wave", "at_s": 50, "spread_s": 20}, {"kind": "site_outage", "at_s": 60, "down_s": 1}]
    intents = intents_for(scenario(churn=churn, bursts=bursts), 1, 0, 50)
    assert (np.diff(intents.at_ns) >= 0).all()
    assert set(intents.wish.tolist()) == {Wish.RISE, Wish.VANISH, Wish.BLACKOUT}


def test_nothing_is_wished_where_nothing_is_given() -> None:
    assert intents_for(scenario(), 1, 0, 50).at_ns.size == 0
