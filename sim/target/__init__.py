"""The reference backend: the contract on SQLite, one process, with faults that can be switched on."""

from sim.target.faults import KINDS, FaultRequest, describe, parse_faults
from sim.target.options import OPTION_NAMES, TargetOptions, target_options
from sim.target.seeding import Credentials, MachineCredentials, OrganisationCredentials, Seeding
from sim.target.server import Running, ServePlan, running, serve

__all__ = [
    "KINDS",
    "OPTION_NAMES",
    "Credentials",
    "FaultRequest",
    "MachineCredentials",
    "OrganisationCredentials",
    "Running",
    "Seeding",
    "ServePlan",
    "TargetOptions",
    "describe",
    "parse_faults",
    "running",
    "serve",
    "target_options",
]
