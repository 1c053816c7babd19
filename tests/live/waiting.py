"""Waiting for what the hub reports: by an event, never by a length of time."""

from collections.abc import Callable
from typing import Generic, TypeVar

import gevent
from gevent.event import Event

from tests.live.peers import LONGEST_WAIT_S

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """Collects what callbacks report."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._changed = Event()

    def add(self, item: Item) -> None:
        self.items.append(item)
        self._changed.set()

    def wait(self, count: int) -> list[Item]:
        """Turn the hub until so many have come."""
        return self.wait_until(lambda: len(self.items) >= count)

    def wait_until(self, reached: Callable[[], bool]) -> list[Item]:
        """Turn the hub until this holds, asked again after each item."""
        with gevent.Timeout(LONGEST_WAIT_S, AssertionError(f"not reached: {self.items!r}")):
            while not reached():
                self._changed.wait()
                self._changed.clear()
        return self.items


def turn_hub() -> None:
    """Let the hub handle what is ready now."""
    gevent.idle()
