"""`ztna-sim run --web`: the same run in Locust's web UI, by Locust's own command."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_LOCUSTFILES: Final = (_PACKAGE / "shipped" / "locustfiles", _PACKAGE.parent / "locustfiles")
"""Where they are in an installed wheel, and in a checkout."""


def become_locust(
    scenario: str,
    overrides: Sequence[str],
    target: str | None,
    credentials: Path | None,
    allowed: Sequence[str],
    faults: Sequence[str],
    processes: int,
    out: Path,
    history: bool,
    rebalance: bool,
) -> NoReturn:
    """Replace this process by `locust`, which starts the run at once and keeps its UI open; Ctrl-C ends it.

    Its exit code is that of the last run's verdict.
    """
    options = {
        "--scenario": [scenario],
        "--set": overrides,
        "--host": [target] if target else [],
        "--credentials": [str(credentials)] if credentials else [],
        "--allow-host": allowed,
        "--fault": faults,
        "--processes": [str(processes)] if processes > 1 else [],
        "--out": [str(out)],
    }
    flags = [flag for flag, is_on in {"--history": history, "--rebalance": rebalance}.items() if is_on]
    folder = next(folder for folder in _LOCUSTFILES if folder.is_dir())
    command = [sys.executable, "-m", "locust", "-f", str(folder / "dashboard.py"), "--autostart"]
    os.execv(sys.executable, [*command, "--web-host", "127.0.0.1", *_spelled(options), *flags])


def _spelled(options: dict[str, Sequence[str]]) -> Iterator[str]:
    for option, values in options.items():
        for value in values:
            yield f"{option}={value}"
