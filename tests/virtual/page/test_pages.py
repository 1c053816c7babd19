"""The page that a trace asks for."""

import pytest

from sim.dashboard import NEVER_NS, HealthPage
from sim.virtual.page.background import BackgroundDashboard
from sim.virtual.page.delays import TIMER_NS
from sim.virtual.page.pages import KeptDebounce, page_of
from tests.virtual.page.scripts import arrivals_ms, ends, run, trace


@pytest.mark.parametrize(
    ("page", "variant", "options", "kind"),
    [
        ("dashboard", "signal", {}, BackgroundDashboard),
        ("dashboard", "nosignal", {"keep_debounce": 1}, KeptDebounce),
        ("health", "nosignal", {}, BackgroundDashboard),
        ("health", "plain", {}, HealthPage),
    ],
)
def test_kinds(page: str, variant: str, options: dict[str, int], kind: type) -> None:
    assert type(page_of(trace({"page_options": options}, page=page, variant=variant))) is kind


def test_a_timer_is_late() -> None:
    page = page_of(trace({}))
    page.mount(0)
    page.opened(1)
    page.event(10)
    assert page.deadline_ns == 10 + 500_000_000 + TIMER_NS


def test_events_500_ms_apart_are_one_burst() -> None:
    assert arrivals_ms(run({"events": [1_000, 1_500, 2_000]})) == [0, 2_500]


@pytest.mark.parametrize(("variant", "end"), [("signal", "aborted"), ("nosignal", "200")])
def test_only_the_signal_aborts(variant: str, end: str) -> None:
    script = {"rpc_latency_ms": 1_500, "first_latency_ms": 0, "events": [2_000, 2_800]}
    assert ends(run(script, variant=variant)) == ["200", end, "200"]


@pytest.mark.parametrize(("variant", "requests"), [("plain", 4), ("nosignal", 4)])
def test_a_health_page_asks_for_every_event(variant: str, requests: int) -> None:
    assert len(run({"events": [1_000, 1_050, 1_100]}, page="health", variant=variant).refetch_requests) == requests


@pytest.mark.parametrize(("back_ms", "arrived"), [(2_200, [0, 2_200, 2_500]), (4_000, [0, 4_000])])
def test_a_kept_debounce_counts_if_the_page_is_back_in_time(back_ms: int, arrived: list[int]) -> None:
    actions = [{"at_ms": 2_100, "do": "leave"}, {"at_ms": back_ms, "do": "return"}]
    observed = run({"events": [2_000], "actions": actions, "page_options": {"keep_debounce": 1}})
    assert arrivals_ms(observed) == arrived


def test_a_kept_debounce_ends_by_itself() -> None:
    page = page_of(trace({"page_options": {"keep_debounce": 1}}))
    page.mount(0)
    page.answered(1, 0, 0, ok=True)
    page.event(10)
    page.leave(20)
    assert page.wake(page.deadline_ns) == ()
    assert page.deadline_ns == NEVER_NS
