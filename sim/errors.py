"""The exceptions of every layer, each with the exit code that ends the command.

Exit codes: 0 held, 1 an objective or a check failed, 2 wrong usage or configuration, 3 the run is invalid or could
not be judged. A user's mistake is one of these exceptions and is printed as its message alone, with no traceback.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

EXIT_HELD = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INVALID = 3

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for JSON that is none, has other types or other bytes, or is nested too deeply."""


class SimError(Exception):
    """What is wrong, where, and what to do about it, in one line."""

    exit_code = EXIT_INVALID


class UsageError(SimError):
    """The command line asks for something that cannot be."""

    exit_code = EXIT_USAGE


class ScenarioError(UsageError):
    """A scenario has problems; all of them at once, each a line with path, value and what is allowed."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n  ".join([f"{source}: {count}", *self.problems]))


class CredentialsError(UsageError):
    """A credentials file is missing, has the wrong shape, too few organisations, or a token the target refuses."""


class RunFolderError(UsageError):
    """A run folder is missing, is not one, or cannot be written."""


class TargetError(SimError):
    """The target is not there, speaks something else, or stopped."""

    exit_code = EXIT_INVALID


class EndedError(SimError):
    """A run was ended before it had begun."""

    exit_code = EXIT_INVALID


class EngineError(SimError):
    """The load generator itself failed: what it measured cannot be trusted."""

    exit_code = EXIT_INVALID
