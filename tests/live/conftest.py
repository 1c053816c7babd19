"""No test of the live engine may leave an error in the hub: gevent prints it and goes on."""

from collections.abc import Iterator

import pytest
from gevent import get_hub


@pytest.fixture(autouse=True)
def hub_errors() -> Iterator[list[BaseException]]:
    """What was raised in callbacks of the hub; a test that expects an error takes it out."""
    errors: list[BaseException] = []
    hub = get_hub()

    def noted(context: object, kind: type[BaseException], value: BaseException, trace: object) -> None:
        del context, kind, trace
        errors.append(value)

    setattr(hub, "handle_error", noted)  # noqa: B010  # a method of the one hub of this thread
    yield errors
    del hub.handle_error
    assert errors == []
