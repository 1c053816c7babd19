"""Each socket is an open file, of which a process may have only so many."""

import resource
import sys
from contextlib import suppress
from typing import Final

_KEPT: Final = 200
"""Open files for all else: libraries, Locust's own connections, the run folder."""


def raise_open_files() -> int:
    """Raise this process's soft limit as far as it may go, and return it: Locust itself raises it to 10,000 only."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems have no hard limit, and refuse to have no soft one either
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return _limit()


def most_sockets() -> int:
    """How many sockets this process may have and still have open files for its results."""
    limit = _limit()
    return sys.maxsize if limit == resource.RLIM_INFINITY else max(limit - _KEPT, 0)


def shortage(needed: int) -> str:
    """What to say where a worker needs more sockets than it may have; empty if it does not."""
    most = most_sockets()
    if needed <= most:
        return ""
    return (
        f"saturated: {needed:,} sockets need as many open files, and this worker may have {most:,} of them;"
        " use more workers (--processes), a smaller fleet, or raise the limit (ulimit -n)"
    )


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft
