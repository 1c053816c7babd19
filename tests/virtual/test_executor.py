"""The whole virtual run: deterministic, exact in parts, silent without a fault, and caught with one."""

from collections.abc import Mapping

import numpy as np
import pytest

from sim.checks import Partials, Verdict, observe
from sim.checks.folded import Folded
from sim.history import read_histories, write_histories
from sim.virtual.faults import FAULTS
from tests.virtual.runs import failed, findings, virtual

SMALL = ("fleet.organisations=6", "duration_s=20")
LONG = (*SMALL, "duration_s=150", "target.evict_after_s=20", "target.evict_sweep_s=10", "dashboard.leaves_per_hour=30")


def test_the_same_seed_gives_the_same_run_to_the_bit() -> None:
    one, two, other = (virtual("quick", *SMALL, seed=seed, history=True) for seed in (7, 7, 8))
    assert one.partials == two.partials
    assert write_histories(one.histories) == write_histories(two.histories)
    assert other.partials != one.partials


@pytest.mark.parametrize("scenario", ["quick", "flapping", "mass-reconnect"])
def test_folding_in_parts_gives_the_same_as_folding_the_whole(scenario: str) -> None:
    parts, whole = virtual(scenario, *LONG), virtual(scenario, *LONG, history=True)
    for name in Partials.__struct_fields__:
        assert getattr(parts.partials, name) == getattr(whole.partials, name), name
    assert not parts.histories


def test_a_long_run_is_really_folded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[Partials] = []
    add = Folded.add

    def noting(self: Folded, part: Partials) -> None:
        added.append(part)
        add(self, part)

    monkeypatch.setattr(Folded, "add", noting)
    virtual("quick", *LONG)
    assert len(added) >= 6 * 3


def test_a_kept_history_judged_again_gives_the_same_to_the_byte() -> None:
    run = virtual("quick", *SMALL, history=True)
    digests = run.partials.schedule_digests
    folded = Folded(run.partials.window_ns, run.partials.bucket_ns)
    for history in read_histories(write_histories(run.histories)):
        folded.add(observe(history, digests[history.frame.organisation]))
    for name in set(Partials.__struct_fields__) - {"generator"}:
        assert getattr(folded.merged(), name) == getattr(run.partials, name), name


@pytest.mark.parametrize("scenario", ["quick", "busy-tenant", "flapping", "mass-reconnect", "site-outage", "steady"])
def test_without_a_fault_every_check_holds(scenario: str) -> None:
    run = virtual(scenario, "duration_s=40")
    assert {name: found.text for name, found in findings(run).items() if found.verdict is not Verdict.HELD} == {}


def test_an_organisation_of_its_own_has_nobody_to_leak_to() -> None:
    run = virtual("quick", "fleet.organisations=1", "duration_s=20", "probes.per_s=5")
    assert findings(run)["leakage"].verdict is Verdict.UNKNOWN
    assert findings(run)["refusals"].verdict is Verdict.HELD


def test_dashboards_that_cannot_connect_end_the_warm_up() -> None:
    run = virtual("quick", *SMALL, "warmup.timeout_s=3", faults=["refuse_upgrade:1"])
    assert run.reason is not None
    assert "12 dashboards were not subscribed" in run.reason


CAUGHT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "leak_event:10": ("leakage", ()),
    "leak_row:10": ("leakage", ()),
    "leak_count:10": ("leakage", ()),
    "leak_after_reconnect:5": ("leakage", ("dashboard.leaves_per_hour=600", "dashboard.away_s=1")),
    "widen_filter:1": ("leakage", ("probes.per_s=50",)),
    "skip_membership_ws:1": ("refusals", ("probes.per_s=50",)),
    "skip_membership_rpc:1": ("refusals", ("probes.per_s=50",)),
    "skip_membership_crud:1": ("refusals", ("probes.per_s=50",)),
    "accept_expired:1": ("refusals", ("probes.per_s=50",)),
    "accept_unsigned:1": ("refusals", ("probes.per_s=50",)),
    "drop_event:10": ("loss", ()),
    "duplicate_event:10": ("announcements", ()),
    "reorder_event:10": ("order", ()),
    "delay_event:1500": ("loss", ("loss.deadline_s=1",)),
    "late_transition:800": ("convergence", ()),
    "lost_write:10": ("convergence", ()),
    "stale_rpc:3000": ("convergence", ()),
    "wrong_count:10": ("convergence", ()),
    "echo_heartbeat:5": ("announcements", ("heartbeat.interval_s=5",)),
    "silent_crud:1": ("announcements", ("probes.per_s=50",)),
    "freeze:3:2000": ("loss", ("loss.deadline_s=1",)),
    "slow_rpc:1500": ("starvation", ("freshness.within_s=3", "churn.events_per_s=0.7")),
    "error_rpc:10": ("availability", ()),
    "cut_sockets:50": ("blind", ()),
    "refuse_upgrade:5": ("availability", ("dashboard.leaves_per_hour=600", "dashboard.away_s=1")),
    "evict_early:5": ("blind", ()),
    "no_evict": ("blind", ("target.evict_after_s=4", "target.evict_sweep_s=2")),
    "pong_silent:1": ("protocol", ("dashboard.ping_interval_s=3",)),
    "garbage_frame:10": ("protocol", ()),
}


def test_every_fault_has_a_row() -> None:
    assert {row.partition(":")[0] for row in CAUGHT} == set(FAULTS)


@pytest.mark.parametrize("fault", CAUGHT)
def test_a_fault_is_caught_by_its_check(fault: str) -> None:
    check, settings = CAUGHT[fault]
    run = virtual("quick", *SMALL, *settings, faults=[fault])
    assert run.fault_counts[fault.partition(":")[0]].hits > 0
    assert check in failed(run)


@pytest.mark.parametrize("fault", ["leak_event", "leak_row", "leak_count", "widen_filter", "leak_after_reconnect"])
def test_leaks_found_are_the_leaks_injected(fault: str) -> None:
    settings = ("probes.per_s=50", "dashboard.leaves_per_hour=600", "dashboard.away_s=1", "churn.events_per_s=20")
    every = 3 if fault in ("leak_row", "leak_count") else 20
    run = virtual("quick", *SMALL, *settings, faults=[f"{fault}:{every}"])
    leakage, hits = run.partials.leakage, run.fault_counts[fault].hits
    assert hits > 10
    assert leakage.leaks + leakage.leaked_rows + leakage.leaked_counts == hits


def test_what_is_shown_is_what_the_backend_has_at_the_end() -> None:
    run = virtual("quick", *SMALL, history=True)
    for history in run.histories:
        last = history.states.where(np.sort(np.unique(history.states.dashboard, return_index=True)[1]))
        assert len(last) == history.frame.dashboards
    assert findings(run)["convergence"].count > 0
