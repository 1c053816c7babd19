"""Servers that tests share: one for those that look, a new one for those that count or change a lot."""

from collections.abc import Iterator

import pytest

from tests.target.servers import Server, served


@pytest.fixture
def server() -> Iterator[Server]:
    """A new server of 2 organisations with 3 and 2 machines."""
    with served() as server:
        yield server


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """A server for a whole file."""
    with served() as server:
        yield server
