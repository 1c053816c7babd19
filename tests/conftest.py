"""What holds for all tests: hypothesis judges what comes out, never how long it took; nothing is left out in silence.

Tests marked `browser` need a Chromium on PATH. Where there is none they are left out, and the last lines say so: a run
that tested less than everything must not look like one that did. Where `CI` or `ZTNA_REQUIRE_BROWSER` is set they are
not left out, and fail: a machine that decides about a commit has to have all that the tests need.
"""

import os
import shutil
from typing import Final

import pytest
from hypothesis import settings

settings.register_profile("ztna-sim", deadline=None, print_blob=True)
settings.load_profile("ztna-sim")

NO_BROWSER: Final = "no Chromium was found (apt-get install chromium)"

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_LEFT_OUT = pytest.StashKey[int]()


def found_browser() -> str | None:
    """The path of a Chromium."""
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def must_have_browser() -> bool:
    """Whether its tests may not be left out."""
    return any(os.environ.get(name, "") not in ("", "0", "false") for name in ("CI", "ZTNA_REQUIRE_BROWSER"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: drives a real browser; left out, and said so, where there is none")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if found_browser() is not None or must_have_browser():
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    items[:] = [item for item in items if not item.get_closest_marker("browser")]
    config.stash[_LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(f"LEFT OUT: browser tests, since {NO_BROWSER}", yellow=True, bold=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; a test that asks for it is marked `browser`."""
    path = found_browser()
    if path is None:
        pytest.fail(NO_BROWSER)
    return path
