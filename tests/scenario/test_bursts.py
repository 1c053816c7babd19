from pathlib import Path

import pytest

from sim.scenario import Burst, Flapping, MassReconnect, RollingRestart, SiteOutage, Wave
from tests.scenario.files import SMALLEST, loaded, problems

BURSTS: dict[str, Burst] = {
    '{kind="wave",at_s=1,spread_s=2}': Wave(kind="wave", at_s=1.0, spread_s=2.0),
    '{kind="site_outage",at_s=1,down_s=2}': SiteOutage(kind="site_outage", at_s=1.0, down_s=2.0),
    '{kind="rolling_restart",at_s=1,spread_s=2}': RollingRestart(
        kind="rolling_restart", at_s=1.0, spread_s=2.0, down_s=2.0
    ),
    '{kind="mass_reconnect",at_s=1,share=0.5}': MassReconnect(kind="mass_reconnect", at_s=1.0, share=0.5),
    '{kind="flapping",at_s=1,lasts_s=4,period_s=4,organisations=0.5}': Flapping(
        kind="flapping", at_s=1.0, lasts_s=4.0, period_s=4.0, organisations=0.5
    ),
}


@pytest.mark.parametrize(("table", "burst"), BURSTS.items())
def test_each_kind_is_read(table: str, burst: Burst, tmp_path: Path) -> None:
    assert loaded(tmp_path, SMALLEST, [f"bursts=[{table}]"]).bursts == (burst,)


def test_a_key_of_another_kind_is_unknown(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, SMALLEST, ['bursts=[{kind="wave",at_s=1,down_s=2}]'])
    assert found == "bursts.0.down_s: unknown key; the keys here are at_s, share, organisations, kind, spread_s"


def test_flapping_lasts_at_least_a_period(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, SMALLEST, ['bursts=[{kind="flapping",at_s=1,lasts_s=3,period_s=4}]'])
    assert found == "bursts.0.period_s: 4 is not allowed; it must be at most lasts_s, 3"
