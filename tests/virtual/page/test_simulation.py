"""Whatever a script says, what comes of it can be."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from sim.virtual.page.script import DISPATCHED, GARBAGE
from tests.virtual.page.scripts import arrivals_ms, run

_MS = st.integers(0, 40_000)
_WINDOWS = st.lists(st.fixed_dictionaries({"from_ms": _MS, "to_ms": _MS}), max_size=2)
_TABS_AS_THEY_ARE = ("hide", "show", "focus", "blur", "offline", "online", "unmount", "leave", "mount", "return")
_ACTIONS = st.lists(
    st.fixed_dictionaries({"at_ms": _MS, "do": st.sampled_from(_TABS_AS_THEY_ARE)})
    | st.fixed_dictionaries({"at_ms": _MS, "do": st.just("dispatch"), "event": st.sampled_from(DISPATCHED)}),
    max_size=8,
)
_SCRIPTS = st.fixed_dictionaries(
    {
        "rpc_latency_ms": st.sampled_from([0, 20, 700, 5_000]),
        "events": st.lists(_MS, max_size=12).map(sorted),
        "failures": st.lists(
            st.fixed_dictionaries({"request": st.integers(0, 9), "kind": st.sampled_from(["500", "reset"])}), max_size=5
        ),
        "closes": st.lists(st.fixed_dictionaries({"at_ms": _MS}), max_size=3),
        "refuse": _WINDOWS,
        "hang": _WINDOWS,
        "garbage": st.lists(st.fixed_dictionaries({"at_ms": _MS, "kind": st.sampled_from(GARBAGE)}), max_size=2),
        "actions": _ACTIONS,
        "protocol": st.sampled_from(["http/1.1", "h2"]),
        "page_options": st.fixed_dictionaries({"keep_debounce": st.integers(0, 1)}),
    },
    optional={
        "eviction": st.fixed_dictionaries({"timeout_ms": st.just(9_000), "sweep_ms": st.just(2_000)}),
        "subscribed_delay_ms": st.just(1_500),
    },
)
_PAGES = st.sampled_from(
    [
        ("dashboard", "signal"),
        ("dashboard", "nosignal"),
        ("health", "signal"),
        ("health", "nosignal"),
        ("health", "plain"),
    ]
)


@settings(max_examples=100, deadline=None)
@given(_SCRIPTS, _MS, _PAGES, st.integers(0, 10**7))
def test_any_script_can_be_carried_out(
    script: dict[str, object], duration_ms: int, page: tuple[str, str], t0_ms: int
) -> None:
    script["duration_ms"] = duration_ms
    observed = run(script, page=page[0], variant=page[1], t0_monotonic_ms=t0_ms)
    requests = observed.refetch_requests
    assert [request.n for request in requests] == list(range(len(requests)))
    assert [request.arrived_ms for request in requests] == sorted(request.arrived_ms for request in requests)
    for request in requests:
        assert request.arrived_ms <= duration_ms
        assert UNSET in (request.finished_ms, request.aborted_ms)
        if page[1] != "signal":
            assert request.aborted_ms is UNSET
    assert [event.at_ms for event in observed.events] == sorted(event.at_ms for event in observed.events)
    assert observed == run(script, page=page[0], variant=page[1], t0_monotonic_ms=t0_ms)


def test_recorded_times_of_events_and_actions_come_before_those_of_the_script() -> None:
    script = {"events": [1_000, 3_000], "actions": [{"at_ms": 6_000, "do": "hide"}, {"at_ms": 7_000, "do": "show"}]}
    recorded = {
        "events": [{"sent_ms": 1_300.0}, {"sent_ms": 3_100.0}],
        "actions": [{"started_ms": 6_100.0}, {"started_ms": 7_500.0}],
    }
    assert arrivals_ms(run(script)) == [0, 1_500, 3_500, 7_000]
    assert arrivals_ms(run(script, observed=recorded)) == [0, 1_800, 3_600, 7_500]
    first_only = {"events": recorded["events"][:1]}
    assert arrivals_ms(run(script, observed=first_only)) == [0, 1_800, 3_500, 7_000]


def test_a_recorded_time_of_garbage_is_that_of_the_close() -> None:
    script = {"garbage": [{"at_ms": 1_000, "kind": "null"}, {"at_ms": 2_000, "kind": "bad_utf8"}]}
    recorded = {"garbage": [{"sent_ms": 1_000}, {"sent_ms": 2_400}]}
    assert [round(socket.upgrade_ms, -2) for socket in run(script, observed=recorded).sockets] == [0, 7_400]
