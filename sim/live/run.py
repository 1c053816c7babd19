"""A live run from start to end: target, plan, coordinator, outcome."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from sim.live.coordinator import Coordinator, Outcome
from sim.live.credentials import Credentials, load_credentials
from sim.live.embedded import EmbeddedTarget, embedded_target
from sim.live.engine import coordinator_of
from sim.live.prepare import prepare
from sim.scenario import Scenario, resolved


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for."""

    scenario: Scenario
    seed: int
    target: str | None
    """URL; None for the embedded target."""
    credentials_file: Path | None
    allowed_hosts: tuple[str, ...]
    workers: int
    keep_history: bool
    faults: tuple[str, ...]
    """Of the embedded target."""


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What a live run leaves."""

    outcome: Outcome
    target: str
    """`embedded` or a URL."""
    target_cpu_share: float | None
    fault_counters: Mapping[str, object]


def run_live(request: Request, scratch: Path, watch: Callable[[Coordinator], None]) -> LiveResult:
    """Run it. `scratch` is a folder of this run alone, for files that hold secrets; `watch` is called before load.

    Raises `UsageError`, `CredentialsError` or `TargetError` for what is wrong before any load; what goes wrong
    later is the outcome's reason.
    """
    scenario_file = scratch / "scenario.toml"
    scenario_file.write_text(resolved(request.scenario), encoding="utf-8")
    with _target(request, scenario_file, scratch / "credentials.json") as (url, credentials, source, embedded):
        plan = prepare(request.scenario, credentials, source, url, request.seed, request.allowed_hosts)
        plan = replace(plan, workers=request.workers, keep_history=request.keep_history)
        ready_file = scratch / "tokens.json"
        _write_secret(ready_file, msgspec.json.encode(plan.credentials))
        with coordinator_of(plan, scenario_file, ready_file, request.allowed_hosts) as coordinator:
            if embedded is not None:
                coordinator.on_window = embedded.begin
                coordinator.on_window_end = embedded.end
            watch(coordinator)
            outcome = coordinator.run()
        return LiveResult(
            outcome=outcome,
            target="embedded" if embedded else url,
            target_cpu_share=embedded.cpu_share(plan.scenario.duration_s) if embedded else None,
            fault_counters=embedded.fault_counters() if embedded and request.faults else {},
        )


@contextmanager
def _target(
    request: Request, scenario_file: Path, written: Path
) -> Iterator[tuple[str, Credentials, str, EmbeddedTarget | None]]:
    """URL, credentials, what to call their source in an error, and the embedded target if it is that."""
    if request.target is not None and request.credentials_file is not None:
        credentials = load_credentials(request.credentials_file)
        yield request.target, credentials, f"credentials {request.credentials_file}", None
        return
    with embedded_target(scenario_file, written, request.seed, request.faults) as embedded:
        yield embedded.url, load_credentials(written), "the embedded target's credentials", embedded


def _write_secret(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
