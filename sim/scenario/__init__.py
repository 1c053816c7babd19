"""What a run drives and what it is held against: a frozen `Scenario`, read from TOML."""

from sim.scenario.bursts import Burst, Flapping, MassReconnect, RollingRestart, SiteOutage, Wave
from sim.scenario.files import json_schema, load, parse, resolved, shipped, shipped_names
from sim.scenario.keys import tables
from sim.scenario.model import (
    Actors,
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
from sim.scenario.stages import RampStage, Stage, StepStage, WaveStage

__all__ = [
    "LATENCY_NAMES",
    "OBJECTIVE_PATHS",
    "Actors",
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
    "RampStage",
    "RollingRestart",
    "Scenario",
    "SiteOutage",
    "Size",
    "Stage",
    "StepStage",
    "TargetOptions",
    "UniformSize",
    "Warmup",
    "Wave",
    "WaveStage",
    "ZipfSize",
    "json_schema",
    "load",
    "parse",
    "resolved",
    "shipped",
    "shipped_names",
    "tables",
]
