"""Locust's web UI reads the command line: here it is Locust's, with nothing on it."""

import pytest


@pytest.fixture(autouse=True)
def locusts_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["locust"])
