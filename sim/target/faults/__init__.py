"""Faults that can be switched on: each check of the harness must catch the one that it exists for."""

from sim.target.faults.base import Count, Fault, FaultKind, Surroundings
from sim.target.faults.registry import KINDS, FaultRequest, describe, parse_faults

__all__ = ["KINDS", "Count", "Fault", "FaultKind", "FaultRequest", "Surroundings", "describe", "parse_faults"]
