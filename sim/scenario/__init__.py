"""What a run drives and what it is held against: a frozen `Scenario`, read from TOML."""

from sim.scenario.bursts import Burst, Flapping, MassReconnect, RollingRestart, SiteOutage, Wave
from sim.scenario.files import json_schema, load, resolved, shipped, shipped_names
from sim.scenario.keys import tables
from sim.scenario.model import (
    Churn,
    DashboardOptions,
    Drain,
    Fleet,
    GeneratorLimits,
    Heartbeat,
    LossRules,
    Scenario,
    TargetOptions,
    Warmup,
)
from sim.scenario.objective import LATENCY_NAMES, OBJECTIVE_PATHS, Objective
from sim.scenario.sizes import FixedSize, LognormalSize, Size, UniformSize, ZipfSize

__all__ = [
    "LATENCY_NAMES",
    "OBJECTIVE_PATHS",
    "Burst",
    "Churn",
    "DashboardOptions",
    "Drain",
    "FixedSize",
    "Flapping",
    "Fleet",
    "GeneratorLimits",
    "Heartbeat",
    "LognormalSize",
    "LossRules",
    "MassReconnect",
    "Objective",
    "RollingRestart",
    "Scenario",
    "SiteOutage",
    "Size",
    "TargetOptions",
    "UniformSize",
    "Warmup",
    "Wave",
    "ZipfSize",
    "json_schema",
    "load",
    "resolved",
    "shipped",
    "shipped_names",
    "tables",
]
