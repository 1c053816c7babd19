import pytest

from sim.live.credentials import Credentials, Machine, Organisation
from sim.live.owners import Owners
from sim.live.plan import Plan
from sim.scenario import load


def _plan(duration_s: float) -> Plan:
    orgs = [Organisation(org_id="a", token="tok-secret", machines=[Machine("m", "nk-secret")])]
    return Plan(
        scenario=load("quick", [f"duration_s={duration_s}"]),
        seed=1,
        url="http://127.0.0.1:1",
        address=(2, ("127.0.0.1", 1)),
        credentials=Credentials(orgs=orgs),
        owners=Owners(orgs),
    )


@pytest.mark.parametrize(
    ("duration_s", "bucket_s"), [(0.5, 1), (10, 1), (600, 1), (600.5, 2), (601, 2), (1_200, 2), (86_400, 144)]
)
def test_buckets_are_whole_seconds_and_not_too_many(duration_s: float, bucket_s: int) -> None:
    plan = _plan(duration_s)
    assert plan.window_ns == round(duration_s * 1e9)
    assert plan.bucket_ns == bucket_s * 10**9
    assert -(-plan.window_ns // plan.bucket_ns) <= 600


def test_its_repr_holds_no_secret() -> None:
    assert "secret" not in repr(_plan(1))
