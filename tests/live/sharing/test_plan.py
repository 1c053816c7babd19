"""A plan, and how it travels to the workers: whole, and never into a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import UsageError
from sim.live.access.credentials import Credentials, Machine, Organisation
from sim.live.access.owners import Owners
from sim.live.sharing.plan import Plan
from sim.scenario import Scenario, load

SECRETS = ("tok-secret", "nk-secret", "pass-secret", "refresh-secret", "expired-secret")
names = st.text("abcdefgh0123456789-", min_size=1, max_size=8)
organisations = st.lists(
    st.builds(
        Organisation,
        org_id=names,
        machines=st.lists(st.builds(Machine, id=names, node_key=st.just("nk-secret"), name=st.text(max_size=5))),
        email=st.none() | st.just("a@b"),
        password=st.none() | st.just("pass-secret"),
        token=st.just("tok-secret"),
        refresh_token=st.none() | st.just("refresh-secret"),
        expired_token=st.none() | st.just("expired-secret"),
    ),
    max_size=4,
)
scenarios = st.builds(
    lambda name, seed, seconds: load(name, [f"seed={seed}", f"duration_s={seconds}"]),
    st.sampled_from(["quick", "steady", "busy-tenant"]),
    st.integers(0, 2**31),
    st.integers(10, 100),
)


def _plan(scenario: Scenario, orgs: list[Organisation], url: str = "http://127.0.0.1:1") -> Plan:
    return Plan(
        scenario=scenario,
        url=url,
        address=(2, ("127.0.0.1", 1)),
        credentials=Credentials(orgs=orgs),
        owners=Owners(orgs),
    )


@pytest.mark.parametrize(
    ("duration_s", "bucket_s"), [(0.5, 1), (10, 1), (600, 1), (600.5, 2), (601, 2), (1_200, 2), (86_400, 144)]
)
def test_buckets_are_whole_seconds_and_not_too_many(duration_s: float, bucket_s: int) -> None:
    plan = _plan(load("quick", [f"duration_s={duration_s}"]), [])
    assert plan.window_ns == round(duration_s * 1e9)
    assert plan.bucket_ns == bucket_s * 10**9
    assert -(-plan.window_ns // plan.bucket_ns) <= 600


def test_its_limits_are_the_scenarios() -> None:
    scenario = load(
        "quick",
        ["generator.max_lateness_ms=1", "generator.max_hub_lag_ms=2", "generator.max_cpu_share=0.5", "seed=9"],
    )
    plan = _plan(scenario, [])
    assert (plan.limits.max_lateness_ms, plan.limits.max_hub_lag_ms, plan.limits.max_cpu_share) == (1, 2, 0.5)
    assert plan.rules.seed == 9


@given(scenarios, organisations)
def test_its_repr_holds_no_secret(scenario: Scenario, orgs: list[Organisation]) -> None:
    plan = _plan(scenario, orgs)
    for text in (repr(plan), repr(Plan.decode(plan.encode())), repr(plan.credentials)):
        assert not [secret for secret in SECRETS if secret in text]


@given(scenarios, organisations, st.booleans(), st.lists(names, max_size=2), names)
def test_it_travels_without_loss(
    scenario: Scenario, orgs: list[Organisation], keep_history: bool, hosts: list[str], out: str
) -> None:
    plan = Plan(
        scenario=scenario,
        url="http://127.0.0.1:1",
        address=(2, ("127.0.0.1", 1)),
        credentials=Credentials(orgs=orgs, url="http://127.0.0.1:1"),
        owners=Owners(orgs),
        allowed_hosts=tuple(hosts),
        keep_history=keep_history,
        out=out,
    )
    again = Plan.decode(plan.encode())
    assert again.scenario == plan.scenario
    assert (again.url, again.address, again.allowed_hosts) == (plan.url, plan.address, plan.allowed_hosts)
    assert (again.credentials, again.keep_history, again.out) == (plan.credentials, plan.keep_history, plan.out)
    machines = [machine.id for org in orgs for machine in org.machines]
    assert [again.owners.of(machine) for machine in machines] == [plan.owners.of(machine) for machine in machines]
    assert again.encode() == plan.encode()


def test_a_name_is_resolved_where_the_worker_is() -> None:
    plan = _plan(load("quick", []), [], url="http://localhost:8787")
    _, (host, port) = Plan.decode(plan.encode()).address
    assert (host in ("127.0.0.1", "::1"), port) == (True, 8787)


@pytest.mark.parametrize("url", ["http://192.0.2.1:1", "http://quickztna.com", "http://api.quickztna.com:8080"])
def test_a_worker_sends_nowhere_that_is_not_allowed(url: str) -> None:
    plan = _plan(load("quick", []), [], url=url)
    with pytest.raises(UsageError, match=r"not this machine|never a target"):
        Plan.decode(plan.encode())
