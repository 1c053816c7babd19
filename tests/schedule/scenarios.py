"""Scenarios for the tests of the schedule: one by hand, and any by hypothesis."""

from hypothesis import strategies as st

from sim.scenario import Scenario

S = 1_000_000_000
"""Nanoseconds in a second."""


def scenario(*, machines: object = 5, dashboards: object = 2, **parts: object) -> Scenario:
    """A scenario of 10 organisations and 100 seconds; `parts` are its other keys, and may replace these."""
    fleet = {"organisations": 10, "machines": machines, "dashboards": dashboards}
    online_share = parts.pop("online_share", 1.0)
    whole = {"name": "test", "duration_s": 100, "fleet": {**fleet, "online_share": online_share}, **parts}
    return Scenario.model_validate(whole)


_share = st.floats(0.01, 1)
_common = {"at_s": st.floats(0, 9.9), "share": _share, "organisations": _share}
_spread = st.sampled_from([0, 0.5, 4])
_burst = st.one_of(
    st.fixed_dictionaries({"kind": st.just("wave"), **_common, "spread_s": _spread}),
    st.fixed_dictionaries(
        {"kind": st.just("site_outage"), **_common, "down_s": st.floats(0.1, 20), "spread_s": _spread}
    ),
    st.fixed_dictionaries(
        {"kind": st.just("rolling_restart"), **_common, "down_s": st.floats(0.1, 5), "spread_s": _spread}
    ),
    st.fixed_dictionaries({"kind": st.just("mass_reconnect"), **_common}),
    st.fixed_dictionaries(
        {"kind": st.just("flapping"), **_common, "lasts_s": st.just(6), "period_s": st.floats(0.1, 3)}
    ),
)
_rate = st.sampled_from([0.0, 100.0, 3600.0])
_rates = st.fixed_dictionaries(
    {
        "up_per_hour": _rate,
        "down_per_hour": _rate,
        "crash_per_hour": _rate,
        "flap_per_hour": _rate,
        "flap_down_s": st.sampled_from([0.001, 2.0]),
    }
)
_churn = st.one_of(_rates, st.fixed_dictionaries({"events_per_s": st.sampled_from([0.5, 10.0])}))
_heartbeat = st.sampled_from(
    [
        {"interval_s": 1, "jitter_s": 0},
        {"interval_s": 1, "jitter_s": 0.999},
        {"interval_s": 60, "jitter_s": 7},
    ]
)

_number = st.integers(0, 10)
_stage = st.one_of(
    st.fixed_dictionaries({"kind": st.just("step"), "organisations": _number}),
    st.fixed_dictionaries(
        {"kind": st.just("ramp"), "organisations": _number, "over_s": st.sampled_from([0.001, 1, 7, 60])}
    ),
    st.fixed_dictionaries(
        {"kind": st.just("wave"), "low": st.integers(0, 5), "high": st.integers(5, 10), "period_s": st.floats(1, 60)}
    ),
)
_begin_s = st.one_of(st.sampled_from([0.0, 1.0, 50.0]), st.floats(0, 99.9))


def _staged(begins_s: list[float], stages: list[dict[str, object]]) -> Scenario:
    begun = zip(sorted(begins_s), stages, strict=False)
    return scenario(stages=[{**stage, "at_s": at_s} for at_s, stage in begun])


any_stages = st.builds(
    _staged, st.lists(_begin_s, min_size=1, max_size=6, unique=True), st.lists(_stage, min_size=1, max_size=6)
)
"""Any scenario of 10 organisations and 100 seconds, with stages."""

any_scenario = st.builds(
    scenario,
    machines=st.integers(1, 30),
    dashboards=st.integers(0, 8),
    online_share=st.sampled_from([0.0, 0.3, 1.0]),
    duration_s=st.just(10.0),
    churn=_churn,
    heartbeat=_heartbeat,
    bursts=st.lists(_burst, max_size=4),
    dashboard=st.fixed_dictionaries({"leaves_per_hour": _rate, "away_s": st.sampled_from([0.001, 3.0])}),
)
"""Any scenario of 10 organisations and 10 seconds, with churn and bursts that meet."""
