"""`environment.json`: what a run was made with and on. Never a secret."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

import psutil

_PACKAGES: Final = (
    "ztna-sim", "locust", "gevent", "websockets", "httptools", "httpx", "numpy", "scipy", "matplotlib", "msgspec",
    "aiohttp", "uvloop", "pyjwt",
)  # fmt: skip


def describe_environment(executor: Mapping[str, object]) -> Mapping[str, object]:
    """Versions, machine, and what the executor says of itself: workers, target, the counters of injected faults."""
    return {
        "python": sys.version.split()[0],
        "packages": {name: version(name) for name in _PACKAGES},
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        **executor,
        "git_commit": _git_commit(),
    }


def _git_commit() -> str | None:
    """The commit of the working directory, where a project keeps its scenarios; None outside of a repository."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
