"""`serve` as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.target.servers import LONGEST_WAIT_S

SCRIPT = """
import sys
from sim.cli.serve import serve
from sim.errors import SimError
try:
    serve(standalone_mode=False)
except SimError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`serve` as a process of its own, which is ended in any case."""
    command = [sys.executable, "-c", SCRIPT, "--port", "0", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def ready_line(started: subprocess.Popen[str]) -> dict[str, object]:
    assert started.stdout is not None
    line: dict[str, object] = json.loads(started.stdout.readline())
    return line


def ended(started: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, the rest of stdout, and stderr."""
    out, err = started.communicate(timeout=LONGEST_WAIT_S)
    return started.returncode, out, err


def run(*arguments: str) -> tuple[int, str, str]:
    with process(*arguments) as started:
        return ended(started)
